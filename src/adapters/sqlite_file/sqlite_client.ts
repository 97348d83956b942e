import type { SqlValue } from "../sqlite/mod.ts";

/** A cell of a row. Blobs are `ArrayBuffer`s. */
export type SqliteCell = string | number | bigint | null | ArrayBuffer | Uint8Array;

/** The result of a statement, which belongs to the caller. Rows have numbered members and a length. */
export interface SqliteResult {
  readonly rows: readonly ArrayLike<SqliteCell>[];
  readonly rowsAffected: number;
}

/** One statement with its positional arguments. */
export interface SqliteStatement {
  readonly sql: string;
  readonly args: SqlValue[];
  /** See `SqlDriver.query`. */
  readonly onlyFirst?: boolean | undefined;
}

/**
 * A connection: a native library, or the part of `@libsql/client` that this adapter uses, without interactive
 * transactions.
 */
export interface SqliteClient {
  execute(statement: SqliteStatement): Promise<SqliteResult>;
  /** Runs statements in one transaction: of writes, or of reads alone. */
  batch(statements: SqliteStatement[], mode: "write" | "deferred"): Promise<SqliteResult[]>;
  /** As `execute`, carried out in the call. Left out by a client that cannot. */
  executeNow?(statement: SqliteStatement): SqliteResult;
  /** As `batch`, carried out in the call. */
  batchNow?(statements: SqliteStatement[]): SqliteResult[];
  reconnect(): void | Promise<void>;
  close(): void;
}
