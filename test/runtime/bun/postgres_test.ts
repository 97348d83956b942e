/** PostgreSQL through `pg` on Bun: what the client is concerned with, and the whole kit in the long run. */
import { afterAll, test } from "bun:test";
import process from "node:process";
import { pgClients, postgresTarget, sendingCases } from "../../kit/postgres.ts";
import { registerTargets } from "../../kit/register.ts";
import { startPostgresPool } from "../../support/postgres/pool.ts";
import { whyNoPostgres } from "../../support/postgres/server.ts";

/** Above the duration of the slowest case on a busy machine. */
const TIMEOUT_MS = 60_000;

const why = whyNoPostgres();

if (why === undefined) {
  const { pool, close } = await startPostgresPool();
  afterAll(close);
  registerTargets(
    [postgresTarget("postgres through pg", () => pgClients(pool))],
    (name, run) => test(name, run, TIMEOUT_MS),
    { cases: process.env.HOLDFAST_DOSE === "long" ? undefined : sendingCases },
  );
} else test.skip(`postgres through pg: ${why}`, () => {});
