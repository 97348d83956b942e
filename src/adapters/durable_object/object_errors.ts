import {
  BackendError,
  BusyError,
  CorruptError,
  FencedError,
  IncompatibleError,
  RefusedError,
  StoreError,
} from "../../errors/mod.ts";

/** What SQLite raises when the guard's function fails. */
const GUARD_FAILED = "malformed JSON";

/** Codes of SQLite, which the platform appends to its messages: nothing else of an error tells. */
const CODE = /\bSQLITE_[A-Z_]+/;

const REFUSED: readonly string[] = ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"];

/**
 * Turns what `ctx.storage.sql` throws into an error of the store. A commit that threw was rolled back, and
 * one whose write to disk fails later takes the object and its memory with it: none is ambiguous. The cause
 * is kept; SQLite's messages name tables and columns, never values.
 *
 * @param statementIndex Which statement of a batch failed.
 */
export function mapObjectError(
  thrown: unknown,
  action: "read" | "commit",
  statementIndex?: number,
): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const message = thrown instanceof Error ? thrown.message : "";
  const options = { cause: thrown };
  if (action === "commit" && message.includes(GUARD_FAILED)) {
    return new FencedError("commit: the owner guard does not hold", options);
  }
  const code = CODE.exec(message)?.[0] ?? "";
  if (REFUSED.includes(code)) {
    return new RefusedError(`${action}: the database refuses a statement (${code})`, {
      ...options,
      writeIndex: statementIndex,
    });
  }
  if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED") {
    return new BusyError(`${action}: a table is in use`, options);
  }
  if (code === "SQLITE_CORRUPT") return new CorruptError(`${action}: the database is damaged`, options);
  if (code === "SQLITE_NOTADB")
    return new IncompatibleError(`${action}: the storage is no database`, options);
  return new BackendError(`${action}: failed (${code || "the platform"})`, options);
}
