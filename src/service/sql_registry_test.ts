import { describe, expect, test } from "vitest";
import { openLibsqlDriver } from "../adapters/libsql/open_driver.ts";
import type { SqlDriver } from "../adapters/sqlite/mod.ts";
import { silentLogger } from "../ports/mod.ts";
import { FakeClock, fakeHost, SeededRandom } from "../testing/mod.ts";
import { SqlRegistry } from "./sql_registry.ts";
import { makeToken } from "./token.ts";

async function registry(): Promise<SqlRegistry> {
  return await SqlRegistry.open(await database(), new FakeClock());
}

async function database(): Promise<SqlDriver> {
  return await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
}

/** Registers an account and returns its registration time. */
async function register(names: SqlRegistry, name: string): Promise<number> {
  expect(await names.addAccount(name)).toBe("absent");
  return (await names.admit(undefined, name)).registeredAtMs ?? Number.NaN;
}

const tokenFor = async (account: string | undefined, seed: number) => {
  const { id, hash } = await makeToken(new SeededRandom(seed));
  return { id, hash, account, permissions: ["account"] as const, label: "", createdAtMs: 0 };
};

describe("SqlRegistry.addToken", () => {
  // A token stored then would be valid for the next account of the name.
  test("rejects during and after the deletion of the account", async () => {
    const names = await registry();
    const ann = await register(names, "ann");
    await names.addToken(await tokenFor("ann", 1));
    expect(await names.beginDelete("ann", ann)).toBe(true);
    await expect(names.addToken(await tokenFor("ann", 2))).rejects.toMatchObject({ code: "not-found" });
    await names.endDelete("ann", ann);
    await expect(names.addToken(await tokenFor("ann", 3))).rejects.toMatchObject({ code: "not-found" });
    await names.addAccount("ann");
    expect(await names.listTokens("ann", { after: undefined, limit: 10 })).toEqual([]);
  });
});

describe("SqlRegistry.addAccount", () => {
  // Also when the clock steps back, and in a database of an earlier release.
  test("registers at a later time than all accounts before", async () => {
    const clock = new FakeClock();
    const shared = await database();
    const names = await SqlRegistry.open(shared, clock);
    const first = await register(names, "ann");
    expect(first).toBe(clock.nowMs());
    expect(await names.addAccount("ann")).toBe("present");
    const second = await register(names, "ben");
    expect(second).toBe(first + 1);
    await names.beginDelete("ben", second);
    await names.endDelete("ben", second);
    // The clock is set back.
    const early = await SqlRegistry.open(shared, new FakeClock(first - 1_000_000));
    const third = await register(early, "ben");
    expect(third).toBe(second + 1);
    // An earlier release has neither of the tables, nor the columns.
    const tables = ["service_clock", "service_schema", "service_audit"].map((name) => `DROP TABLE ${name}`);
    const columns = [
      "service_token DROP expires_at",
      "service_token DROP last_used_at",
      "service_account DROP limits",
    ];
    const back = [...tables, ...columns.map((column) => `ALTER TABLE ${column}`)];
    await shared.batch(back.map((sql) => ({ sql, params: [] })));
    const upgraded = await SqlRegistry.open(shared, new FakeClock(0));
    expect(await register(upgraded, "cid")).toBe(third + 1);
    clock.advance(1_000_000);
    expect(await register(names, "dan")).toBe(clock.nowMs());
  });
});

describe("SqlRegistry.beginDelete", () => {
  test("does not change a later account of the name", async () => {
    const names = await registry();
    const first = await register(names, "ann");
    await names.beginDelete("ann", first);
    await names.endDelete("ann", first);
    const second = await register(names, "ann");
    await names.addToken(await tokenFor("ann", 1));
    expect(await names.beginDelete("ann", first)).toBe(false);
    await names.endDelete("ann", first);
    expect(await names.admit(undefined, "ann")).toMatchObject({ account: "present", registeredAtMs: second });
    expect(await names.listTokens("ann", { after: undefined, limit: 10 })).toHaveLength(1);
    // Another caller deletes the second account. The late caller does not end that deletion early.
    expect(await names.beginDelete("ann", second)).toBe(true);
    await names.endDelete("ann", first);
    expect(await names.admit(undefined, "ann")).toMatchObject({ account: "deleting" });
    expect(await names.listTokens("ann", { after: undefined, limit: 10 })).toEqual([]);
  });
});

describe("SqlRegistry.addToken", () => {
  test("stores at most 100 tokens for one account, and for all", async () => {
    const names = await registry();
    await names.addAccount("ann");
    for (let seed = 0; seed < 100; seed += 1) await names.addToken(await tokenFor("ann", seed));
    await expect(names.addToken(await tokenFor("ann", 100))).rejects.toMatchObject({ code: "limit" });
    await names.addToken(await tokenFor(undefined, 101));
    expect(await names.listTokens(undefined, { after: undefined, limit: 1_000 })).toHaveLength(101);
  });

  test("at the limit, removes the expired tokens of the account, and of no other", async () => {
    const clock = new FakeClock();
    const names = await SqlRegistry.open(await database(), clock);
    await names.addAccount("ann");
    await names.addAccount("ben");
    const expiresAtMs = clock.nowMs() + 60_000;
    for (let seed = 0; seed < 99; seed += 1) await names.addToken(await tokenFor("ann", seed));
    const expiring = await tokenFor("ann", 99);
    await names.addToken({ ...expiring, expiresAtMs });
    for (const [index, account] of ["ben", undefined].entries())
      await names.addToken({ ...(await tokenFor(account, 100 + index)), expiresAtMs });
    clock.advance(59_999);
    await expect(names.addToken(await tokenFor("ann", 102))).rejects.toMatchObject({ code: "limit" });
    clock.advance(1);
    await names.addToken(await tokenFor("ann", 102));
    const listed = await names.listTokens(undefined, { after: undefined, limit: 1_000 });
    expect(listed).toHaveLength(102);
    expect(listed.map(({ id }) => id)).not.toContain(expiring.id);
  });
});

describe("SqlRegistry.listTokens", () => {
  test("reads the rows of the page alone", async () => {
    const shared = await database();
    const plans: unknown[] = [];
    const names = await SqlRegistry.open(
      {
        batch: (statements) => shared.batch(statements),
        query: async (sql, params) => {
          const plan = await shared.query(`EXPLAIN QUERY PLAN ${sql}`, params);
          plans.push(plan.map((row) => row.at(-1)));
          return await shared.query(sql, params);
        },
      },
      new FakeClock(),
    );
    await names.addAccount("ann");
    plans.length = 0;
    await names.listTokens("ann", { after: undefined, limit: 10 });
    await names.listTokens(undefined, { after: undefined, limit: 10 });
    expect(plans).toEqual([
      ["SEARCH service_token USING INDEX service_token_account (account=? AND id>?)"],
      ["SEARCH service_token USING PRIMARY KEY (id>?)"],
    ]);
  });
});

describe("SqlRegistry.admit", () => {
  test("does not return a token that has expired", async () => {
    const clock = new FakeClock();
    const names = await SqlRegistry.open(await database(), clock);
    const token = { ...(await tokenFor(undefined, 1)), expiresAtMs: clock.nowMs() + 60_000 };
    await names.addToken(token);
    expect((await names.admit(token.id, undefined)).token).toMatchObject({ expiresAtMs: token.expiresAtMs });
    clock.advance(59_999);
    expect((await names.admit(token.id, undefined)).token).toBeDefined();
    clock.advance(1);
    expect((await names.admit(token.id, undefined)).token).toBeUndefined();
    // It is listed until it is revoked, so that people see why it is refused.
    const [listed] = await names.listTokens(undefined, { after: undefined, limit: 10 });
    expect(listed).toMatchObject({ id: token.id, expiresAtMs: token.expiresAtMs });
  });

  test("writes a use at most once an hour, and behind the request", async () => {
    const { clock, scheduler } = fakeHost();
    const shared = await database();
    let writes = 0;
    const counted: SqlDriver = {
      ...shared,
      query: (...args) => shared.query(...args),
      batch: async (statements) => {
        writes += 1;
        return await shared.batch(statements);
      },
    };
    const names = await SqlRegistry.open(counted, clock, scheduler);
    const token = await tokenFor(undefined, 1);
    await names.addToken(token);
    writes = 0;
    const usedAtMs = async () =>
      (await names.listTokens(undefined, { after: undefined, limit: 1 }))[0]?.lastUsedAtMs;
    // Another secret with the id is no use, and neither is a look at the token.
    await names.admit(token.id, undefined, new Uint8Array(32));
    await names.admit(token.id, undefined);
    await names.writeUses();
    expect([writes, await usedAtMs()]).toEqual([0, undefined]);
    const firstMs = clock.nowMs();
    for (let use = 0; use < 50; use += 1) await names.admit(token.id, undefined, token.hash);
    expect(writes).toBe(0);
    await names.writeUses();
    expect([writes, await usedAtMs()]).toEqual([1, firstMs]);
    clock.advance(3_599_999);
    await names.admit(token.id, undefined, token.hash);
    await names.writeUses();
    expect([writes, await usedAtMs()]).toEqual([1, firstMs]);
    clock.advance(1);
    await names.admit(token.id, undefined, token.hash);
    await names.writeUses();
    expect([writes, await usedAtMs()]).toEqual([2, firstMs + 3_600_000]);
  });

  test("writes uses 500 at a time, and lets at most 2,000 wait", async () => {
    const { clock, scheduler } = fakeHost();
    const shared = await database();
    const batches: number[] = [];
    const counted: SqlDriver = {
      ...shared,
      query: (...args) => shared.query(...args),
      batch: async (statements) => {
        batches.push(statements.length);
        return await shared.batch(statements);
      },
    };
    const names = await SqlRegistry.open(counted, clock, scheduler);
    await shared.batch([
      {
        sql:
          "INSERT INTO service_token (id, hash, permissions, label, created_at) WITH RECURSIVE n (i) AS " +
          "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2701) SELECT 't' || i, x'00', '', '', 0 FROM n",
        params: [],
      },
    ]);
    const use = async (first: number, last: number) => {
      for (let i = first; i <= last; i += 1) await names.admit(`t${i}`, undefined, Uint8Array.of(0));
      batches.length = 0;
      await names.writeUses();
      return [...batches];
    };
    expect(await use(1, 700)).toEqual([500, 200]);
    expect(await use(701, 2_701)).toEqual([500, 500, 500, 500]);
    // The one that did not wait is noted by its next use.
    expect(await use(2_701, 2_701)).toEqual([1]);
  });

  test("goes on when a use cannot be written", async () => {
    const { clock, scheduler } = fakeHost();
    const shared = await database();
    const names = await SqlRegistry.open(shared, clock, scheduler);
    const token = await tokenFor(undefined, 1);
    await names.addToken(token);
    await shared.batch([
      {
        sql: "CREATE TRIGGER no BEFORE UPDATE ON service_token BEGIN SELECT raise(ABORT, 'no'); END",
        params: [],
      },
    ]);
    expect((await names.admit(token.id, undefined, token.hash)).token).toBeDefined();
    await expect(names.writeUses()).rejects.toThrow();
    await shared.batch([{ sql: "DROP TRIGGER no", params: [] }]);
    await names.admit(token.id, undefined, token.hash);
    await names.writeUses();
    const [{ lastUsedAtMs } = { lastUsedAtMs: undefined }] = await names.listTokens(undefined, {
      after: undefined,
      limit: 1,
    });
    expect(lastUsedAtMs).toBe(clock.nowMs());
  });
});

describe("SqlRegistry.open", () => {
  test("brings a registry of the layout before up to date, with what it holds", async () => {
    const shared = await database();
    await shared.batch(
      [
        "CREATE TABLE service_account (name TEXT NOT NULL PRIMARY KEY, created_at INTEGER NOT NULL, deleting INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID",
        "CREATE TABLE service_token (id TEXT NOT NULL PRIMARY KEY, hash BLOB NOT NULL, account TEXT, permissions TEXT NOT NULL, label TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "INSERT INTO service_account (name, created_at) VALUES ('ann', 5)",
        "INSERT INTO service_token VALUES ('00000000000000aa', x'01', 'ann', 'account', 'old', 6)",
      ].map((sql) => ({ sql, params: [] })),
    );
    const clock = new FakeClock();
    // Several services start at once.
    const opened = await Promise.all([1, 2, 3].map(() => SqlRegistry.open(shared, clock)));
    for (const names of opened) {
      expect(await names.listAccounts({ after: undefined, limit: 10 })).toEqual([
        { name: "ann", createdAtMs: 5 },
      ]);
      const { token, registeredAtMs } = await names.admit("00000000000000aa", "ann");
      expect([token?.label, token?.expiresAtMs, registeredAtMs]).toEqual(["old", undefined, 5]);
    }
  });

  test("brings a registry without limits up to date", async () => {
    const shared = await database();
    const clock = new FakeClock();
    const before = await SqlRegistry.open(shared, clock);
    const registeredAtMs = await register(before, "ann");
    await shared.batch(
      ["ALTER TABLE service_account DROP limits", "UPDATE service_schema SET version = 2"].map((sql) => ({
        sql,
        params: [],
      })),
    );
    const names = await SqlRegistry.open(shared, clock);
    expect(await names.admit(undefined, "ann")).toMatchObject({ registeredAtMs, limits: undefined });
    await names.limitAccount("ann", registeredAtMs, { maxRows: 5 });
    expect((await names.admit(undefined, "ann")).limits).toEqual({ maxRows: 5 });
  });

  test("refuses a registry of a newer release, and changes nothing", async () => {
    const shared = await database();
    await SqlRegistry.open(shared, new FakeClock());
    await shared.batch([
      { sql: "UPDATE service_schema SET version = 4", params: [] },
      { sql: "DROP TABLE service_clock", params: [] },
    ]);
    const refused = SqlRegistry.open(shared, new FakeClock());
    await expect(refused).rejects.toMatchObject({
      code: "incompatible",
      message: "open registry: schema 4 is newer than 3",
    });
    expect(await shared.query("SELECT 1 FROM sqlite_master WHERE name = 'service_clock'", [])).toEqual([]);
  });
});

describe("SqlRegistry.limitAccount", () => {
  test("keeps the limits of one account, for later openings too", async () => {
    const shared = await database();
    const names = await SqlRegistry.open(shared, new FakeClock());
    const [ann] = [await register(names, "ann"), await register(names, "ben")];
    await names.limitAccount("ann", ann, { maxBytes: 10, requestsPerMinute: 60 });
    await names.limitAccount("ann", ann - 1, { maxBytes: 20 });
    await names.limitAccount("nobody", ann, { maxBytes: 20 });
    expect(await names.listAccounts({ after: undefined, limit: 10 })).toContainEqual({
      name: "ann",
      createdAtMs: ann,
      limits: { maxBytes: 10, requestsPerMinute: 60 },
    });
    const later = await SqlRegistry.open(shared, new FakeClock());
    expect((await later.admit(undefined, "ann")).limits).toEqual({ maxBytes: 10, requestsPerMinute: 60 });
    expect((await later.admit(undefined, "ben")).limits).toBeUndefined();
    expect((await later.admit(undefined, "nobody")).limits).toBeUndefined();
  });
});

describe("SqlRegistry.recordAction", () => {
  const action = (key: string, outcome?: string) => ({
    key,
    atMs: 1,
    by: "root",
    action: "account.create",
    account: "ann",
    outcome,
  });

  test("keeps the first outcome of an action", async () => {
    const names = await registry();
    await names.recordAction(action("a"));
    const page = { after: undefined, limit: 10 };
    expect(await names.listActions(page)).toEqual([
      { id: 1, atMs: 1, by: "root", action: "account.create", account: "ann" },
    ]);
    await names.recordAction(action("a", "done"));
    await names.recordAction(action("a", "failed"));
    await names.recordAction(action("b", "conflict"));
    expect((await names.listActions(page)).map(({ id, outcome }) => [id, outcome])).toEqual([
      [2, "conflict"],
      [1, "done"],
    ]);
    expect((await names.listActions({ after: "2", limit: 1 })).map(({ id }) => id)).toEqual([1]);
  });

  test("counts the actions of one key, and says done once one is", async () => {
    const names = await registry();
    const steps: readonly (string | undefined)[] = [
      undefined,
      "busy",
      undefined,
      "done",
      undefined,
      "failed",
    ];
    const seen: unknown[] = [];
    for (const outcome of steps) {
      await names.recordAction(action("a", outcome));
      const [listed, ...others] = await names.listActions({ after: undefined, limit: 10 });
      expect(others).toEqual([]);
      seen.push([listed?.times, listed?.outcome]);
    }
    expect(seen).toEqual([
      [undefined, undefined],
      [undefined, "busy"],
      [2, undefined],
      [2, "done"],
      [3, "done"],
      [3, "done"],
    ]);
  });

  test("keeps the newest 100,000", async () => {
    const shared = await database();
    const names = await SqlRegistry.open(shared, new FakeClock());
    await shared.batch([
      {
        sql: "INSERT INTO service_audit (id, key, entry) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i, i, '{}' FROM n",
        params: [],
      },
    ]);
    await names.recordAction(action("a"));
    await names.recordAction(action("b"));
    const [[count, first, last] = []] = await shared.query(
      "SELECT count(*), min(id), max(id) FROM service_audit",
      [],
    );
    expect([count, first, last]).toEqual([100_000, 3, 100_002]);
  });
});
