import { Pool } from "pg";
import postgres from "postgres";
import { afterAll, test } from "vitest";
import { dose } from "../support/dose.ts";
import { neonDouble } from "../support/postgres/neon_double.ts";
import { startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { withoutLargest } from "./connected_cases.ts";
import { pgClients, postgresTarget, sendingCases } from "./postgres.ts";
import { registerTargets } from "./register.ts";

const why = whyNoPostgres();

if (why === undefined) {
  const server = await startPostgresServer();
  const pool = new Pool({ connectionString: server.url, max: 4 });
  pool.on("error", () => {});
  const sql = postgres(server.url, { max: 4, onnotice: () => {} });
  afterAll(async () => {
    await sql.end();
    await pool.end();
    await server.close();
  });
  const { run } = pgClients(pool);
  registerTargets(
    [postgresTarget("postgres through postgres", () => ({ client: { postgres: sql }, durable: true, run }))],
    test,
    { cases: dose({ short: sendingCases, long: undefined }) },
  );
  registerTargets(
    [
      postgresTarget("postgres through neon", () => ({
        client: { neon: neonDouble(pool) },
        durable: true,
        run,
      })),
    ],
    test,
    { cases: dose({ short: withoutLargest(sendingCases), long: undefined }) },
  );
} else test(`postgres through postgres and neon: ${why}`, ({ skip }) => skip(why));
