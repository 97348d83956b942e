import type { NativeDatabase, NativeStatement, RuntimeLibrary } from "../sqlite_file/mod.ts";

/** The part of `bun:sqlite` that this adapter uses. */
export interface BunSqlite {
  readonly Database: new (
    path: string,
    options: { readonly readwrite: true; readonly create: true } | { readonly readonly: true },
  ) => BunDatabase;
}

interface BunDatabase {
  readonly inTransaction: boolean;
  run(sql: string): unknown;
  prepare(sql: string): BunStatement;
  close(): void;
}

interface BunStatement {
  readonly columnNames: readonly string[];
  run(...params: unknown[]): { readonly changes: number };
  values(...params: unknown[]): unknown[][];
  finalize(): void;
}

/** `bun:sqlite` as the class of a native library. */
export function bunLibrary({ Database }: BunSqlite): RuntimeLibrary {
  return class BunSqliteDatabase implements NativeDatabase {
    readonly #database: BunDatabase;
    #open = true;

    constructor(path: string, options: { readonly timeout: number; readonly readOnly?: boolean }) {
      const { timeout, readOnly } = options;
      this.#database = new Database(
        path,
        readOnly === true ? { readonly: true } : { readwrite: true, create: true },
      );
      this.#database.run(`PRAGMA busy_timeout = ${timeout}`);
    }

    get inTransaction(): boolean {
      return this.#database.inTransaction;
    }

    get open(): boolean {
      return this.#open;
    }

    exec(sql: string): void {
      this.#database.run(sql);
    }

    prepare(sql: string): NativeStatement {
      return new Statement(this.#database.prepare(sql));
    }

    close(): void {
      this.#open = false;
      this.#database.close();
    }
  };
}

class Statement implements NativeStatement {
  readonly reader: boolean;
  readonly #statement: BunStatement;

  constructor(statement: BunStatement) {
    this.#statement = statement;
    this.reader = statement.columnNames.length > 0;
  }

  /** Rows are arrays already. */
  raw(): void {}

  run(params: unknown[]): { readonly changes: number } {
    return this.#statement.run(...params);
  }

  all(params: unknown[]): unknown[] {
    return this.#statement.values(...params);
  }
}
