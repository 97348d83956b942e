import { Pool } from "pg";
import { startPostgresServer } from "./server.ts";

/** A server of its own with a pool of four connections. */
export interface PostgresPool {
  readonly pool: Pool;
  /** Ends both. */
  close(): Promise<void>;
}

/** Starts a server, and connects a pool to it. */
export async function startPostgresPool(): Promise<PostgresPool> {
  const server = await startPostgresServer();
  const pool = new Pool({ connectionString: server.url, max: 4 });
  // A connection that is closing may hear of the end of the server.
  pool.on("error", () => {});
  return {
    pool,
    async close() {
      await pool.end();
      await server.close();
    },
  };
}
