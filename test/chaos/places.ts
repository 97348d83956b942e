import { startWorker } from "../worker/worker_process.ts";
import { type ChaosBackend, memoryChaosBackend } from "./chaos_backend.ts";
import { localServiceBackend } from "./local_service.ts";
import { remoteChaosBackend } from "./remote_database.ts";
import { registerForChaos } from "./service_account.ts";

/**
 * Where the account of a run is.
 *
 * - `memory`: in the memory backend, in this process.
 * - `remote`: in memory behind the service in this process, reached by its protocol.
 * - `libsql`: the same, in libSQL.
 * - `worker`: in its Durable Object, behind the Worker in workerd, reached over real connections.
 */
export const CHAOS_PLACES = ["memory", "remote", "libsql", "worker"] as const;
export type ChaosPlace = (typeof CHAOS_PLACES)[number];

/** A place for accounts. */
export interface OpenPlace extends AsyncDisposable {
  /** A fresh database, for one run. */
  create(): Promise<ChaosBackend>;
}

export async function openPlace(place: ChaosPlace): Promise<OpenPlace> {
  switch (place) {
    case "memory":
      return { create: async () => memoryChaosBackend(), [Symbol.asyncDispose]: async () => {} };
    case "remote":
      return { create: () => localServiceBackend("memory"), [Symbol.asyncDispose]: async () => {} };
    case "libsql":
      return { create: () => localServiceBackend("libsql"), [Symbol.asyncDispose]: async () => {} };
    case "worker":
      return await openWorker();
  }
}

async function openWorker(): Promise<OpenPlace> {
  const { url, stop } = await startWorker();
  const connect = async (): Promise<typeof fetch> => fetchAnew;
  return {
    create: async () => remoteChaosBackend({ url, connect, ...(await registerForChaos(fetchAnew, url)) }),
    [Symbol.asyncDispose]: stop,
  };
}

/** Over a connection of its own: one that is kept is closed by workerd when this process was too busy to notice that it is idle. */
const fetchAnew: typeof fetch = (url, init) =>
  fetch(url, {
    ...init,
    headers: { ...Object.fromEntries(new Headers(init?.headers)), connection: "close" },
  });
