import type { SqlValue } from "../sqlite/mod.ts";

/** What a row's cells are: blobs are `ArrayBuffer`s. */
export type SqliteCell = string | number | bigint | null | ArrayBuffer | Uint8Array;

/** What a statement answers. Rows have numbered members and a length. */
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
 * A connection: a native library's, or `@libsql/client`, of which this is the part that is used here.
 * Interactive transactions are not.
 */
export interface SqliteClient {
  execute(statement: SqliteStatement): Promise<SqliteResult>;
  batch(statements: SqliteStatement[], mode: "write"): Promise<SqliteResult[]>;
  reconnect(): void | Promise<void>;
  close(): void;
}
