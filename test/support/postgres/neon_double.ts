import type { Pool, PoolClient, QueryArrayResult } from "pg";

/** A query that has not been sent: `transaction` sends it with others, `then` alone. */
interface NeonQuery extends PromiseLike<QueryArrayResult> {
  readonly text: string;
  readonly values: readonly (string | null)[];
}

/** What `neon` of `@neondatabase/serverless` returns, as far as a driver uses it. */
export interface NeonDouble {
  query(text: string, values: readonly (string | null)[], options: NeonOptions): NeonQuery;
  transaction(queries: readonly NeonQuery[], options: NeonOptions): Promise<QueryArrayResult[]>;
}

interface NeonOptions {
  readonly arrayMode: boolean;
  readonly fullResults: boolean;
  readonly isolationLevel?: string;
}

/**
 * A double of Neon's HTTP driver over a server. As there, a transaction is one request that the server carries
 * out alone, parameters travel in JSON, and values come back converted by their types.
 */
export function neonDouble(pool: Pool): NeonDouble {
  return {
    query(text, values, options) {
      requireArrays(options);
      const sent = JSON.parse(JSON.stringify(values)) as (string | null)[];
      return {
        text,
        values: sent,
        // biome-ignore lint/suspicious/noThenProperty: Neon's query is sent when it is awaited.
        then: (done, failed) => run(pool, { text, values: sent }).then(done, failed),
      };
    },
    async transaction(queries, options) {
      requireArrays(options);
      if (options.isolationLevel !== "ReadCommitted") throw new Error("transaction: another isolation level");
      const client = await pool.connect();
      try {
        await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
        const results: QueryArrayResult[] = [];
        for (const query of queries) results.push(await run(client, query));
        await client.query("COMMIT");
        return results;
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      } finally {
        client.release();
      }
    },
  };
}

function run(
  on: Pool | PoolClient,
  { text, values }: { readonly text: string; readonly values: readonly (string | null)[] },
): Promise<QueryArrayResult> {
  return on.query({ text, values: [...values], rowMode: "array" });
}

function requireArrays({ arrayMode, fullResults }: NeonOptions): void {
  if (!arrayMode || !fullResults) throw new Error("query: results are asked for in another form");
}
