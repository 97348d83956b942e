import { OBJECT_LIMITS, requireWithinLimits } from "../durable_object/mod.ts";
import type { SqlDriver, SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { SerialQueue } from "../sqlite_file/mod.ts";
import type { D1DatabaseLike, D1StatementLike } from "./d1_database.ts";
import { mapD1Error } from "./d1_errors.ts";

/**
 * A driver over a D1 database, which is the engine of a Durable Object with the same limits. A batch is one
 * request and one transaction. Batches are sent one at a time, in order.
 */
export function d1Driver(database: D1DatabaseLike): SqlDriver {
  const queue = new SerialQueue();
  const prepare = ({ sql, params }: SqlStatement, index?: number): D1StatementLike => {
    requireWithinLimits({ sql, params }, index);
    return database.prepare(sql).bind(...params);
  };
  return {
    limits: OBJECT_LIMITS,
    durable: true,
    async query(sql, params): Promise<SqlValue[][]> {
      try {
        return (await prepare({ sql, params }).raw()).map((row) => row.map(cellOf));
      } catch (error) {
        throw mapD1Error(error, "read");
      }
    },
    async batch(statements): Promise<SqlResult[]> {
      return await queue.run(async () => {
        try {
          return (await database.batch(statements.map(prepare))).map(resultOf);
        } catch (error) {
          throw mapD1Error(error, "commit");
        }
      });
    },
    close: () => queue.run(async () => {}),
  };
}

/** Rows of a batch are objects. The columns of the backend's statements have different names. */
function resultOf({ results = [], meta }: Awaited<ReturnType<D1DatabaseLike["batch"]>>[number]): SqlResult {
  const rows = results.map((row) => Object.values(row as object).map(cellOf));
  return { rows, rowsAffected: meta.changes ?? 0 };
}

/** Blobs come as lists of numbers. */
function cellOf(cell: unknown): SqlValue {
  if (Array.isArray(cell)) return Uint8Array.from(cell);
  return cell instanceof ArrayBuffer ? new Uint8Array(cell) : (cell as SqlValue);
}
