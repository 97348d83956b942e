import type { Backend } from "../../backend/mod.ts";
import { requireFunction, requireObject } from "../../errors/mod.ts";
import type { FolderReader, KeyValueReader, SqlReader } from "../ports.ts";
import type { ForeignReport } from "../report.ts";
import { requirePort, requireSqlReader } from "../require_port.ts";
import { type ForeignImportOptions, importForeign } from "../run_import.ts";
import { baileysFolder } from "./baileys_folder.ts";
import { type KeyValueOptions, keyValueState } from "./key_value_state.ts";
import { linesState } from "./lines_state.ts";
import { type ListableAuthState, liveState } from "./live_state.ts";
import { nextSqliteState } from "./next_sqlite_state.ts";
import { foreignBaileys } from "./read_baileys.ts";
import type { BaileysState } from "./state_entry.ts";

/**
 * Imports the folder of `useMultiFileAuthState` (Baileys 7) as the account of a backend. The bot must be
 * stopped.
 *
 * @throws {IncompatibleError} When the folder has no credentials, or state that only Baileys 6 could use.
 * @throws {CorruptError} When a file is damaged. The message names it.
 *
 * @example
 * ```ts
 * import { diskFolder, importBaileysFolder } from "@holdfast/store/importers";
 * import { libsqlBackend } from "@holdfast/store/libsql";
 *
 * async function moveIn() {
 *   const backend = await libsqlBackend({ url: "file:bot.db" });
 *   const folder = diskFolder("baileys_auth_info");
 *   return await importBaileysFolder(backend, folder, { chain: "originalIsStopped" });
 * }
 * ```
 */
export async function importBaileysFolder(
  backend: Backend,
  folder: FolderReader,
  options: ForeignImportOptions,
): Promise<ForeignReport> {
  requirePort("import account: the folder", folder, ["names", "read"]);
  return await importState(backend, baileysFolder(folder), options);
}

/**
 * Imports a key-value state of the community: names as of Baileys' files, and values as JSON by BufferJSON,
 * in a table, a collection or Redis.
 *
 * @throws As {@link importBaileysFolder}.
 */
export async function importBaileysKeys(
  backend: Backend,
  store: KeyValueReader,
  options: ForeignImportOptions & KeyValueOptions,
): Promise<ForeignReport> {
  requirePort("import account: the store", store, ["keys", "get"]);
  requireObject("import account: options", options);
  return await importState(backend, keyValueState(store, options), options);
}

/**
 * Imports a dump of a key-value state: a JSON object on each line, `{"id": name, "value": …}` or a document
 * `{"_id": name, …}`.
 *
 * @param open Opens the dump. It is called three times.
 * @throws As {@link importBaileysFolder}.
 */
export async function importBaileysDump(
  backend: Backend,
  open: () => AsyncIterable<Uint8Array | string>,
  options: ForeignImportOptions & KeyValueOptions,
): Promise<ForeignReport> {
  requireFunction("import account: open", open);
  requireObject("import account: options", options);
  return await importState(backend, linesState(open, options), options);
}

/**
 * Imports Baileys' SQLite state.
 *
 * @throws As {@link importBaileysFolder}.
 */
export async function importBaileysSqlite(
  backend: Backend,
  sql: SqlReader,
  options: ForeignImportOptions,
): Promise<ForeignReport> {
  requireSqlReader(sql);
  return await importState(backend, nextSqliteState(sql), options);
}

/**
 * Imports an auth state of Baileys through the `list` of its keys. No socket may use it.
 *
 * @throws As {@link importBaileysFolder}.
 */
export async function importBaileysState(
  backend: Backend,
  state: ListableAuthState,
  options: ForeignImportOptions,
): Promise<ForeignReport> {
  requireObject("import account: the state", state);
  requireObject("import account: the credentials", state.creds);
  requirePort("import account: the keys", state.keys, ["list"]);
  return await importState(backend, liveState(state), options);
}

async function importState(
  backend: Backend,
  state: BaileysState,
  options: ForeignImportOptions,
): Promise<ForeignReport> {
  return await importForeign(backend, foreignBaileys(state), options);
}
