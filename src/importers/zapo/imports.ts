import type { Backend } from "../../backend/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import type { SqlReader } from "../ports.ts";
import type { ForeignReport } from "../report.ts";
import { requireSqlReader } from "../require_port.ts";
import { type ForeignImportOptions, importForeign } from "../run_import.ts";
import { type ZapoOptions, zapoState } from "./read_zapo.ts";

/**
 * Imports a session of a SQLite database of zapo as the account of a backend. The program must be stopped.
 *
 * @throws {IncompatibleError} When it is no such database, or has several sessions and none is named.
 * @throws {CorruptError} When a row is damaged. The message names it.
 */
export async function importZapo(
  backend: Backend,
  sql: SqlReader,
  options: ForeignImportOptions & ZapoOptions,
): Promise<ForeignReport> {
  requireSqlReader(sql);
  requireObject("import account: options", options);
  return await importForeign(backend, zapoState(sql, options), options);
}
