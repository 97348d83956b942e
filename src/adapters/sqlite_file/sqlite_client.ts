import type { SqlValue } from "../sqlite/mod.ts";

/** A cell of a row. Blobs are `ArrayBuffer`s. */
export type SqliteCell = string | number | bigint | null | ArrayBuffer | Uint8Array;

/** The result of a statement. Rows have numbered members and a length. */
export interface SqliteResult {
  readonly rows: readonly ArrayLike<SqliteCell>[];
  readonly rowsAffected: number;
}

/** One statement with its positional arguments. */
export interface SqliteStatement {
  readonly sql: string;
  readonly args: SqlValue[];
}

/**
 * A connection: a native library, or the part of `@libsql/client` that this adapter uses, without interactive
 * transactions.
 */
export interface SqliteClient {
  execute(statement: SqliteStatement): Promise<SqliteResult>;
  batch(statements: SqliteStatement[], mode: "write"): Promise<SqliteResult[]>;
  reconnect(): void | Promise<void>;
  close(): void;
}
