import { Pool } from "pg";
import { afterAll, test } from "vitest";
import { startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { pgClients, postgresTarget } from "./postgres.ts";
import { registerTargets } from "./register.ts";

const why = whyNoPostgres();

if (why === undefined) {
  const server = await startPostgresServer();
  const pool = new Pool({ connectionString: server.url, max: 4 });
  // A connection that is closing may hear of the end of the server.
  pool.on("error", () => {});
  afterAll(async () => {
    await pool.end();
    await server.close();
  });
  registerTargets([postgresTarget("postgres through pg", () => pgClients(pool))], test);
} else test(`postgres through pg: ${why}`, ({ skip }) => skip(why));
