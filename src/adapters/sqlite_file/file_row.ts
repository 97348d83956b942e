import { CorruptError } from "../../errors/mod.ts";
import type { SqlStatement, SqlValue } from "../sqlite/mod.ts";

/** The row by which a database knows itself. */
export interface FileRow {
  /** Id of the database, drawn when the row is created: 32 hexadecimal digits. */
  readonly database: string;
  /** The pair: a counter, and a random part that is drawn with each counter (16 hexadecimal digits). */
  readonly counter: number;
  readonly random: string;
  /** How often the restore epoch of all accounts was raised, because the file was a copy. */
  readonly restores: number;
}

const CREATE = `CREATE TABLE IF NOT EXISTS holdfast_file (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  database TEXT NOT NULL,
  counter INTEGER NOT NULL,
  random TEXT NOT NULL,
  restores INTEGER NOT NULL
)`;

const INSERT =
  "INSERT INTO holdfast_file (id, database, counter, random, restores) VALUES (1, ?, 0, '', 0) ON CONFLICT (id) DO NOTHING";

const COLUMNS = "database, counter, random, restores";

const RAISE = `UPDATE holdfast_file SET counter = counter + 1, random = ? WHERE id = 1 RETURNING ${COLUMNS}`;

/** Fails the batch unless the row has the pair that was read. */
const REQUIRE =
  "SELECT CASE WHEN (SELECT counter = ? AND random = ? FROM holdfast_file WHERE id = 1) THEN 1 ELSE json('changed') END";

const RESTORE = `UPDATE holdfast_file SET counter = ?, random = ?, restores = restores + ? WHERE id = 1 RETURNING ${COLUMNS}`;

export const HAS_TABLE: string =
  "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'holdfast_file'";

export const SELECT: string = `SELECT ${COLUMNS} FROM holdfast_file WHERE id = 1`;

/** Creates the table and its row. */
export function creation(database: string): SqlStatement[] {
  return [
    { sql: CREATE, params: [] },
    { sql: INSERT, params: [database] },
  ];
}

/** Raises the pair. Answers with the row. */
export function raise(random: string): SqlStatement {
  return { sql: RAISE, params: [random] };
}

/** Gives the row another pair, if it still has this one, and adds to its restores. Answers with the row. */
export function restore(
  from: FileRow,
  to: Pick<FileRow, "counter" | "random">,
  restores: 0 | 1,
): SqlStatement[] {
  return [
    { sql: REQUIRE, params: [from.counter, from.random] },
    { sql: RESTORE, params: [to.counter, to.random, restores] },
  ];
}

/** Decodes a row of the columns above. @throws {CorruptError} */
export function fileRowOf(cells: readonly SqlValue[] | undefined): FileRow {
  const [database, counter, random, restores] = cells ?? [];
  const isRow =
    typeof database === "string" &&
    /^[0-9a-f]{32}$/.test(database) &&
    isCount(counter) &&
    typeof random === "string" &&
    isCount(restores);
  if (!isRow) throw new CorruptError("open database: its row in holdfast_file is damaged");
  return { database, counter, random, restores };
}

function isCount(cell: SqlValue | undefined): cell is number {
  return typeof cell === "number" && Number.isSafeInteger(cell) && cell >= 0;
}
