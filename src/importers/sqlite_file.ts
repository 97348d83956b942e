import { ArgumentTypeError, BackendError, IncompatibleError, requireObject } from "../errors/mod.ts";
import { builtinModule } from "../ports/mod.ts";
import { installedPackage } from "./host_files.ts";
import type { ForeignValue, SqlWriter } from "./ports.ts";

/** A SQLite file of another program. */
export interface SqliteFile extends SqlWriter, Disposable {
  /** Closes the connection. An exporter closes it after its last transaction. */
  close(): void;
}

/** Options of {@link sqliteFile}. */
export interface ForeignFileOptions {
  /** Whether to write, for an exporter. The file must exist. Defaults to false. */
  readonly writable?: boolean | undefined;
}

/** A connection, as both runtimes have it. */
interface Connection {
  all(sql: string, params: readonly unknown[]): readonly Readonly<Record<string, unknown>>[];
  close(): void;
}

/**
 * Opens a SQLite file of another program, through `bun:sqlite`, `node:sqlite` or the package `libsql`:
 * read-only, unless it is `writable`. The program must be stopped.
 *
 * @throws {IncompatibleError} When the runtime has none of them.
 * @throws {BackendError} When the file cannot be opened.
 *
 * @example
 * ```ts
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { importWhatsmeow, sqliteFile } from "@holdfast/store/importers";
 *
 * async function moveIn(path: string) {
 *   using file = sqliteFile(path);
 *   return await importWhatsmeow(memoryBackend(), file, { chain: "originalIsStopped" });
 * }
 * ```
 */
export function sqliteFile(path: string, options: ForeignFileOptions = {}): SqliteFile {
  if (typeof path !== "string" || path === "")
    throw new ArgumentTypeError("open database: path is not a text");
  requireObject("open database: options", options);
  const { writable = false } = options;
  if (typeof writable !== "boolean") throw new ArgumentTypeError("open database: writable is not a boolean");
  const connection = attempted("open database", () => connect(path, writable));
  const all = (sql: string, params: readonly ForeignValue[]) =>
    attempted("read database", () => connection.all(sql, params.map(bound)));
  const execute = (sql: string, params: readonly ForeignValue[] = []) =>
    void attempted("write database", () => connection.all(sql, params.map(bound)));
  const close = () => connection.close();
  return {
    all: async (sql, params) => all(sql, params),
    async transaction(statements) {
      execute("BEGIN IMMEDIATE");
      try {
        for await (const { sql, params } of statements) execute(sql, params);
        execute("COMMIT");
      } catch (error) {
        try {
          execute("ROLLBACK");
        } catch {
          // After a full disk, SQLite has rolled back by itself. The first failure is the one to be told of.
        }
        throw error;
      }
    },
    close,
    [Symbol.dispose]: close,
  };
}

interface NodeSqlite {
  readonly DatabaseSync?: new (
    path: string,
    options: { readonly readOnly: boolean },
  ) => {
    prepare(sql: string): {
      setReadBigInts(enabled: boolean): void;
      all(...params: readonly unknown[]): readonly Readonly<Record<string, unknown>>[];
    };
    close(): void;
  };
}

interface BunSqlite {
  readonly Database?: new (
    path: string,
    options: { readonly readonly?: true; readonly readwrite?: true; readonly safeIntegers: true },
  ) => {
    prepare(sql: string): {
      all(...params: readonly unknown[]): readonly Readonly<Record<string, unknown>>[];
    };
    close(): void;
  };
}

/** The class of the package `libsql`. */
type Libsql = new (
  uri: string,
) => {
  defaultSafeIntegers(enabled: boolean): unknown;
  prepare(sql: string): {
    readonly reader: boolean;
    all(...params: readonly unknown[]): readonly Readonly<Record<string, unknown>>[];
    run(...params: readonly unknown[]): unknown;
  };
  close(): unknown;
};

function connect(path: string, writable: boolean): Connection {
  const connection =
    connectBun(path, writable) ?? connectNode(path, writable) ?? connectLibsql(path, writable);
  if (connection !== undefined) return connection;
  throw new IncompatibleError(
    "open database: install the package libsql (npm i libsql), or use Node 22.16 or newer, Bun or Deno",
  );
}

function connectBun(path: string, writable: boolean): Connection | undefined {
  const Bun = builtinModule<BunSqlite>("bun:sqlite")?.Database;
  if (Bun === undefined) return undefined;
  const access = writable ? ({ readwrite: true } as const) : ({ readonly: true } as const);
  const database = new Bun(path, { ...access, safeIntegers: true });
  return {
    all: (sql, params) => database.prepare(sql).all(...params),
    close: () => database.close(),
  };
}

function connectNode(path: string, writable: boolean): Connection | undefined {
  const Node = builtinModule<NodeSqlite>("node:sqlite")?.DatabaseSync;
  if (Node === undefined) return undefined;
  // Opening for reading fails for a file that does not exist, which opening for writing would create.
  if (writable) new Node(path, { readOnly: true }).close();
  const database = new Node(path, { readOnly: !writable });
  return {
    all: (sql, params) => {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return statement.all(...params);
    },
    close: () => database.close(),
  };
}

function connectLibsql(path: string, writable: boolean): Connection | undefined {
  const loaded = installedPackage("libsql") as { readonly default?: unknown } | undefined;
  const Libsql = (typeof loaded === "function" ? loaded : loaded?.default) as Libsql | undefined;
  if (typeof Libsql !== "function") return undefined;
  // Neither mode creates a file.
  const uri = `file:${path.split("/").map(encodeURIComponent).join("/")}?mode=${writable ? "rw" : "ro"}`;
  const database = new Libsql(uri);
  database.defaultSafeIntegers(true);
  return {
    all: (sql, params) => {
      const statement = database.prepare(sql);
      if (statement.reader) return statement.all(...params);
      statement.run(...params);
      return [];
    },
    close: () => void database.close(),
  };
}

function bound(value: ForeignValue): unknown {
  return typeof value === "boolean" ? Number(value) : value;
}

function attempted<T>(action: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof IncompatibleError) throw error;
    throw new BackendError(`${action}: ${reasonOf(action, error)}`, { cause: error });
  }
}

/** Messages of SQLite name tables and columns and no values, but at an opening the path. */
function reasonOf(action: string, error: unknown): string {
  if (action === "open database") return "the file is missing, or cannot be opened";
  return error instanceof Error ? error.message : "failed";
}
