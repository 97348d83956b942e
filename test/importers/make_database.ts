import Database from "libsql";
import type { ForeignStatement } from "../../src/exports/importers.ts";

/** Makes a SQLite file of another program. */
export function makeDatabase(path: string, statements: readonly (string | ForeignStatement)[]): void {
  const database = new Database(path);
  try {
    database.exec("PRAGMA synchronous = OFF");
    database.exec("BEGIN");
    for (const statement of statements) {
      if (typeof statement === "string") database.exec(statement);
      else database.prepare(statement.sql).run(...statement.params);
    }
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}
