/**
 * The registry of a service over PostgreSQL answers as over SQLite, call by call, and decides as if there were one
 * transaction at a time.
 */
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { openPostgresDriver, postgresBackend } from "../../src/adapters/postgres/mod.ts";
import { overviewReads, type SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import { IncompatibleError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { findAccounts, SqlRegistry } from "../../src/service/mod.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { type PostgresServer, startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { waitForWaiter } from "../support/postgres/wait_for_waiter.ts";

const why = whyNoPostgres();
const MAX_TOKENS = 100;

let server: PostgresServer;
let pool: Pool;
let schemas = 0;

beforeAll(async () => {
  if (why !== undefined) return;
  server = await startPostgresServer();
  pool = new Pool({ connectionString: server.url, max: 8 });
  pool.on("error", () => {});
});

beforeEach(({ skip }) => skip(why !== undefined, why));

afterAll(async () => {
  await pool?.end();
  await server?.close();
});

/** A database with the tables of accounts, as a service has it. */
async function database(): Promise<{ readonly driver: SqlDriver; readonly schema: string }> {
  schemas += 1;
  const schema = `registry_${schemas}`;
  await (await postgresBackend({ pg: pool, schema, logger: silentLogger })).close();
  return { driver: await openPostgresDriver({ pg: pool, schema, logger: silentLogger }), schema };
}

function tokenOf(id: string, account?: string, expiresAtMs?: number) {
  const hash = new Uint8Array(32).fill(id.length);
  return { id, hash, account, permissions: ["account"] as const, label: "ä", createdAtMs: 5, expiresAtMs };
}

function actionOf(key: string, outcome?: string) {
  return { key, atMs: 1, by: "root", action: "account.create", account: "ann", outcome };
}

async function waitForWaiters(count: number): Promise<void> {
  for (;;) {
    const { rows } = await pool.query("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'");
    if (rows.length >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** As it is compared: bytes have several classes. */
function plain(value: unknown): unknown {
  const bytesOf = (key: string, each: unknown): unknown =>
    key === "hash" ? Object.values((each as { readonly data?: object }).data ?? (each as object)) : each;
  return JSON.parse(JSON.stringify(value ?? null, bytesOf));
}

/** Calls every method, and returns what each answers. */
async function answersOf(driver: SqlDriver): Promise<unknown[]> {
  const clock = new FakeClock(1_000_000);
  const registry = await SqlRegistry.open(driver, clock);
  const answers: unknown[] = [];
  const ask = async (call: Promise<unknown>): Promise<void> => {
    answers.push(plain(await call.catch((error: { readonly code?: unknown }) => ({ failed: error.code }))));
  };
  const all = { after: undefined, limit: 1_000 };
  for (const name of ["ben", "ann", "Ann", "ann", "\u{10000}", "\uffff"])
    await ask(registry.addAccount(name));
  await ask(registry.listAccounts({ after: "Ann", limit: 2 }));
  await ask(findAccounts(driver, ["ann", "nobody", "Ann", "\u{10000}"]));
  await ask(findAccounts(driver, []));
  await ask(registry.addToken(tokenOf("t1", "ann", 1_050_000)));
  await ask(registry.addToken(tokenOf("t22")));
  await ask(registry.addToken(tokenOf("t333", "nobody")));
  await ask(registry.admit("t1", "ann", new Uint8Array(32).fill(2)));
  await ask(registry.writeUses());
  await ask(registry.admit("t1", undefined));
  await ask(registry.admit("t22", "ben"));
  clock.advance(60_000);
  await ask(registry.limitAccount("ann", 1_000_001, { maxBytes: 5, requestsPerMinute: 6 }));
  await ask(registry.limitAccount("ben", 7, { maxBytes: 5 }));
  await ask(registry.admit(undefined, "ben"));
  await ask(registry.admit("t1", "ann"));
  for (let index = 0; index < MAX_TOKENS; index += 1)
    await ask(registry.addToken(tokenOf(`m${index}`, "ann")));
  await ask(registry.addToken(tokenOf("one more", "ann")));
  await ask(registry.listTokens("ann", { after: "m98", limit: 3 }));
  await ask(registry.listTokens(undefined, all));
  await ask(registry.revokeToken("m1"));
  await ask(registry.revokeToken("m1"));
  await ask(registry.beginDelete("ann", 7));
  await ask(registry.beginDelete("ann", 1_000_001));
  await ask(registry.listAccounts(all));
  await ask(registry.addToken(tokenOf("late", "ann")));
  await ask(registry.endDelete("ann", 1_000_001));
  await ask(registry.addAccount("ann"));
  await ask(registry.listTokens(undefined, all));
  for (const outcome of [undefined, "busy", undefined, "done", undefined, "failed"]) {
    await ask(registry.recordAction(actionOf("a", outcome)));
    await ask(registry.listActions(all));
  }
  await ask(registry.recordAction(actionOf("b", "conflict")));
  await ask(registry.recordAction(actionOf("c")));
  await ask(registry.listActions({ after: "3", limit: 1 }));
  await ask(registry.listActions(all));
  await ask(SqlRegistry.open(driver, clock).then((again) => again.listAccounts(all)));
  return answers;
}

describe("SqlRegistry over PostgreSQL", () => {
  test("answers as over SQLite", async () => {
    const { driver } = await database();
    const expected = await answersOf(await openLibsqlDriver({ url: ":memory:", logger: silentLogger }));
    expect(expected.filter((answer) => (answer as { failed?: unknown } | null)?.failed)).toEqual([
      { failed: "not-found" },
      { failed: "limit" },
      { failed: "not-found" },
    ]);
    const answers = await answersOf(driver);
    for (const [index, answer] of expected.entries()) expect(answers[index], `call ${index}`).toEqual(answer);
  });

  test("is made once by services that start together, and refuses a newer one", async () => {
    const { driver, schema } = await database();
    const opened = await Promise.all(
      Array.from({ length: 6 }, () => SqlRegistry.open(driver, new FakeClock())),
    );
    await Promise.all(opened.map((registry, index) => registry.addAccount(`account ${index}`)));
    expect(await opened[0]?.listAccounts({ after: undefined, limit: 10 })).toHaveLength(6);
    await pool.query(`UPDATE ${schema}.service_schema SET version = 99`);
    await expect(SqlRegistry.open(driver, new FakeClock())).rejects.toThrow(IncompatibleError);
  });

  // Otherwise it would be a token of the next account of the name.
  test("leaves no token of an account that is deleted at the same time", async () => {
    const { driver, schema } = await database();
    // A connection of its own for each side, as two services have.
    const other = await openPostgresDriver({ pg: pool, schema, logger: silentLogger });
    const [issuer, deleter] = [
      await SqlRegistry.open(driver, new FakeClock()),
      await SqlRegistry.open(other, new FakeClock()),
    ];
    // Each new token waits for the lock of this test.
    await pool.query(
      `CREATE FUNCTION ${schema}.hold() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$;
       CREATE TRIGGER hold BEFORE INSERT ON ${schema}.service_token FOR EACH ROW EXECUTE FUNCTION ${schema}.hold()`,
    );
    await issuer.addAccount("ann");
    const { registeredAtMs = 0 } = await issuer.admit(undefined, "ann");
    const holder = await pool.connect();
    try {
      await holder.query("SELECT pg_advisory_lock(42)");
      const issued = issuer.addToken(tokenOf("t1", "ann"));
      await waitForWaiter(holder);
      const deleted = deleter.beginDelete("ann", registeredAtMs);
      await Promise.race([deleted, waitForWaiters(2)]);
      await holder.query("SELECT pg_advisory_unlock(42)");
      expect(await deleted).toBe(true);
      await issued;
    } finally {
      holder.release();
    }
    expect(await issuer.listTokens(undefined, { after: undefined, limit: 10 })).toEqual([]);
  });

  test("numbers actions without gaps, so that counting one removes no other", async () => {
    const { driver } = await database();
    const registry = await SqlRegistry.open(driver, new FakeClock());
    for (let index = 0; index < 5; index += 1) await registry.recordAction(actionOf("a"));
    await registry.recordAction(actionOf("b"));
    expect((await registry.listActions({ after: undefined, limit: 10 })).map(({ id }) => id)).toEqual([2, 1]);
  });
});

describe("overviewReads over PostgreSQL", () => {
  test("tells of the accounts that are asked for", async () => {
    const { driver, schema } = await database();
    for (const account of ["ann", "ben"]) {
      const backend = await postgresBackend({ pg: pool, schema, account, logger: silentLogger });
      await backend.putSession("5511999990000@c.us.0", new Uint8Array([1]));
      await backend.close();
    }
    const reads = overviewReads(driver, Number.MAX_SAFE_INTEGER);
    expect(await reads.listNames(undefined, 1)).toEqual({ names: ["ann"], next: "ann" });
    expect([...(await reads.overview(["ben", "nobody"])).values()]).toEqual([
      expect.objectContaining({
        account: "ben",
        owner: undefined,
        hasDevice: false,
        isSealed: false,
        quarantined: 0,
      }),
    ]);
    expect(await reads.count("ann")).toEqual({
      preKeys: 0,
      preKeysNotUploaded: 0,
      leasedSessions: 0,
      leasedSenderKeys: 0,
    });
  });
});
