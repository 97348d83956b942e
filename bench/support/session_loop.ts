/** The code of a user without this library: a loop over one prepared statement, in one transaction. */

import Database from "libsql";

/** The part of `libsql` and `better-sqlite3` that the loop uses. */
export interface SqliteLibrary {
  new (path: string): SqliteFile;
}

/** An open file. */
export interface SqliteFile {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(params: readonly unknown[]): unknown;
    all(params: readonly unknown[]): unknown;
    get(params: readonly unknown[]): unknown;
  };
  close(): unknown;
}

/** Settings and page size of a file that the libSQL backend creates. */
const LIKE_BACKEND = ["page_size = 8192", "journal_mode = WAL", "synchronous = FULL", "cache_size = -16384"];

type Cells = readonly (string | number | Uint8Array)[];

/** How a loop keeps a session. */
export interface LoopTable {
  readonly columns: string;
  readonly put: string;
  /** Parameters of `put`. */
  params(address: string, record: Uint8Array): Cells;
  /** Reads the row of one session. */
  readonly select: string;
  /** Parameters of `select`. */
  key(address: string): Cells;
}

/** The user part of an address. */
function userOf(address: string): string {
  return address.slice(0, address.search(/[:@]/));
}

const INCARNATION = "0123456789abcdef".repeat(2);

/** The columns, key and order of the backend's own table. */
export const SAME_ROWS: LoopTable = {
  columns: `device_id INTEGER NOT NULL, user TEXT NOT NULL, address TEXT NOT NULL, reserved_until INTEGER,
    incarnation TEXT, burned INTEGER, record BLOB NOT NULL, PRIMARY KEY (device_id, user, address)`,
  put: `INSERT INTO session (device_id, user, address, reserved_until, incarnation, burned, record)
    VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (device_id, user, address) DO UPDATE SET
    reserved_until = excluded.reserved_until, incarnation = excluded.incarnation, burned = excluded.burned,
    record = excluded.record`,
  params: (address, record) => [userOf(address), address, 64, INCARNATION, 0, record],
  select:
    "SELECT reserved_until, incarnation, burned, record FROM session WHERE device_id = 1 AND user = ? AND address = ?",
  key: (address) => [userOf(address), address],
};

/** The minimum of columns to find a session. */
export const BARE_ROWS: LoopTable = {
  columns: "address TEXT PRIMARY KEY, record BLOB NOT NULL",
  put: `INSERT INTO session (address, record) VALUES (?, ?)
    ON CONFLICT (address) DO UPDATE SET record = excluded.record`,
  params: (address, record) => [address, record],
  select: "SELECT record FROM session WHERE address = ?",
  key: (address) => [address],
};

/** A loop over its own file. */
export interface SessionLoop {
  readonly file: SqliteFile;
  /** Writes rows of `params` of the table in one transaction. */
  write(rows: readonly (readonly unknown[])[]): void;
}

/** Opens a file with an empty table. Its statement stays prepared. */
export function openLoop(path: string, table: LoopTable, library: SqliteLibrary = Database): SessionLoop {
  const file = new library(path);
  for (const pragma of LIKE_BACKEND) file.exec(`PRAGMA ${pragma}`);
  file.exec(`CREATE TABLE session (${table.columns})`);
  const put = file.prepare(table.put);
  return {
    file,
    write: (rows) => {
      file.exec("BEGIN IMMEDIATE");
      for (const row of rows) put.run(row);
      file.exec("COMMIT");
    },
  };
}
