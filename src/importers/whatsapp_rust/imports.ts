import type { Backend } from "../../backend/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import type { SqlReader } from "../ports.ts";
import type { ForeignReport } from "../report.ts";
import { requireSqlReader } from "../require_port.ts";
import { type ForeignImportOptions, importForeign } from "../run_import.ts";
import { type WhatsappRustOptions, whatsappRustState } from "./read_whatsapp_rust.ts";

/**
 * Imports a device of a SQLite database of whatsapp-rust as the account of a backend. The program must be
 * stopped.
 *
 * Where a record says how far its chain may have been used, the chain continues there.
 *
 * @throws {IncompatibleError} When it is no such database, or has several devices and none is named.
 * @throws {CorruptError} When a row is damaged. The message names it.
 */
export async function importWhatsappRust(
  backend: Backend,
  sql: SqlReader,
  options: ForeignImportOptions & WhatsappRustOptions,
): Promise<ForeignReport> {
  requireSqlReader(sql);
  requireObject("import account: options", options);
  return await importForeign(backend, whatsappRustState(sql, options), options);
}
