/**
 * An owner commits to a PostgreSQL server while connections are cut before and after a commit is applied,
 * commits arrive late, the server restarts, and transactions fail by serialization failures and deadlocks. No
 * acknowledged commit is lost, and none is applied again after a newer one. Does not cover the loss of power
 * of the server.
 */
import { Client, Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import { type Backend, CommitQueue, type Write } from "../../src/backend/mod.ts";
import { AmbiguousError, BackendError, StoreError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { openProxy, type PostgresProxy } from "../support/postgres/proxy.ts";
import { type PostgresServer, startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { waitForWaiter } from "../support/postgres/wait_for_waiter.ts";

const SEEDS = dose({ short: 2, long: 100 });
const COMMITS = 10;
const LATEST = "latest@lid.0";

const why = whyNoPostgres();

let server: PostgresServer;
let proxy: PostgresProxy;

/** Records each application of a commit, and fails some by a SQLSTATE. */
const OBSERVE = `
  CREATE TABLE applied (n bigint GENERATED ALWAYS AS IDENTITY, account bigint, value bytea);
  CREATE TABLE failing (account bigint, state text);
  CREATE SEQUENCE failures;
  CREATE SEQUENCE tries;
  CREATE FUNCTION observe() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE how text;
  BEGIN
    IF NEW.address <> '${LATEST}' THEN RETURN NEW; END IF;
    SELECT state INTO how FROM failing WHERE account = NEW.device_id AND nextval('tries') % 3 = 0 LIMIT 1;
    IF how IS NOT NULL THEN PERFORM nextval('failures'); RAISE EXCEPTION USING ERRCODE = how; END IF;
    INSERT INTO applied (account, value) VALUES (NEW.device_id, NEW.record);
    RETURN NEW;
  END $$;
  CREATE TRIGGER observe BEFORE INSERT OR UPDATE ON holdfast.session FOR EACH ROW EXECUTE FUNCTION observe()`;

/** A number as the record of a session. */
function record(number: number): Uint8Array {
  return new Uint8Array([number]);
}

function writesOf(number: number): Write[] {
  return [
    { kind: "session.put", address: LATEST, record: record(number) },
    { kind: "session.put", address: `${number}:1@lid.0`, record: record(number) },
    { kind: "identity.put", address: `${number}:1@lid.0`, key: new Uint8Array(32).fill(number) },
  ];
}

/** What became of the commits of one seed. */
interface Outcome {
  readonly acknowledged: readonly number[];
  readonly failed: readonly StoreError[];
  /** Sends whose answer was lost. */
  readonly lost: number;
}

/** Commits one after the other, as an open account does. `fault` runs before each. */
async function commitAll(
  backend: Backend,
  random: SeededRandom,
  fault: (number: number) => unknown,
): Promise<Outcome> {
  const queue = await CommitQueue.take(backend, { random, logger: silentLogger });
  const acknowledged: number[] = [];
  const failed: StoreError[] = [];
  for (let number = 1; number <= COMMITS; number += 1) {
    await fault(number);
    try {
      await queue.commit(writesOf(number));
      acknowledged.push(number);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      failed.push(error);
    }
  }
  await queue.close();
  return { acknowledged, failed, lost: queue.stats.ambiguous };
}

/** Checks what is stored, over a good connection. */
async function check(account: string, { acknowledged, failed }: Outcome): Promise<void> {
  const pool = new Pool({ connectionString: server.url, max: 1 });
  try {
    const backend = await postgresBackend({ pg: pool, account, logger: silentLogger });
    const latest = (await backend.getSession(LATEST))?.[0] ?? 0;
    expect(latest, `${account}: an acknowledged commit is lost`).toBeGreaterThanOrEqual(
      acknowledged.at(-1) ?? 0,
    );
    for (let number = 1; number <= COMMITS; number += 1) {
      const parts = [
        await backend.getSession(`${number}:1@lid.0`),
        await backend.loadIdentity(`${number}:1@lid.0`),
      ];
      const stored = parts.filter((part) => part !== undefined).length;
      if (acknowledged.includes(number)) expect(stored, `${account}: commit ${number}`).toBe(2);
      else expect([0, 2], `${account}: half of commit ${number}`).toContain(stored);
    }
    const { rows } = await pool.query<{ value: Buffer }>(
      `SELECT value FROM applied WHERE account = (SELECT device_id FROM holdfast.account WHERE name = $1) ORDER BY n`,
      [account],
    );
    const values = rows.map(({ value }) => value[0] ?? 0);
    expect(values, `${account}: a commit came after a newer one`).toEqual([...values].sort((a, b) => a - b));
    for (const error of failed) expect(error).toSatisfy(isOfTheConnection);
    await backend.close();
  } finally {
    await pool.end();
  }
}

function isOfTheConnection(error: unknown): boolean {
  return error instanceof AmbiguousError || error instanceof BackendError;
}

/** Runs one seed over the proxy. */
async function run(
  account: string,
  seed: number,
  fault: (tools: { readonly random: SeededRandom; readonly number: number; readonly pool: Pool }) => unknown,
): Promise<Outcome> {
  const random = new SeededRandom(seed);
  const pool = new Pool({ connectionString: proxy.url, max: 2 });
  pool.on("error", () => {});
  const backend = await postgresBackend({ pg: pool, account, logger: silentLogger });
  const outcome = await commitAll(backend, random, (number) => fault({ random, number, pool }));
  await backend.close();
  await pool.end();
  await proxy.deliverLate();
  await check(account, outcome);
  return outcome;
}

function seeds(): number[] {
  return Array.from({ length: SEEDS }, (_, index) => index + 1);
}

describe("an owner over PostgreSQL loses and repeats nothing", { timeout: DOSED_TIMEOUT_MS }, () => {
  beforeAll(async () => {
    if (why !== undefined) return;
    server = await startPostgresServer({ deadlock_timeout: "20ms" });
    proxy = await openProxy(server.port);
    const pool = new Pool({ connectionString: server.url, max: 1 });
    const backend = await postgresBackend({ pg: pool, logger: silentLogger });
    await backend.close();
    await pool.query(OBSERVE);
    await pool.end();
  });

  beforeEach(({ skip }) => skip(why !== undefined, why));

  afterAll(async () => {
    await proxy?.close();
    await server?.close();
  });

  for (const kind of ["before", "after", "late"] as const) {
    test(`when a connection is cut: ${kind}`, async () => {
      let answersLost = 0;
      for (const seed of seeds()) {
        const { acknowledged, lost } = await run(`${kind} ${seed}`, seed, async ({ random }) => {
          if (random.below(3) === 0) await proxy.deliverLate();
          if (random.below(2) === 0) return;
          proxy.cutNext(kind);
        });
        // The queue sends a commit again whose answer was lost.
        expect(acknowledged).toHaveLength(COMMITS);
        answersLost += lost;
      }
      expect(answersLost).toBeGreaterThan(SEEDS);
    });
  }

  test("when the server restarts", async () => {
    let failures = 0;
    for (const seed of seeds()) {
      let restarting = Promise.resolve();
      const { failed, lost } = await run(`restart ${seed}`, seed, async ({ random, number }) => {
        await restarting;
        if (number % 4 !== 0) return;
        restarting = server.restart(random.below(2) === 0 ? "fast" : "immediate");
        await new Promise((resolve) => setTimeout(resolve, random.below(20)));
      });
      failures += failed.length + lost;
    }
    expect(failures).toBeGreaterThan(0);
  });

  for (const [name, state] of [
    ["serialization failures", "40001"],
    ["deadlocks that another session loses", "40P01"],
  ] as const) {
    test(`when transactions fail: ${name}`, async () => {
      const before = Number(await ask("SELECT nextval('failures')"));
      for (const seed of seeds()) {
        const account = `${state} ${seed}`;
        const { failed } = await run(account, seed, async ({ number, pool }) => {
          if (number !== 2) return;
          const id = "(SELECT device_id FROM holdfast.account WHERE name = $1)";
          await pool.query(`INSERT INTO failing VALUES (${id}, $2)`, [account, state]);
        });
        // They are tried again below the caller.
        expect(failed).toEqual([]);
      }
      expect(Number(await ask("SELECT nextval('failures')")) - before).toBeGreaterThan(SEEDS);
    });
  }

  test("when transactions fail: real deadlocks", async () => {
    for (const seed of seeds()) {
      const account = `deadlock ${seed}`;
      const other = new Client({ connectionString: server.url });
      await other.connect();
      let crossing = Promise.resolve();
      const { failed } = await run(account, seed, async ({ number }) => {
        await crossing;
        if (number < 4 || number % 2 !== 0) return;
        const id = (await other.query("SELECT device_id FROM holdfast.account WHERE name = $1", [account]))
          .rows[0];
        // The commit changes the latest session, then the identity: this one locks them the other way around.
        await other.query("BEGIN");
        await other.query("INSERT INTO holdfast.identity VALUES ($1, $2, $2 || ':1@lid.0', '\\x00')", [
          id.device_id,
          String(number),
        ]);
        crossing = (async () => {
          await waitForWaiter(other);
          const crossed = other.query(
            "UPDATE holdfast.session SET burned = 0 WHERE device_id = $1 AND address = $2",
            [id.device_id, LATEST],
          );
          // One of the two loses, the commit where it waits longer.
          await crossed.catch(() => {});
          await other.query("ROLLBACK");
        })();
      });
      await crossing;
      await other.end();
      expect(failed).toEqual([]);
    }
    expect(await ask("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'")).toBeGreaterThan(
      SEEDS,
    );
  });
});

/** The number that a statement returns. */
async function ask(sql: string): Promise<number> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: "array" });
  await client.end();
  return Number(rows[0]?.[0]);
}
