import { IncompatibleError } from "../../errors/mod.ts";
import type { NativeDatabase, NativeStatement, RuntimeLibrary } from "../sqlite_file/mod.ts";

/** The part of `node:sqlite` that this adapter uses. */
export interface NodeSqlite {
  readonly DatabaseSync: {
    new (path: string, options: { readonly timeout: number; readonly readOnly?: boolean }): NodeDatabase;
    readonly prototype: object & { readonly prepare?: unknown };
  };
}

interface NodeDatabase {
  readonly isOpen?: boolean;
  readonly isTransaction?: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): NodeStatement;
  close(): void;
}

interface NodeStatement {
  columns(): readonly unknown[];
  setReturnArrays?(enabled: boolean): void;
  run(...params: unknown[]): { readonly changes: number | bigint };
  all(...params: unknown[]): unknown[];
  get(...params: unknown[]): unknown;
}

/** `node:sqlite` as the class of a native library. */
export function nodeLibrary({ DatabaseSync }: NodeSqlite): RuntimeLibrary {
  return class NodeSqliteDatabase implements NativeDatabase {
    readonly #database: NodeDatabase;
    #open = true;

    constructor(path: string, options: { readonly timeout: number; readonly readOnly?: boolean }) {
      this.#database = named(() => new DatabaseSync(path, options));
    }

    get inTransaction(): boolean {
      return this.#database.isTransaction === true;
    }

    get open(): boolean {
      return this.#open;
    }

    exec(sql: string): void {
      named(() => this.#database.exec(sql));
    }

    prepare(sql: string): NativeStatement {
      return new Statement(named(() => this.#database.prepare(sql)));
    }

    close(): void {
      this.#open = false;
      this.#database.close();
    }
  };
}

class Statement implements NativeStatement {
  readonly reader: boolean;
  readonly #statement: NodeStatement;

  constructor(statement: NodeStatement) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  raw(isRaw: boolean): void {
    // Row objects would lose one of two columns with the same name.
    if (this.#statement.setReturnArrays === undefined)
      throw new IncompatibleError("read: node:sqlite of this runtime cannot return rows as arrays");
    this.#statement.setReturnArrays(isRaw);
  }

  run(params: unknown[]): { readonly changes: number } {
    return { changes: Number(named(() => this.#statement.run(...bound(params))).changes) };
  }

  all(params: unknown[]): unknown[] {
    return named(() => this.#statement.all(...bound(params)));
  }

  get(params: unknown[]): unknown {
    return named(() => this.#statement.get(...bound(params)));
  }
}

/** Empty bytes that have memory. */
const EMPTY: Uint8Array = new Uint8Array(1).subarray(1);

/** Node 22 binds empty bytes without memory, such as a copy of empty bytes, as NULL. Changes the list. */
function bound(params: unknown[]): unknown[] {
  for (let index = 0; index < params.length; index += 1) {
    const value = params[index];
    if (value instanceof Uint8Array && value.byteLength === 0) params[index] = EMPTY;
  }
  return params;
}

/** Names of those SQLite base result codes (sqlite.org/rescode.html) that distinguish errors. */
const CODES: Readonly<Record<number, string>> = {
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  18: "SQLITE_TOOBIG",
  19: "SQLITE_CONSTRAINT",
  20: "SQLITE_MISMATCH",
  25: "SQLITE_RANGE",
  26: "SQLITE_NOTADB",
};

/** Messages of `sqlite3_errmsg`, since Deno's module has no result codes. */
const WORDS: readonly (readonly [words: RegExp, code: string])[] = [
  [/database is locked/, "SQLITE_BUSY"],
  [/table is locked/, "SQLITE_LOCKED"],
  [/disk image is malformed/, "SQLITE_CORRUPT"],
  [/file is not a database/, "SQLITE_NOTADB"],
  [/constraint failed/, "SQLITE_CONSTRAINT"],
  [/too big/, "SQLITE_TOOBIG"],
  [/datatype mismatch/, "SQLITE_MISMATCH"],
  [/unable to open database/, "SQLITE_CANTOPEN"],
  [/database or disk is full/, "SQLITE_FULL"],
  [/disk I\/O error/, "SQLITE_IOERR"],
];

/** Runs a call of the library, and adds the name of SQLite's result code to its error. */
function named<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof RangeError) throw error;
    const { errcode } = error as { readonly errcode?: unknown };
    const code =
      (typeof errcode === "number" ? CODES[errcode & 0xff] : undefined) ??
      WORDS.find(([words]) => words.test(error.message))?.[1] ??
      "SQLITE_ERROR";
    throw Object.assign(error, { code });
  }
}
