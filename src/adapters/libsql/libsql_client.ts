import type { SqlValue } from "../sqlite/mod.ts";

/** What a row's cells are: blobs are `ArrayBuffer`s. */
export type LibsqlCell = string | number | bigint | null | ArrayBuffer | Uint8Array;

/** What a statement answers. Rows have numbered members and a length. */
export interface LibsqlResult {
  readonly rows: readonly ArrayLike<LibsqlCell>[];
  readonly rowsAffected: number;
}

/** One statement with its positional arguments. */
export interface LibsqlStatement {
  readonly sql: string;
  readonly args: SqlValue[];
}

/** The part of `@libsql/client` that is used here. Interactive transactions are not. */
export interface LibsqlClient {
  execute(statement: LibsqlStatement): Promise<LibsqlResult>;
  batch(statements: LibsqlStatement[], mode: "write"): Promise<LibsqlResult[]>;
  reconnect(): void | Promise<void>;
  close(): void;
}
