import type { Backend, Sealing } from "../../backend/mod.ts";
import { requireFunction, requireObject } from "../../errors/mod.ts";
import type { Clock } from "../../ports/mod.ts";
import { openSqliteBackend } from "../sqlite/mod.ts";
import type { D1DatabaseLike } from "./d1_database.ts";
import { d1Driver } from "./d1_driver.ts";

/** Options of `d1Backend`. */
export interface D1BackendOptions {
  /** The binding of a D1 database, such as `env.DB`. */
  readonly client: D1DatabaseLike;
  /** Name of the account. Defaults to `default`. Many accounts may share a database. */
  readonly account?: string | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Encrypts stored values: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
}

/**
 * Opens one account of a D1 database, in a Worker.
 *
 * A commit is one request and one transaction. A value must fit into a row of the platform: 2 MB with its
 * keys. Statements are split to fit the other limits; each counts against the queries that the platform allows
 * in one invocation (50 on the free plan, 1,000 otherwise), and a flush of 1,000 sessions has about 80. If the
 * answer to a commit is lost, it is ambiguous, and the account sends it again under a guard that lets it be
 * applied once. Reads go to the primary database: do not pass a session of read replicas.
 *
 * @throws {TypeError} When the client is no D1 database, or the account's name is malformed.
 * @throws {IncompatibleError} When the database is newer than this release or belongs to another application.
 *   Nothing was changed.
 * @throws {CorruptError | BusyError | BackendError}
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { d1Backend, type D1DatabaseLike } from "@holdfast/store/d1";
 *
 * // In the handler of a Worker that has the database as its binding `DB`.
 * async function isRegistered(env: { readonly DB: D1DatabaseLike }): Promise<boolean> {
 *   await using account = await openAccount({ backend: d1Backend({ client: env.DB, account: "alice" }) });
 *   return account.device.isRegistered;
 * }
 * ```
 */
export async function d1Backend(options: D1BackendOptions): Promise<Backend> {
  requireObject("open database: options", options);
  const { client, account, clock, sealing } = options;
  requireFunction("open database: client.batch", client?.batch);
  return await openSqliteBackend(d1Driver(client), { account, clock, sealing });
}
