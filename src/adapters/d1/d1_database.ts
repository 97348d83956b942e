/** A statement with its parameters. */
export interface D1StatementLike {
  /** Returns the statement with its positional parameters, in order. */
  bind(...values: (string | number | null | Uint8Array)[]): D1StatementLike;
  /** Runs it and returns its rows as arrays. */
  raw(): Promise<unknown[][]>;
}

/** The part of a D1 database that the backend uses: the binding of a Worker, such as `env.DB`. */
export interface D1DatabaseLike {
  /** Prepares one statement. Nothing is sent before it runs. */
  prepare(query: string): D1StatementLike;
  /** Runs statements in one transaction, and returns the rows of each by their columns. */
  batch(
    statements: D1StatementLike[],
  ): Promise<{ readonly results?: unknown[]; readonly meta: { readonly changes?: number } }[]>;
}
