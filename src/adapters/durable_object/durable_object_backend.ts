import { type Backend, createPlainBackend, type Sealing, type Write } from "../../backend/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import type { Clock } from "../../ports/mod.ts";
import { openSqliteCore } from "../sqlite/mod.ts";
import { firstRow } from "./first_row.ts";
import { durableObjectDriver } from "./object_driver.ts";
import { mapObjectError } from "./object_errors.ts";
import type { ObjectStorageLike } from "./object_storage.ts";

/** Options of `durableObjectBackend`. */
export interface DurableObjectBackendOptions {
  /** Name of the account. Defaults to `default`, since an object usually holds one account. */
  readonly account?: string | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Encrypts stored values: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
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
export function durableObjectBackend(
  storage: ObjectStorageLike,
  options: DurableObjectBackendOptions = {},
): Promise<Backend> {
  return openObjectBackend(storage, options);
}

/** As `durableObjectBackend`. @param committing Called with the writes of each commit before it. */
export async function openObjectBackend(
  storage: ObjectStorageLike,
  options: DurableObjectBackendOptions,
  committing: (writes: readonly Write[]) => void = () => {},
): Promise<Backend> {
  requireObject("options", options);
  const { account = "default", sealing } = options;
  const driver = durableObjectDriver(storage);
  const [version] = versionRow(storage) ?? [];
  const opened = await openSqliteCore(driver, account, version);
  const core: typeof opened = {
    ...opened,
    commit(writes, commitOptions) {
      committing(writes);
      return opened.commit(writes, commitOptions);
    },
  };
  return createPlainBackend(sealing?.sealed(core, { account }) ?? core, options);
}

function versionRow(storage: ObjectStorageLike): ReturnType<typeof firstRow> {
  try {
    return firstRow(storage, "SELECT version FROM holdfast_schema");
  } catch (error) {
    throw mapObjectError(error, "read");
  }
}
