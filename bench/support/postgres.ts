import { Client, Pool } from "pg";
import { openProxy, type PostgresProxy } from "../../test/support/postgres/proxy.ts";
import { startPostgresServer } from "../../test/support/postgres/server.ts";

/** A server, a pool of one connection, and a bare client. */
export interface BenchDatabase {
  readonly pool: Pool;
  readonly bare: Client;
  readonly proxy: PostgresProxy | undefined;
  close(): Promise<void>;
}

/** Starts a server as a user has it, but without syncs, for which no side takes CPU time. */
export async function openBenchDatabase(isProxied = false): Promise<BenchDatabase> {
  const server = await startPostgresServer();
  const proxy = isProxied ? await openProxy(server.port) : undefined;
  const connectionString = proxy?.url ?? server.url;
  const pool = new Pool({ connectionString, max: 1 });
  pool.on("error", () => {});
  const bare = new Client({ connectionString });
  bare.on("error", () => {});
  await bare.connect();
  return {
    pool,
    bare,
    proxy,
    async close() {
      await bare.end();
      await pool.end();
      await proxy?.close();
      await server.close();
    },
  };
}
