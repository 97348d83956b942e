/**
 * The result of a statement. All rows are read at once, because a partly read cursor keeps its tables locked.
 */
export interface SqlCursorLike {
  raw(): Iterable<readonly (string | number | null | ArrayBuffer)[]>;
}

/** The SQL part of a Durable Object's storage. */
export interface SqlStorageLike {
  exec(query: string, ...bindings: (string | number | null | Uint8Array)[]): SqlCursorLike;
}

/**
 * The part of a Durable Object's `ctx.storage` that the backend uses. The class of the object must be one of
 * `new_sqlite_classes`.
 */
export interface ObjectStorageLike {
  readonly sql: SqlStorageLike;
  transactionSync<T>(work: () => T): T;
}

/** The object's one alarm, which the scheduler also uses. Times are clock times in milliseconds. */
export interface AlarmStorageLike extends ObjectStorageLike {
  getAlarm(): Promise<number | null>;
  setAlarm(scheduledTimeMs: number): Promise<void>;
}
