/**
 * A value that every SQLite driver binds and returns. Blobs are `Uint8Array`; 64-bit integers travel as text.
 */
export type SqlValue = string | number | null | Uint8Array;

/** One statement of a batch: positional parameters only, since not every platform has named ones. */
export interface SqlStatement {
  /** The text of one statement, with `?` or `?N` for its parameters. */
  readonly sql: string;
  /** Values of the parameters, by position. */
  readonly params: readonly SqlValue[];
  /** Whether only the first of its rows is used. A driver may answer more. Defaults to false. */
  readonly onlyFirst?: boolean;
}

/** The answer to one statement. */
export interface SqlResult {
  /** Rows in column order; empty for a statement that returns none. */
  readonly rows: readonly (readonly SqlValue[])[];
  /** Rows that the statement inserted, updated or deleted. */
  readonly rowsAffected: number;
}

/** What a platform allows in one statement. */
export interface SqlLimits {
  /** Most parameters of one statement. */
  readonly maxParameters: number;
  /** Most bytes of the text of one statement, in UTF-8. */
  readonly maxSqlBytes: number;
  /** Most bytes of one value. */
  readonly maxValueBytes: number;
}

/**
 * What the SQLite backend needs of a driver: one read and one atomic batch.
 *
 * Failures are reported as the errors of the store: `BusyError` (nothing applied, try later), `RefusedError`
 * (a constraint or limit: it would fail again; its `writeIndex` is the index of the statement, if known),
 * `CorruptError` (the file is damaged), `IncompatibleError` (it is no database), `AmbiguousError` (only
 * `batch`: the answer was lost), `BackendError` (anything else; nothing applied). A statement that raises
 * SQLite's "malformed JSON" makes `batch` reject with `FencedError`: that is how the guard aborts.
 *
 * Bytes that `query` and `batch` return are the caller's own. Parameters belong to the driver until the
 * promise settles.
 */
export interface SqlDriver {
  /** What the platform allows. Constant while the driver is open. */
  readonly limits: SqlLimits;
  /** Whether what a batch wrote survives a crash of the process and of the machine once it resolved. */
  readonly durable: boolean;
  /**
   * Runs one reading statement and returns its rows in column order.
   *
   * @param onlyFirst Whether only the first row is used. A driver may answer more. Defaults to false.
   */
  query(
    sql: string,
    params: readonly SqlValue[],
    onlyFirst?: boolean,
  ): Promise<readonly (readonly SqlValue[])[]>;
  /**
   * Runs the statements in one transaction, in order, all or nothing, in one round trip. Calls are applied in
   * their order.
   *
   * @param joins Whether the driver may run the batches of other accounts in the same transaction, before or
   *   after this one. Each must still have the result that it has alone. Defaults to false.
   */
  batch(statements: readonly SqlStatement[], joins?: boolean): Promise<readonly SqlResult[]>;
  /**
   * Runs reading statements in one state of the database and in one round trip. For a driver whose database is
   * far away: an account is opened in fewer round trips then.
   */
  queryTogether?(statements: readonly SqlStatement[]): Promise<readonly SqlResult[]>;
  /** Releases connections. Idempotent. */
  close(): Promise<void>;
}
