import { AmbiguousError, BackendError, FencedError, IncompatibleError } from "../../errors/mod.ts";
import { integerOf } from "./cell.ts";
import type { SqlDriver, SqlStatement } from "./sql_driver.ts";

/** One step of a database's layout. */
export interface Migration {
  /** 1, 2, 3, … without gaps. */
  readonly version: number;
  /** The oldest version whose code can still work with a database on which this step ran. */
  readonly floor: number;
  readonly statements: readonly string[];
}

/** The layout of a database as stored in it. Version 0 has no tables. */
export interface SchemaState {
  readonly version: number;
  readonly floor: number;
}

/**
 * Holds one row, because some platforms have no `PRAGMA user_version`. The name is long so that it does not
 * collide with another application's table.
 */
const CREATE_SCHEMA_TABLE =
  "CREATE TABLE IF NOT EXISTS holdfast_schema ( " +
  "id INTEGER PRIMARY KEY CHECK (id = 1), " +
  "version INTEGER NOT NULL, " +
  "floor INTEGER NOT NULL " +
  ")";

/** Attempts per migration, in case other processes migrate at the same time or answers are lost. */
const MAX_ATTEMPTS = 16;

/**
 * Reads the layout of a database. Changes nothing.
 *
 * @throws {IncompatibleError} When the file is no database.
 * @throws {CorruptError} When the database is damaged or its version is not a number.
 */
export async function readSchema(driver: SqlDriver): Promise<SchemaState> {
  const tables = await driver.query(
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'holdfast_schema'",
    [],
  );
  if (tables[0]?.[0] === 0) return { version: 0, floor: 0 };
  const rows = await driver.query("SELECT version, floor FROM holdfast_schema WHERE id = 1", []);
  const [version, floor] = rows[0] ?? [];
  return { version: integerOf(version, "schema version"), floor: integerOf(floor, "schema floor") };
}

/**
 * Brings a database to the newest layout of `migrations`, each step in one transaction. When several
 * processes migrate at once, each step is done by one of them. A database that is newer and whose floor
 * allows it is left as it is.
 *
 * @returns The state of the database now.
 * @throws {IncompatibleError} When the database is newer than this release can read, or holds other tables of
 * the same names. Nothing was changed.
 */
export async function migrate(driver: SqlDriver, migrations: readonly Migration[]): Promise<SchemaState> {
  const newest = migrations.length;
  let lastError: unknown;
  for (let attempt = 0; attempt < MAX_ATTEMPTS + newest; attempt += 1) {
    const state = await readSchema(driver);
    if (state.floor > newest) {
      throw new IncompatibleError(`open database: schema ${state.version} is newer than ${newest}`);
    }
    const next = migrations[state.version];
    if (state.version >= newest || next === undefined) return state;
    try {
      if (state.version === 0) await refuseForeignTables(driver, next);
      await driver.batch(step(state.version, next));
    } catch (error) {
      // Another process did this step first, or the answer was lost. The stored version shows which.
      if (!(error instanceof FencedError || error instanceof AmbiguousError)) throw error;
      lastError = error;
    }
  }
  throw new BackendError("open database: the schema could not be brought up to date", { cause: lastError });
}

/**
 * The statements of one step. The second fails the whole batch when the database is not at `from` any more.
 */
function step(from: number, { version, floor, statements }: Migration): SqlStatement[] {
  const begin: SqlStatement[] =
    from === 0
      ? [
          { sql: CREATE_SCHEMA_TABLE, params: [] },
          {
            sql: "INSERT INTO holdfast_schema (id, version, floor) VALUES (1, 0, 0) ON CONFLICT (id) DO NOTHING",
            params: [],
          },
        ]
      : [];
  return [
    ...begin,
    {
      sql: "SELECT CASE WHEN (SELECT version = ? FROM holdfast_schema WHERE id = 1) THEN 1 ELSE json('migrated') END",
      params: [from],
    },
    ...statements.map((sql) => ({ sql, params: [] })),
    { sql: "UPDATE holdfast_schema SET version = ?, floor = ? WHERE id = 1", params: [version, floor] },
  ];
}

const CREATED_TABLE = /^\s*CREATE TABLE (\w+)/;

/** Recognises another application's tables, which would otherwise be reported as a failed statement. */
async function refuseForeignTables(driver: SqlDriver, migration: Migration): Promise<void> {
  const created = new Set<string>();
  for (const sql of migration.statements) {
    const name = CREATED_TABLE.exec(sql)?.[1];
    if (name !== undefined) created.add(name);
  }
  const rows = await driver.query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')", []);
  const taken = rows.map(([name]) => String(name).toLowerCase()).filter((name) => created.has(name));
  // Another process may have created our tables just now. Then the step's own check decides.
  if (taken.length === 0 || (await readSchema(driver)).version > 0) return;
  throw new IncompatibleError(
    `open database: a table ${JSON.stringify(taken[0])} of another application is there`,
  );
}
