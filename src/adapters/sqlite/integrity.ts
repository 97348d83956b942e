import { textOf } from "./cell.ts";
import { SCOPED_TABLES } from "./schema.ts";
import type { SqlDriver } from "./sql_driver.ts";

/** A fault of a database that SQLite finds, or rows that belong to no account. */
export interface IntegrityProblem {
  readonly kind: "structure" | "orphans";
  /** Where it is known. */
  readonly table?: string | undefined;
  /** What SQLite says, or how many rows there are. Contains no values of rows. */
  readonly detail: string;
}

/** Most faults that SQLite reports. */
const MAX_FAULTS = 100;

/** A fault of an index names the index, of a table nothing, or the table. */
const NAMED =
  /(?:in index|NULL value in|in table|non-\w+ value in) (?:sqlite_autoindex_)?(\w+?)(?:_\d+|_by_\w+)?(?:\.|$)/;

/**
 * Has SQLite check the structure of the database, and every index against its table. Then looks for rows of
 * accounts that are not registered. Reads the whole database.
 */
export async function checkIntegrity(driver: SqlDriver): Promise<IntegrityProblem[]> {
  const rows = await driver.query(
    `SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT ${MAX_FAULTS}`,
    [],
  );
  const faults = rows.map(([fault]): IntegrityProblem => {
    const detail = textOf(fault, "integrity check").replace(/\s+/g, " ").trim();
    return { kind: "structure", table: NAMED.exec(detail)?.[1], detail };
  });
  return [...faults, ...(await findOrphans(driver))];
}

/** Rows of accounts that are not registered. */
export async function findOrphans(driver: Pick<SqlDriver, "query">): Promise<IntegrityProblem[]> {
  const problems: IntegrityProblem[] = [];
  for (const { name } of SCOPED_TABLES) {
    const [row] = await driver.query(
      `SELECT count(*) FROM ${name} WHERE device_id NOT IN (SELECT device_id FROM account NOT INDEXED)`,
      [],
    );
    const count = Number(row?.[0] ?? 0);
    if (count > 0) problems.push({ kind: "orphans", table: name, detail: `${count} rows` });
  }
  return problems;
}
