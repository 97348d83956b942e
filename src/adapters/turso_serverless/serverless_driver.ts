import { CorruptError, IncompatibleError } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import type { SqlDriver, SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { BusyRetry, SerialQueue, SQLITE_LIMITS } from "../sqlite_file/mod.ts";
import type { TursoServerlessClient } from "./serverless_client.ts";
import { answerIsCutOff, isStreamGone, mapServerlessError } from "./serverless_errors.ts";

/**
 * Goes behind the last statement of each batch. The client takes the end of an answer for its end, however
 * few rows it has had: without this row a session might seem to be absent, or a commit to be stored.
 */
const LAST: SqlStatement = { sql: "SELECT 1", params: [] };

/** The part of a client's private state that tells whether the answer ended inside a transaction. */
interface Session {
  readonly session?: { readonly inTransaction?: unknown };
}

/**
 * A driver over a client that belongs to the caller. Commits are sent one at a time, in order. The client
 * itself sends one request after the other.
 */
export function serverlessDriver(client: TursoServerlessClient, logger: Logger): SqlDriver {
  const queue = new SerialQueue();
  const retry = new BusyRetry({ logger });
  const send = (statements: readonly SqlStatement[], action: "read" | "commit"): Promise<SqlResult[]> =>
    retry.run(async () => {
      try {
        return await request(client, statements, action);
      } catch (error) {
        throw mapServerlessError(error, action);
      }
    });
  return {
    limits: SQLITE_LIMITS,
    durable: true,
    query: async (sql, params) => (await send([{ sql, params }], "read"))[0]?.rows ?? [],
    batch: (statements) => queue.run(() => send(statements, "commit")),
    close: () => queue.run(async () => {}),
  };
}

async function request(
  client: TursoServerlessClient,
  statements: readonly SqlStatement[],
  action: "read" | "commit",
): Promise<SqlResult[]> {
  const batch = [...statements, LAST].map(({ sql, params }) => ({ sql, args: [...params] }));
  const mode = action === "read" ? "read" : "write";
  const answer = await client.batch(batch, { mode, raw: true }).catch((error: unknown) => {
    if (!isStreamGone(error)) throw error;
    return client.batch(batch, { mode, raw: true });
  });
  const isCommitUnknown = action === "commit" && (client as Session).session?.inTransaction === true;
  if (answer.length !== batch.length || answer.at(-1)?.rows.length !== 1 || isCommitUnknown)
    throw answerIsCutOff(action);
  return answer.slice(0, -1).map(resultOf);
}

type Answer = Awaited<ReturnType<TursoServerlessClient["batch"]>>[number];

function resultOf({ rows, rowsAffected }: Answer): SqlResult {
  return { rows: rows.map(rowOf), rowsAffected };
}

function rowOf(row: unknown): SqlValue[] {
  // Without `raw` two columns of one name are one.
  if (!Array.isArray(row)) throw new IncompatibleError("read: the client must be version 1.4 or newer");
  return row.map(cellOf);
}

function cellOf(cell: unknown): SqlValue {
  // The client's bytes share memory with others.
  if (cell instanceof Uint8Array) return new Uint8Array(cell);
  if (typeof cell === "number" && Number.isInteger(cell) && !Number.isSafeInteger(cell))
    throw new CorruptError("read: a stored integer is out of range");
  return cell as SqlValue;
}
