import {
  BackendError,
  BusyError,
  CorruptError,
  FencedError,
  IncompatibleError,
  RefusedError,
  StoreError,
} from "../../errors/mod.ts";

/** SQLite's message when the guard's function fails. */
const GUARD_FAILED = "malformed JSON";

/** SQLite's code in a message of the platform. Errors carry it nowhere else. */
const CODE = /\bSQLITE_[A-Z_]+/;

const REFUSED: readonly string[] = ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"];

/**
 * Maps an error of `ctx.storage.sql` to an error of the store, with its cause. No commit is ambiguous: a
 * commit that throws was rolled back, and if its write to disk fails later, the platform resets the object
 * and its memory. SQLite's messages name tables and columns, never values.
 *
 * @param statementIndex Index of the failed statement of a batch.
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
    return new IncompatibleError(`${action}: the storage is not a database`, options);
  return new BackendError(`${action}: failed (${code || "the platform"})`, options);
}
