/** The SQLite of the runtimes as libraries of a loop, whose parameters are a list. */

import type { SqliteFile, SqliteLibrary } from "./session_loop.ts";

interface Statement {
  run(...params: unknown[]): unknown;
  all(...params: unknown[]): unknown;
  get(...params: unknown[]): unknown;
}

interface Runtime {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

/** `node:sqlite`, on a Node that has it, and on Bun `bun:sqlite`. */
export function runtimeSqlite(name: "node:sqlite" | "bun:sqlite"): SqliteLibrary {
  const library = process.getBuiltinModule(name) as unknown as {
    readonly DatabaseSync?: new (path: string) => Runtime;
    readonly Database?: new (path: string) => Runtime;
  };
  const Database = library.DatabaseSync ?? library.Database ?? absent(name);
  return class implements SqliteFile {
    readonly #database: Runtime;

    constructor(path: string) {
      this.#database = new Database(path);
    }

    exec(sql: string): void {
      this.#database.exec(sql);
    }

    prepare(sql: string): ReturnType<SqliteFile["prepare"]> {
      const statement = this.#database.prepare(sql);
      return {
        run: (params) => statement.run(...params),
        all: (params) => statement.all(...params),
        get: (params) => statement.get(...params),
      };
    }

    close(): void {
      this.#database.close();
    }
  };
}

function absent(name: string): never {
  throw new Error(`${name} is not here`);
}
