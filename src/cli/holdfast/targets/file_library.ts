import { bunSqliteBackend } from "../../../adapters/bun_sqlite/mod.ts";
import { bunSqliteLibrary, openBunSqliteDriver } from "../../../adapters/bun_sqlite/open_driver.ts";
import { libsqlBackend } from "../../../adapters/libsql/mod.ts";
import { findNativeLibrary } from "../../../adapters/libsql/native_library.ts";
import { openLibsqlDriver } from "../../../adapters/libsql/open_driver.ts";
import { openForReading } from "../../../adapters/libsql/open_for_reading.ts";
import { nodeSqliteBackend } from "../../../adapters/node_sqlite/mod.ts";
import { nodeSqliteLibrary, openNodeSqliteDriver } from "../../../adapters/node_sqlite/open_driver.ts";
import type { FileDriver, NativeDatabase, OpenForReading } from "../../../adapters/sqlite_file/mod.ts";
import type { Backend } from "../../../backend/mod.ts";
import { IncompatibleError } from "../../../errors/mod.ts";
import type { Logger } from "../../../ports/mod.ts";
import { CommandError } from "../command_error.ts";
import type { KeyOptions } from "./target.ts";

/** The library that opens files in this process. One alone: two would drop each other's locks. */
export interface FileLibrary {
  readonly name: "libsql" | "node:sqlite" | "bun:sqlite";
  readonly openForReading: OpenForReading;
  /** Connects so that the file can be written, and creates it if it is absent. */
  connect(path: string, timeoutMs: number): NativeDatabase;
  backend(path: string, account: string, logger: Logger, options: KeyOptions): Promise<Backend>;
  driver(path: string, logger: Logger): Promise<FileDriver>;
}

/**
 * The package `libsql` if it is installed, else the SQLite of the runtime.
 *
 * @throws {CommandError} When there is neither. It says what to install.
 */
export function fileLibrary(): FileLibrary {
  const { library } = findNativeLibrary();
  if (library !== undefined) {
    return {
      name: "libsql",
      openForReading: openForReading(library),
      connect: (path, timeout) => new library(path, { timeout }),
      backend: (path, account, logger, options) =>
        libsqlBackend({ url: fileUrl(path), account, logger, ...options }),
      driver: (path, logger) => openLibsqlDriver({ url: fileUrl(path), logger }),
    };
  }
  return "Bun" in globalThis ? bunLibraryOf() : nodeLibraryOf();
}

function bunLibraryOf(): FileLibrary {
  const Database = bunSqliteLibrary();
  return {
    name: "bun:sqlite",
    openForReading: (path, timeout) => new Database(path, { timeout, readOnly: true }),
    connect: (path, timeout) => new Database(path, { timeout }),
    backend: (path, account, logger, options) => bunSqliteBackend({ path, account, logger, ...options }),
    driver: (path, logger) => openBunSqliteDriver({ path, logger }),
  };
}

function nodeLibraryOf(): FileLibrary {
  const Database = nodeLibraryOrAdvice();
  return {
    name: "node:sqlite",
    openForReading: (path, timeout) => new Database(path, { timeout, readOnly: true }),
    connect: (path, timeout) => new Database(path, { timeout }),
    backend: (path, account, logger, options) => nodeSqliteBackend({ path, account, logger, ...options }),
    driver: (path, logger) => openNodeSqliteDriver({ path, logger }),
  };
}

function nodeLibraryOrAdvice(): ReturnType<typeof nodeSqliteLibrary> {
  try {
    return nodeSqliteLibrary();
  } catch (error) {
    if (!(error instanceof IncompatibleError)) throw error;
    throw new CommandError(
      "incompatible",
      "open file: this runtime has no SQLite, and the package libsql is not installed",
      "Run: npm install libsql (or use Node 22.16 or newer, Deno, or Bun by bunx --bun). With npx: npx --package @holdfast/store --package libsql holdfast",
    );
  }
}

function fileUrl(path: string): string {
  return `file:${path.split("/").map(encodeURIComponent).join("/")}`;
}
