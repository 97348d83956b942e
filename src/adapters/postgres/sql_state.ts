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

/** The action that failed. Only a commit can have a lost answer. */
export type PostgresAction = "open database" | "read" | "commit";

/**
 * Text that a check casts to a number: see `translateCheck` and `locks.ts`. The quotes around it depend on the
 * language of the server.
 */
const FAILED_CHECK = /(?<!\p{L})(fenced|migrated|isolation)(?!\p{L})/u;

/**
 * Nothing was applied, and the same commit may succeed later: serialization failures (40001), deadlocks
 * (40P01) and other rollbacks, waits for locks (55P03), cancelled statements (57014), a server that is
 * starting or full (57P03, 53300, 53400), a standby that took over no writes yet (25006), and statements that
 * a pooler has lost (26000, 42P05).
 */
const BUSY = /^(?:40(?!003)\w{3}|55P03|57014|57P03|53300|53400|25006|26000|42P05)$/;

/** The connection or the server ended, or the outcome is unknown (40003): a commit may have been applied. */
const AMBIGUOUS = /^(?:08\w{3}|40003|57P01|57P02|57P04|57P05)$/;

/** Values that no row takes: out of range, not valid in an encoding, too long, or against a constraint. */
const REFUSED = /^(?:22|23|54)\w{3}$/;

const CORRUPT = /^(?:XX001|XX002)$/;

/** A SQLSTATE, and not the code of a system call such as EPIPE. */
const SQL_STATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** Failures to connect: no statement was sent. An open connection can fail with EHOSTUNREACH, too. */
const NEVER_SENT = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|CONNECT_TIMEOUT)$/;

/** What clients say of a certificate that they do not accept. No statement was sent. */
const CERTIFICATE =
  /^(?:CERT_|DEPTH_ZERO_|ERR_TLS_CERT|HOSTNAME_|SELF_SIGNED_|UNABLE_TO_(?:GET_ISSUER|VERIFY))/;

/** `pg` asks for TLS, and the server has none. Its error has no code. */
const NO_TLS = /server does not support SSL/;

/** `pg` has no password, or the server does not prove that it knows it. Its error has no code. */
const NO_PASSWORD = /^SASL: /;

/** What a user can do about a code. */
const ADVICE: Readonly<Record<string, string>> = {
  "28P01": "access is refused, check user and password",
  "28000": "access is refused, check user and password",
  "3D000": "there is no such database",
  "42501": "the user must not do this, check its rights in the schema",
  "53100": "the disk of the server is full",
  ECONNREFUSED: "the server cannot be reached, check its address and the network",
  ENOTFOUND: "the server cannot be reached, check its address and the network",
  ETIMEDOUT: "the server did not answer in time, check its address and the network",
  ENOENT: "a file does not exist, check the paths of the URL, such as sslrootcert",
  SASL: "access is refused, check user and password",
  TLS: "the server has no TLS, check sslmode",
};

/** Maximum number of causes to inspect. */
const MAX_CAUSES = 8;

/** The members of an error that describe the failure. */
interface Failure {
  readonly message: string;
  readonly code: string;
  readonly statementIndex: number | undefined;
  readonly isUnsent: boolean;
}

/**
 * Maps an error of a client of PostgreSQL to an error of the store. The cause has the code alone: the
 * server's messages and details quote values of rows, and clients add the parameters of a statement.
 *
 * @param originOf The statement of the batch that a statement of the transaction belongs to.
 */
export function mapPostgresError(
  thrown: unknown,
  action: PostgresAction,
  originOf: (statementIndex: number) => number | undefined = (index) => index,
): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const chain = failuresOf(thrown);
  const state = chain.find(({ code }) => SQL_STATE.test(code))?.code;
  const code = state ?? chain.find((failure) => failure.code !== "")?.code ?? codeOf(chain);
  const options = { cause: scrubbed(code) };
  const check = state === "22P02" ? checkOf(chain) : undefined;
  if (check === "isolation")
    return new IncompatibleError(
      "commit: the transaction is not READ COMMITTED, set the isolation level",
      options,
    );
  if (check !== undefined) return new FencedError("commit: the owner guard does not hold", options);
  if (state === undefined) {
    const isUnsent = chain.some(
      (failure) => failure.isUnsent || NEVER_SENT.test(failure.code) || CERTIFICATE.test(failure.code),
    );
    if (action === "commit" && !isUnsent) return new AmbiguousError("commit: the answer was lost", options);
    const why = adviceOn(code ?? "");
    return new BackendError(`${action}: ${why} (${code ?? "no code"})`, options);
  }
  if (BUSY.test(state))
    return new BusyError(`${action}: another transaction is in the way (${state})`, options);
  if (AMBIGUOUS.test(state)) {
    return action === "commit" && !chain.some(({ isUnsent }) => isUnsent)
      ? new AmbiguousError(`commit: the server ended the connection (${state})`, options)
      : new BackendError(`${action}: the server ended the connection (${state})`, options);
  }
  if (REFUSED.test(state)) {
    const index = chain.find(({ statementIndex }) => statementIndex !== undefined)?.statementIndex;
    const writeIndex = index === undefined ? undefined : originOf(index);
    return new RefusedError(`${action}: the database refuses a statement (${state})`, {
      ...options,
      writeIndex,
    });
  }
  if (CORRUPT.test(state)) return new CorruptError(`${action}: the database is damaged (${state})`, options);
  return new BackendError(`${action}: ${ADVICE[state] ?? "failed"} (${state})`, options);
}

/** Whether a pooler has lost a prepared statement, or has one of another client. */
export function isLostStatement(thrown: unknown): boolean {
  return failuresOf(thrown).some(({ code }) => code === "26000" || code === "42P05");
}

/** Whether the server answered with an error of a statement, so that the connection goes on. */
export function keepsConnection(thrown: unknown): boolean {
  const state = failuresOf(thrown).find(({ code }) => SQL_STATE.test(code))?.code;
  return state !== undefined && !AMBIGUOUS.test(state);
}

/** What stands for a code where a client has none. */
function codeOf(chain: readonly Failure[]): string | undefined {
  if (chain.some(({ message }) => NO_PASSWORD.test(message))) return "SASL";
  return chain.some(({ message }) => NO_TLS.test(message)) ? "TLS" : undefined;
}

function adviceOn(code: string): string {
  if (CERTIFICATE.test(code))
    return (
      "the certificate of the server is not accepted, check its name and date, and the authorities that are " +
      "trusted (sslrootcert, NODE_EXTRA_CA_CERTS)"
    );
  return ADVICE[code] ?? "the server did not answer, check its address and the network";
}

function checkOf(chain: readonly Failure[]): string | undefined {
  for (const { message } of chain) {
    const word = FAILED_CHECK.exec(message)?.[1];
    if (word !== undefined) return word;
  }
  return undefined;
}

function scrubbed(code: string | undefined): Error {
  return Object.assign(new Error(`PostgreSQL: ${code ?? "no code"}`), { code });
}

function failuresOf(thrown: unknown): Failure[] {
  const chain: Failure[] = [];
  let error: unknown = thrown;
  while (typeof error === "object" && error !== null && chain.length < MAX_CAUSES) {
    const { message, code, statementIndex, isUnsent, cause } = error as Partial<Failure> & {
      readonly cause?: unknown;
    };
    chain.push({
      message: typeof message === "string" ? message : "",
      code: typeof code === "string" ? code : "",
      statementIndex: typeof statementIndex === "number" ? statementIndex : undefined,
      isUnsent: isUnsent === true,
    });
    error = cause;
  }
  return chain;
}
