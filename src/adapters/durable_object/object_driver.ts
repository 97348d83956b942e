import type { SqlDriver, SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { mapObjectError } from "./object_errors.ts";
import { OBJECT_LIMITS, requireWithinLimits } from "./object_limits.ts";
import type { ObjectStorageLike } from "./object_storage.ts";

/** Statements that change rows, which may begin with common tables. */
const CHANGES_ROWS = /^\s*(?:WITH\b.*\)\s*)?(?:INSERT|UPDATE|DELETE|REPLACE)\b/is;

/** The progress of a batch. */
interface Progress {
  /** Index of the running statement. */
  at: number;
}

/**
 * A driver over the SQLite database of a Durable Object.
 *
 * Everything runs synchronously within the call. A batch is one `transactionSync`, which a failed guard rolls
 * back. When a batch resolves, its writes may not be on disk yet. But the platform's output gate holds back
 * responses, requests and frames until they are, and a failed write resets the memory of the object. So
 * `durable` is true. The object must not use `allowUnconfirmed`.
 *
 * The storage belongs to the object, so closing the driver does not close it.
 */
export function durableObjectDriver(storage: ObjectStorageLike): SqlDriver {
  return {
    limits: OBJECT_LIMITS,
    durable: true,
    async query(sql, params): Promise<SqlValue[][]> {
      requireWithinLimits({ sql, params });
      try {
        return execute(storage, sql, params);
      } catch (thrown) {
        throw mapObjectError(thrown, "read");
      }
    },
    async batch(statements): Promise<SqlResult[]> {
      for (const [index, statement] of statements.entries()) requireWithinLimits(statement, index);
      const progress: Progress = { at: 0 };
      try {
        return storage.transactionSync(() => executeAll(storage, statements, progress));
      } catch (thrown) {
        throw mapObjectError(thrown, "commit", progress.at);
      }
    },
    async close(): Promise<void> {},
  };
}

function executeAll(
  storage: ObjectStorageLike,
  statements: readonly SqlStatement[],
  progress: Progress,
): SqlResult[] {
  const results: SqlResult[] = [];
  for (const [index, { sql, params }] of statements.entries()) {
    progress.at = index;
    const rows = execute(storage, sql, params);
    results.push({ rows, rowsAffected: CHANGES_ROWS.test(sql) ? changedRows(storage) : 0 });
  }
  return results;
}

/** Runs a statement and reads all its rows. The caller owns the blobs. */
function execute(storage: ObjectStorageLike, sql: string, params: readonly SqlValue[]): SqlValue[][] {
  const rows: SqlValue[][] = [];
  for (const row of storage.sql.exec(sql, ...params).raw()) {
    rows.push(row.map((cell) => (cell instanceof ArrayBuffer ? new Uint8Array(cell) : cell)));
  }
  return rows;
}

/** The cursor's own count includes index entries. */
function changedRows(storage: ObjectStorageLike): number {
  return Number(execute(storage, "SELECT changes()", [])[0]?.[0] ?? 0);
}
