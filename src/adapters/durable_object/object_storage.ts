/**
 * What a statement answers with. Its rows are taken at once: a cursor that is left half read keeps its tables
 * locked.
 */
export interface SqlCursorLike {
  raw(): Iterable<readonly (string | number | null | ArrayBuffer)[]>;
}

/** The SQL part of a Durable Object's storage. */
export interface SqlStorageLike {
  exec(query: string, ...bindings: (string | number | null | Uint8Array)[]): SqlCursorLike;
}

/**
 * What the backend uses of a Durable Object's `ctx.storage`, which is one. The object's class must be one of
 * `new_sqlite_classes`.
 */
export interface ObjectStorageLike {
  readonly sql: SqlStorageLike;
  transactionSync<T>(work: () => T): T;
}

/** What the scheduler uses besides: the object's one alarm. Times are clock times in milliseconds. */
export interface AlarmStorageLike extends ObjectStorageLike {
  getAlarm(): Promise<number | null>;
  setAlarm(scheduledTimeMs: number): Promise<void>;
}
