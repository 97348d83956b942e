import { memoryChaosBackend } from "./chaos_backend.ts";
import { localServiceBackend } from "./local_service.ts";
import type { OpenPlace } from "./open_place.ts";
import { openPostgresPlace } from "./postgres_place.ts";
import { openWorkerPlace } from "./worker_place.ts";

/**
 * Where the account of a run is.
 *
 * - `memory`: in the memory backend, in this process.
 * - `remote`: in memory behind the service in this process, reached by its protocol.
 * - `libsql`: the same, in libSQL.
 * - `postgres`: in a PostgreSQL server, which is started for it.
 * - `worker`: in its Durable Object, behind the Worker in workerd, reached over real connections. Now and
 *   then workerd is killed.
 */
export const CHAOS_PLACES = ["memory", "remote", "libsql", "postgres", "worker"] as const;
export type ChaosPlace = (typeof CHAOS_PLACES)[number];

export async function openPlace(place: ChaosPlace): Promise<OpenPlace> {
  switch (place) {
    case "memory":
      return { create: async () => memoryChaosBackend(), [Symbol.asyncDispose]: async () => {} };
    case "remote":
      return { create: () => localServiceBackend("memory"), [Symbol.asyncDispose]: async () => {} };
    case "libsql":
      return { create: () => localServiceBackend("libsql"), [Symbol.asyncDispose]: async () => {} };
    case "postgres":
      return await openPostgresPlace();
    case "worker":
      return await openWorkerPlace();
  }
}
