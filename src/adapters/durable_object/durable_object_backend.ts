import { type Backend, createPlainBackend } from "../../backend/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import type { Clock } from "../../ports/mod.ts";
import { openSqliteCore } from "../sqlite/mod.ts";
import { durableObjectDriver } from "./object_driver.ts";
import type { ObjectStorageLike } from "./object_storage.ts";

/** Options of `durableObjectBackend`. */
export interface DurableObjectBackendOptions {
  /** Name of the account. Defaults to `default`, since an object usually holds one account. */
  readonly account?: string | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
}

/**
 * Opens an account in the SQLite storage of a Durable Object.
 *
 * A commit is one transaction without an `await` in it. It is durable before any later output leaves the
 * object. A value must fit into a row of the platform: 2 MB with its keys. Statements are split to fit the
 * other limits. The storage belongs to the object: closing the backend does not close it, and the object may
 * have other tables.
 *
 * @param storage `ctx.storage` of an object whose class is one of `new_sqlite_classes`.
 * @throws {TypeError} When the account's name is empty or longer than 1,024 characters.
 * @throws {IncompatibleError} When the database is newer than this release or belongs to another application.
 *   Nothing was changed.
 * @throws {CorruptError | BackendError}
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { durableObjectBackend, type ObjectStorageLike } from "@holdfast/store/durable-object";
 *
 * class Counter {
 *   readonly #storage: ObjectStorageLike;
 *
 *   constructor(ctx: { readonly storage: ObjectStorageLike }) {
 *     this.#storage = ctx.storage;
 *   }
 *
 *   async fetch(): Promise<Response> {
 *     await using account = await openAccount({ backend: durableObjectBackend(this.#storage) });
 *     account.device.processCommand({ kind: "incrementLoginCounter" });
 *     await account.flush();
 *     return new Response(String(account.device.getDeviceSnapshot().loginCounter));
 *   }
 * }
 * ```
 */
export async function durableObjectBackend(
  storage: ObjectStorageLike,
  options: DurableObjectBackendOptions = {},
): Promise<Backend> {
  requireObject("options", options);
  const core = await openSqliteCore(durableObjectDriver(storage), options.account);
  return createPlainBackend(core, options);
}
