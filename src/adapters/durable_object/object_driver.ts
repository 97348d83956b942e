import type { SqlDriver, SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { mapObjectError } from "./object_errors.ts";
import { OBJECT_LIMITS, requireWithinLimits } from "./object_limits.ts";
import type { ObjectStorageLike } from "./object_storage.ts";

/** Statements whose changed rows are asked for. The others change none. */
const CHANGES_ROWS = /^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b/i;

/** Where a batch is. */
interface Progress {
  /** Index of the statement that runs. */
  at: number;
}

/**
 * A driver over the SQLite database of a Durable Object.
 *
 * Everything runs synchronously, within the call: a batch is one `transactionSync`, which a guard that fails
 * rolls back. What a batch wrote is not on disk yet when it resolves, but nothing that anybody outside could
 * see leaves the object before it is (the platform's output gate holds back responses, requests and frames
 * alike), and a write that fails takes the memory of the object with it. So `durable` is true, unless the
 * object uses `allowUnconfirmed`, which it must not.
 *
 * The storage belongs to the object: closing the driver closes nothing.
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

/** Runs a statement to its end. Blobs are the caller's own. */
function execute(storage: ObjectStorageLike, sql: string, params: readonly SqlValue[]): SqlValue[][] {
  const rows: SqlValue[][] = [];
  for (const row of storage.sql.exec(sql, ...params).raw()) {
    rows.push(row.map((cell) => (cell instanceof ArrayBuffer ? new Uint8Array(cell) : cell)));
  }
  return rows;
}

/** The cursor's own count has the entries of indexes in it. */
function changedRows(storage: ObjectStorageLike): number {
  return Number(execute(storage, "SELECT changes()", [])[0]?.[0] ?? 0);
}
