import type { Backend } from "../../backend/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import type { SqlReader } from "../ports.ts";
import type { ForeignReport } from "../report.ts";
import { requireSqlReader } from "../require_port.ts";
import { type ForeignImportOptions, importForeign } from "../run_import.ts";
import { type WhatsmeowOptions, whatsmeowState } from "./read_whatsmeow.ts";

/**
 * Imports a device of a SQLite database of whatsmeow as the account of a backend. The program must be
 * stopped.
 *
 * @throws {IncompatibleError} When it is no such database, or has several devices and none is named.
 * @throws {CorruptError} When a row is damaged. The message names it.
 */
export async function importWhatsmeow(
  backend: Backend,
  sql: SqlReader,
  options: ForeignImportOptions & WhatsmeowOptions,
): Promise<ForeignReport> {
  requireSqlReader(sql);
  requireObject("import account: options", options);
  return await importForeign(backend, whatsmeowState(sql, options), options);
}
