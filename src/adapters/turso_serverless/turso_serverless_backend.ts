import type { Backend, Sealing } from "../../backend/mod.ts";
import { requireFunction, requireObject } from "../../errors/mod.ts";
import { type Clock, consoleWarnings, type Logger } from "../../ports/mod.ts";
import { openSqliteBackend } from "../sqlite/mod.ts";
import type { TursoServerlessClient } from "./serverless_client.ts";
import { serverlessDriver } from "./serverless_driver.ts";

/** Options of `tursoServerlessBackend`. */
export interface TursoServerlessBackendOptions {
  /**
   * `createClient({ url, authToken })` of `@tursodatabase/serverless/compat`, version 1.4 or newer. It is
   * yours: accounts may share it, and closing a backend does not close it.
   */
  readonly client: TursoServerlessClient;
  /** Name of the account. Defaults to `default`. Many accounts may share a database. */
  readonly account?: string | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Encrypts stored values: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
  /** Logs waits for other writers. Defaults to warnings on the console. */
  readonly logger?: Logger | undefined;
}

/**
 * Opens one account of a Turso database through Turso's own client, which needs `fetch` and `Buffer` and no
 * native code: in a Worker the compatibility flag `nodejs_compat`.
 *
 * A commit is one request and one transaction. If its answer is lost, it is ambiguous, and the account sends
 * it again under a guard that lets it be applied once. The client sends one request after the other, so
 * accounts that are busy at once are faster with a client each.
 *
 * @throws {TypeError} When the client has no `batch`, or the account's name is malformed.
 * @throws {IncompatibleError} When the database was created by a newer release, or the client is too old.
 * @throws {CorruptError} When the database is damaged.
 * @throws {BusyError | BackendError} When the database cannot be opened now.
 *
 * @example
 * ```ts ignore
 * import { openAccount } from "@holdfast/store";
 * import { tursoServerlessBackend } from "@holdfast/store/turso-serverless";
 * import { createClient } from "@tursodatabase/serverless/compat";
 *
 * const client = createClient({ url: "https://bots-me.turso.io", authToken: "…" });
 * const backend = tursoServerlessBackend({ client, account: "alice" });
 * await using account = await openAccount({ backend });
 * ```
 */
export async function tursoServerlessBackend(options: TursoServerlessBackendOptions): Promise<Backend> {
  requireObject("open database: options", options);
  const { client, account, clock, sealing, logger = consoleWarnings() } = options;
  requireFunction("open database: client.batch", client?.batch);
  return await openSqliteBackend(serverlessDriver(client, logger), { account, clock, sealing });
}
