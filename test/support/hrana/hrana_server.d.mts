/** How a test server is started. */
export interface HranaServerOptions {
  /** Existing folder; the database `name` is its file `name.db`. */
  readonly directory: string;
  /** When given, every request must carry it as bearer token. */
  readonly authToken?: string;
  /** How long a statement waits for another stream's transaction before `SQLITE_BUSY`; 5,000 ms by default. */
  readonly maxWaitMs?: number;
  /** How long an idle stream lives; 10,000 ms by default. */
  readonly streamTtlMs?: number;
  /**
   * Called with every HTTP request before it is served. `"drop"` closes the connection unserved, `"drop-answer"` serves the request
   * and closes the connection instead of answering, an object is sent in place of the answer; a promise delays.
   */
  readonly fault?: (request: { url: string; method: string; body: string }) => Fault | Promise<Fault>;
  /** Called with the text of every statement before it runs; what it throws is the statement's error. */
  readonly onStatement?: (sql: string) => void;
}

export type Fault =
  | undefined
  | "drop"
  | "drop-answer"
  | { readonly status: number; readonly body?: string | object };

/** A running test server. Databases come to be when first addressed; a name has letters, digits, `_` and `-`. */
export interface HranaServer {
  /** HTTP address of a database, `main` by default. */
  url(name?: string): string;
  /** WebSocket address of a database, `main` by default. */
  wsUrl(name?: string): string;
  /** Streams that wait for their client's next request. */
  openStreams(): number;
  /** Ends open transactions, connections and the server. The files stay. */
  close(): Promise<void>;
}

export declare function startHranaServer(options: HranaServerOptions): Promise<HranaServer>;
