import type { SqlResult, SqlStatement } from "../sqlite/mod.ts";

/**
 * What the backend needs of a client of PostgreSQL: one statement, and a transaction.
 *
 * Statements have parameters `$1`, `$2`, …; a parameter is text, a number, NULL or bytes, and its type is
 * that of its place. In rows that are returned, integers and counts are numbers, booleans are 0 or 1, `bytea`
 * is a `Uint8Array`, and everything else is text.
 *
 * A method rejects with the client's own error. Its member `code`, or that of one of its causes, is the
 * SQLSTATE. An error of `transaction` without one means that the outcome is unknown, unless it has the member
 * `isUnsent: true`: nothing was sent. A member `statementIndex` names the statement that failed.
 */
export interface PostgresDriver {
  /** Whether a transaction that resolved survives the loss of power of the server. */
  readonly durable: boolean;
  /** Runs one reading statement. */
  query(statement: SqlStatement): Promise<SqlResult>;
  /**
   * Runs the statements in order, in one transaction with the isolation level READ COMMITTED, all or nothing.
   * Each statement sees what was committed before it began: so each must have a snapshot of its own.
   *
   * `reads` of a statement says whether its rows are used. Otherwise they may be left out.
   */
  transaction(
    statements: readonly (SqlStatement & { readonly reads: boolean })[],
  ): Promise<readonly SqlResult[]>;
  /** Releases what the driver itself opened. Idempotent. */
  close(): Promise<void>;
}

/** A statement of a transaction. */
export type PostgresStatement = Parameters<PostgresDriver["transaction"]>[0][number];

/** An error that says which statement failed, or that nothing was sent. */
export class DriverFailure extends Error {
  readonly statementIndex: number | undefined;
  readonly isUnsent: boolean;

  constructor(cause: unknown, told: { readonly statementIndex?: number; readonly isUnsent?: boolean }) {
    super("a statement failed", { cause });
    this.name = "DriverFailure";
    this.statementIndex = told.statementIndex;
    this.isUnsent = told.isUnsent ?? false;
  }
}
