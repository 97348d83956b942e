/**
 * Ten processes take the accounts of one database from each other, send, and are killed with SIGKILL at random
 * moments. No key is used twice, what was durable is there at the end, and no caller meets another error than
 * that it was fenced. Does not cover the loss of power.
 */
import { join } from "node:path";
import { Pool } from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { type PostgresServer, startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { type ContentionRecord, contend, lost } from "./contention.ts";
import { programForFile } from "./program_for_file.ts";

const PROCESSES = dose({ short: 4, long: 10 });
const ACCOUNTS = dose({ short: 2, long: 5 });
/** How long they run at least once the first of them has sent. A busy machine starts a process in seconds. */
const RUN_MS = dose({ short: 2_000, long: 60_000 });
const KILLS = dose({ short: 5, long: 100 });
/** Mean time between two kills. */
const KILL_EVERY_MS = dose({ short: 200, long: 400 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_202);

const program = programForFile("test/process/contender.ts");

/** Runs the processes of one database. */
async function contendOver(url: string): Promise<ContentionRecord> {
  let sinceMs = Number.POSITIVE_INFINITY;
  return await contend({
    ...{
      url,
      processes: PROCESSES,
      accounts: ACCOUNTS,
      kills: KILLS,
      killEveryMs: KILL_EVERY_MS,
      seed: SEED,
    },
    programOf: () => ["contender", program],
    isEnough: ({ keys }) => {
      if (keys.size > 0) sinceMs = Math.min(sinceMs, Date.now());
      return Date.now() >= sinceMs + RUN_MS;
    },
  });
}

function expectSound(record: ContentionRecord): void {
  expect(record.failures).toEqual([]);
  expect(record.repeated).toEqual([]);
  expect(record.keys.size).toBeGreaterThan(PROCESSES);
  expect(record.fenced).toBeGreaterThan(0);
}

describe("processes that take each other's accounts", () => {
  test(`repeat no key and lose nothing over one file (seed ${SEED})`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const url = `file:${join(program.folder, "contended.db")}`;
    const record = await contendOver(url);
    expectSound(record);
    expect(await lost(record, (account) => libsqlBackend({ url, account, logger: silentLogger }))).toEqual(
      [],
    );
  });
});

describe("processes that take each other's accounts over PostgreSQL", () => {
  let server: PostgresServer | undefined;
  afterAll(() => server?.close());

  test(`repeat no key and lose nothing (seed ${SEED})`, { timeout: DOSED_TIMEOUT_MS }, async ({ skip }) => {
    const reason = whyNoPostgres();
    if (reason !== undefined) skip(reason);
    server = await startPostgresServer();
    const record = await contendOver(server.url);
    expectSound(record);
    const pool = new Pool({ connectionString: server.url });
    // A connection that is closing may hear of the end of the server.
    pool.on("error", () => {});
    expect(await lost(record, (account) => postgresBackend({ pg: pool, account }))).toEqual([]);
    await pool.end();
  });
});
