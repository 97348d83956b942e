/**
 * The result of a statement. All rows are read at once, because a partly read cursor keeps its tables locked.
 */
export interface SqlCursorLike {
  /** The rows as arrays, in column order. */
  raw(): Iterable<readonly (string | number | null | ArrayBuffer)[]>;
}

/** The SQL part of a Durable Object's storage. */
export interface SqlStorageLike {
  /** Bytes of the database. */
  readonly databaseSize?: number;
  /**
   * Runs one statement with positional parameters. Its writes are durable before anything leaves the object.
   */
  exec(query: string, ...bindings: (string | number | null | Uint8Array)[]): SqlCursorLike;
}

/**
 * The part of a Durable Object's `ctx.storage` that the backend uses. The class of the object must be one of
 * `new_sqlite_classes`.
 */
export interface ObjectStorageLike {
  /** Runs statements, each atomic by itself. */
  readonly sql: SqlStorageLike;
  /** Runs `work` in one transaction, which a throw rolls back. `work` must not be asynchronous. */
  transactionSync<T>(work: () => T): T;
}

/** The object's one alarm, which the scheduler also uses. Times are clock times in milliseconds. */
export interface AlarmStorageLike extends ObjectStorageLike {
  /** When the alarm is due; `null` when none is set, and inside its handler. */
  getAlarm(): Promise<number | null>;
  /** Sets the one alarm in place of an earlier one. */
  setAlarm(scheduledTimeMs: number): Promise<void>;
}
