import { afterAll, test } from "vitest";
import { startPostgresPool } from "../support/postgres/pool.ts";
import { whyNoPostgres } from "../support/postgres/server.ts";
import { pgClients, postgresTarget } from "./postgres.ts";
import { registerTargets } from "./register.ts";

const why = whyNoPostgres();

if (why === undefined) {
  const { pool, close } = await startPostgresPool();
  afterAll(close);
  registerTargets([postgresTarget("postgres through pg", () => pgClients(pool))], test);
} else test(`postgres through pg: ${why}`, ({ skip }) => skip(why));
