import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningWorker, startWorker } from "../../worker/worker_process.ts";
import type { OpenPlace } from "./open_place.ts";
import { remoteChaosBackend } from "./remote_database.ts";
import { registerForChaos } from "./service_account.ts";

/** Where processes find the Worker, wherever it listens at the moment. */
const URL = "http://worker.example";

/** Processes that connect until workerd is killed once more. */
const PROCESSES_PER_KILL = 4;

/** The Worker that is deployed, in workerd, over a folder of its own. */
export async function openWorkerPlace(): Promise<OpenPlace> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-chaos-"));
  let worker: RunningWorker = await startWorker({ folder });
  const send: typeof fetch = (url, init) => fetchAnew(String(url).replace(URL, worker.url), init);
  const restart = async (): Promise<void> => {
    await worker.kill();
    await worker.stop();
    worker = await startWorker({ folder });
  };
  return {
    async create() {
      const { account, token } = await registerForChaos(send, URL);
      let processes = 0;
      const change = async (): Promise<void> => {
        processes += 1;
        if (processes % PROCESSES_PER_KILL === 0) await restart();
      };
      return remoteChaosBackend({ url: URL, account, token, change, connect: async () => send });
    },
    async [Symbol.asyncDispose]() {
      await worker.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Over a connection of its own: one that is kept is closed by workerd when this process was too busy to
 * notice that it is idle.
 */
export const fetchAnew: typeof fetch = (url, init) =>
  fetch(url, {
    ...init,
    headers: { ...Object.fromEntries(new Headers(init?.headers)), connection: "close" },
  });
