import type { Logger } from "../../ports/mod.ts";
import type { SqlDriver, SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { BusyRetry, SerialQueue, SQLITE_LIMITS } from "../sqlite_file/mod.ts";
import { mixedCell } from "./cells.ts";
import type { Dialect, TranslatedStatement } from "./dialect.ts";
import { lockStatements } from "./locks.ts";
import type { PostgresDriver, PostgresStatement } from "./postgres_driver.ts";
import { repeatedKeys } from "./row_insert.ts";
import { mapPostgresError } from "./sql_state.ts";

/** The statements of a transaction, and for each the index of the statement of the batch that it belongs to. */
interface Plan {
  readonly statements: PostgresStatement[];
  /** −1 for one that the batch does not have. */
  readonly origins: number[];
}

/**
 * The driver of the SQLite backend over PostgreSQL: translates its statements, takes the locks of a commit,
 * and maps errors.
 */
export function translatedDriver(driver: PostgresDriver, dialect: Dialect, logger: Logger): SqlDriver {
  const queue = new SerialQueue();
  const retry = new BusyRetry({ logger });
  return {
    limits: SQLITE_LIMITS,
    durable: driver.durable,
    query(sql, params): Promise<readonly (readonly SqlValue[])[]> {
      const translation = dialect.translate(sql, params);
      const statement = { sql: translation.sql, params };
      return retry.run(async () => {
        try {
          const { rows } = await driver.query(statement);
          return translation.mixed === undefined
            ? rows
            : rows.map((row) => readMixed(row, translation.mixed));
        } catch (error) {
          throw mapPostgresError(error, "read");
        }
      });
    },
    batch(statements): Promise<SqlResult[]> {
      const plan = planOf(statements, dialect);
      return queue.run(() => retry.run(() => send(driver, plan, statements.length)));
    },
    close: () => queue.run(() => driver.close()),
  };
}

function readMixed(row: readonly SqlValue[], column = 0): SqlValue[] {
  const at = column < 0 ? row.length + column : column;
  return row.map((cell, index) => (index === at ? mixedCell(cell) : cell));
}

async function send(
  driver: PostgresDriver,
  { statements, origins }: Plan,
  count: number,
): Promise<SqlResult[]> {
  let results: readonly SqlResult[];
  try {
    results = await driver.transaction(statements);
  } catch (error) {
    throw mapPostgresError(error, "commit", (index) => {
      const origin = origins[index] ?? -1;
      return origin === -1 ? undefined : origin;
    });
  }
  const answers = Array.from({ length: count }, (): SqlResult => ({ rows: [], rowsAffected: 0 }));
  for (const [index, result] of results.entries()) {
    const origin = origins[index] ?? -1;
    const earlier = answers[origin];
    if (earlier === undefined) continue;
    answers[origin] =
      earlier.rowsAffected === 0 && earlier.rows.length === 0
        ? result
        : {
            rows: [...earlier.rows, ...result.rows],
            rowsAffected: earlier.rowsAffected + result.rowsAffected,
          };
  }
  return answers;
}

function planOf(batch: readonly SqlStatement[], dialect: Dialect): Plan {
  const statements: PostgresStatement[] = [];
  const origins: number[] = [];
  const locks = new Set<number>();
  for (const [index, statement] of batch.entries()) {
    const translated = dialect.translate(statement.sql, statement.params);
    if (translated.lock !== undefined) locks.add(translated.lock(statement));
    for (const part of partsOf(statement, translated, dialect)) {
      statements.push(part);
      origins.push(index);
    }
  }
  const before = lockStatements(dialect.schema, locks);
  const isFirst = batch[0]?.sql.startsWith("CREATE TABLE IF NOT EXISTS holdfast_schema") === true;
  if (isFirst) before.push({ sql: createSchema(dialect.schema), params: [], reads: false });
  return { statements: [...before, ...statements], origins: [...before.map(() => -1), ...origins] };
}

/**
 * The schema may be there already, made by a user with more rights. It is looked up in the
 * table of schemas: `to_regnamespace` may answer from before the wait for the lock.
 */
function createSchema(schema: string): string {
  return `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '${schema}') THEN
    CREATE SCHEMA ${schema}; END IF; END $$`;
}

/** One statement, or several where rows with the same key follow each other. */
function partsOf(
  { sql, params }: SqlStatement,
  translated: TranslatedStatement,
  dialect: Dialect,
): PostgresStatement[] {
  const { insert, reads } = translated;
  const starts = insert === undefined ? [] : repeatedKeys(insert, params);
  if (insert === undefined || starts.length === 0) return [{ sql: translated.sql, params, reads }];
  const bounds = [0, ...starts, insert.rows.length];
  return bounds.slice(1).map((end, index) => {
    const rows = insert.rows.slice(bounds[index], end);
    const values = rows.flatMap((row) => row.map((number) => params[number - 1] as SqlValue));
    const one = dialect.translate(insertOf(sql, rows.length, rows[0]?.length ?? 0), params);
    return { sql: one.sql, params: [params[0] as SqlValue, ...values], reads: false };
  });
}

const VALUES = /^(.*? VALUES )\(.*?\)( *(?:ON CONFLICT.*)?)$/s;

/** The text of an insert with another number of rows, each with parameters of its own. */
function insertOf(sql: string, rows: number, columns: number): string {
  const [, insert = "", conflict = ""] = VALUES.exec(sql) ?? [];
  const row = `(?1,${Array(columns).fill("?").join(",")})`;
  return `${insert}${Array(rows).fill(row).join(",")}${conflict}`;
}
