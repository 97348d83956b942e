import { IncompatibleError } from "../../errors/mod.ts";
import type { NativeDatabase, NativeLibrary, NativeStatement } from "../sqlite_file/mod.ts";
import { type HandedOver, handOverOf } from "./numbered_parameters.ts";

/** A binary of another version of the runtime, or none. */
const NOT_BUILT = /^(?:ERR_DLOPEN_FAILED|MODULE_NOT_FOUND)$/;
const NOT_BUILT_WORDS = /^Could not locate the bindings file/;

/** `better-sqlite3` as the class of a native library. */
export function betterLibrary(Database: NativeLibrary): NativeLibrary {
  return class BetterSqlite3Database implements NativeDatabase {
    readonly #database: NativeDatabase;

    constructor(path: string, options: { readonly timeout: number }) {
      if (path.trim() !== path) {
        // The library trims the path. It would open another file than the one that was prepared.
        throw new IncompatibleError(
          "open database: better-sqlite3 opens no path with white space at its ends",
        );
      }
      try {
        this.#database = new Database(path, options);
      } catch (cause) {
        throw isNotBuilt(cause) ? notBuilt(cause) : cause;
      }
    }

    get inTransaction(): boolean {
      return this.#database.inTransaction;
    }

    get open(): boolean {
      return this.#database.open;
    }

    exec(sql: string): void {
      this.#database.exec(sql);
    }

    prepare(sql: string): NativeStatement {
      const handed = handOverOf(sql);
      return new Statement(this.#database.prepare(handed.sql), handed);
    }

    close(): void {
      this.#database.close();
    }
  };
}

class Statement implements NativeStatement {
  readonly reader: boolean;
  readonly #statement: NativeStatement;
  readonly #handOver: HandedOver["handOver"];

  constructor(statement: NativeStatement, { handOver }: HandedOver) {
    this.#statement = statement;
    this.#handOver = handOver;
    this.reader = statement.reader;
  }

  raw(isRaw: boolean): void {
    this.#statement.raw(isRaw);
  }

  run(params: unknown[]): { readonly changes: number } {
    return this.#statement.run(...this.#handOver(params));
  }

  all(params: unknown[]): unknown[] {
    return this.#statement.all(...this.#handOver(params));
  }

  get(params: unknown[]): unknown {
    const handed = this.#handOver(params);
    return this.#statement.get === undefined
      ? this.#statement.all(...handed)[0]
      : this.#statement.get(...handed);
  }
}

function isNotBuilt(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return NOT_BUILT.test(String(code)) || NOT_BUILT_WORDS.test(String(message));
}

function notBuilt(cause: unknown): IncompatibleError {
  return new IncompatibleError(
    "open database: better-sqlite3 is not built for this runtime, run npm rebuild better-sqlite3",
    { cause },
  );
}
