/** PostgreSQL through `pg` on Deno: what the client is concerned with, and the whole kit in the long run. */
import process from "node:process";
import { pgClients, postgresTarget, sendingCases } from "../../kit/postgres.ts";
import { registerTargets } from "../../kit/register.ts";
import { startPostgresPool } from "../../support/postgres/pool.ts";
import { whyNoPostgres } from "../../support/postgres/server.ts";

const why = whyNoPostgres();

if (why === undefined) {
  const { pool, close } = await startPostgresPool();
  // Connections and the server outlive each case.
  const register = (name: string, run: () => Promise<void>): void =>
    Deno.test({ name, fn: run, sanitizeOps: false, sanitizeResources: false });
  registerTargets([postgresTarget("postgres through pg", () => pgClients(pool))], register, {
    cases: process.env.HOLDFAST_DOSE === "long" ? undefined : sendingCases,
  });
  Deno.test.afterAll(close);
} else Deno.test.ignore(`postgres through pg: ${why}`, () => {});
