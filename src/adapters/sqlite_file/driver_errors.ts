import {
  AmbiguousError,
  BackendError,
  BusyError,
  CorruptError,
  FencedError,
  IncompatibleError,
  RefusedError,
  StoreError,
} from "../../errors/mod.ts";

/** The action that failed. Only a commit can have a lost answer; a read can be repeated. */
export type DriverAction = "open database" | "read" | "commit";

/** SQLite's message when the guard's function fails. */
const GUARD_FAILED = "malformed JSON";

/** Codes of the local driver begin with the base code; a server sends the base code alone. */
const BUSY = ["SQLITE_BUSY", "SQLITE_LOCKED", "TRANSACTION_BUSY"];
const REFUSED = ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"];

/**
 * Codes of a server that rejected a request. A transaction that timed out was rolled back. `SQL_…` are
 * statements that do not parse. `AUTH_…` and `SQLITE_AUTH` are refusals of access.
 */
const NOT_APPLIED = /^(?:SQLITE_|SQL_|AUTH_|TRANSACTION_TIMEOUT$|STREAM_EXPIRED$|BLOCKED$)/;

/** Failures to connect, so the request was never sent: codes of Node and Bun, and messages of Deno. */
const NEVER_SENT_CODE = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ConnectionRefused|FailedToOpenSocket)$/;
const NEVER_SENT_WORDS = /connection refused|dns error|failed to lookup address/i;

/** Failures of a request that may have been sent. */
const UNANSWERED_WORDS = /fetch failed|network|socket|connection/i;

/** There is no way to the server. An open connection, on which a request was sent, can fail with it, too. */
const NO_WAY_CODE = /^(?:EHOSTUNREACH|ENETUNREACH)$/;

/** What a user can do about a code, which may have a longer form. */
const ADVICE: Readonly<Record<string, string>> = {
  SQLITE_FULL: "the disk is full, free some space",
  SQLITE_READONLY: "the file or its folder must not be written, check owner and mode",
  SQLITE_CANTOPEN: "the file or its log cannot be opened, check the folder and its mode",
  SQLITE_IOERR: "the disk cannot be read or written, check it and its free space",
  SQLITE_NOMEM: "memory is used up",
  SQLITE_PERM: "this user must not use the file",
  SQLITE_AUTH: "access is refused, check the token",
  HRANA_WEBSOCKET_ERROR: "the server did not answer, check its URL and the network",
};

/** Maximum number of causes to inspect. */
const MAX_CAUSES = 8;

/**
 * The members of an error that describe the failure. The error classes of drivers cannot always be imported.
 */
interface DriverError {
  readonly message: string;
  readonly code: string;
  readonly statementIndex: number | undefined;
  readonly status: number | undefined;
  readonly cause: unknown;
}

/**
 * Maps an error of a native library or of `@libsql/client` to an error of the store, with its cause. Neither
 * contains parameters of a statement, since SQLite's messages name only tables and columns.
 *
 * @param place The path of the file, or the server without a token, for the message.
 */
export function mapDriverError(thrown: unknown, action: DriverAction, place?: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const chain = causesOf(thrown);
  const options = { cause: withoutContents(thrown, chain) };
  const code = chain.find((error) => error.code !== "")?.code ?? "";
  if (action === "commit" && chain.some((error) => error.message.includes(GUARD_FAILED))) {
    return new FencedError("commit: the owner guard does not hold", options);
  }
  if (hasBase(code, BUSY)) return new BusyError(`${action}: another writer holds the database`, options);
  if (hasBase(code, REFUSED)) {
    return new RefusedError(`${action}: the database refuses a statement (${code})`, {
      ...options,
      writeIndex: chain.find((error) => error.statementIndex !== undefined)?.statementIndex,
    });
  }
  if (hasBase(code, ["SQLITE_CORRUPT"]))
    return new CorruptError(`${action}: the database is damaged`, options);
  if (hasBase(code, ["SQLITE_NOTADB"])) {
    return new IncompatibleError(`${action}: the file is not a database`, options);
  }
  if (thrown instanceof RangeError && action === "read") {
    return new CorruptError("read: a stored integer is out of range", options);
  }
  if (action !== "commit" || isKnownNotApplied(code, chain)) {
    const where = place === undefined ? "" : `: ${JSON.stringify(place)}`;
    return new BackendError(`${action}: ${reasonOf(code, chain)}${where}`, options);
  }
  return new AmbiguousError("commit: the answer was lost", options);
}

/** What has failed, why, and what to do about it. */
function reasonOf(code: string, chain: readonly DriverError[]): string {
  const known = Object.entries(ADVICE).find(([base]) => hasBase(code, [base]));
  if (known !== undefined) return `${known[1]} (${code})`;
  const status = chain.find((error) => error.status !== undefined)?.status;
  if (status === 401 || status === 403) return `access is refused, check the token (status ${status})`;
  const isUnreachable = chain.some(
    (error) =>
      NEVER_SENT_CODE.test(error.code) ||
      NO_WAY_CODE.test(error.code) ||
      NEVER_SENT_WORDS.test(error.message),
  );
  if (isUnreachable)
    return `the server cannot be reached, check its URL and the network (${code || "no code"})`;
  if (status !== undefined) return `failed (status ${status})`;
  if (code !== "") return `failed (${code})`;
  const hasNoAnswer = chain.some((error) => UNANSWERED_WORDS.test(error.message));
  return hasNoAnswer
    ? "the server did not answer, check its URL and the network"
    : "failed for an unknown reason";
}

/** The engine quotes text that is not JSON, and the text of an answer contains stored values. */
function withoutContents(thrown: unknown, chain: readonly DriverError[]): unknown {
  const quotes = thrown instanceof SyntaxError || chain.some(({ cause }) => cause instanceof SyntaxError);
  return quotes ? new Error("the server's answer is not JSON") : thrown;
}

/** Whether a commit with this failure was not applied and will not be. */
function isKnownNotApplied(code: string, chain: readonly DriverError[]): boolean {
  if (NOT_APPLIED.test(code) || code === "CLIENT_CLOSED" || code === "TRANSACTION_CLOSED") return true;
  return chain.some(({ code: each, message, status }) => {
    // The server or a proxy rejected the request. With a status from 500 on, it may have been applied.
    if (status !== undefined && status >= 400 && status < 500) return true;
    return NEVER_SENT_CODE.test(each) || NEVER_SENT_WORDS.test(message);
  });
}

function hasBase(code: string, bases: readonly string[]): boolean {
  return bases.some((base) => code === base || code.startsWith(`${base}_`));
}

function causesOf(thrown: unknown): DriverError[] {
  const chain: DriverError[] = [];
  let error: unknown = thrown;
  while (typeof error === "object" && error !== null && chain.length < MAX_CAUSES) {
    const { message, code, statementIndex, status, cause } = error as Partial<DriverError>;
    chain.push({
      message: typeof message === "string" ? message : "",
      code: typeof code === "string" ? code : "",
      statementIndex: typeof statementIndex === "number" ? statementIndex : undefined,
      status: typeof status === "number" ? status : undefined,
      cause,
    });
    error = cause;
  }
  return chain;
}
