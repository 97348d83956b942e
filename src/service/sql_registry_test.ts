import { describe, expect, test } from "vitest";
import { openLibsqlDriver } from "../adapters/libsql/open_driver.ts";
import type { SqlDriver } from "../adapters/sqlite/mod.ts";
import { silentLogger } from "../ports/mod.ts";
import { FakeClock, SeededRandom } from "../testing/mod.ts";
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
    // An earlier release has no such table.
    await shared.batch([{ sql: "DROP TABLE service_clock", params: [] }]);
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
});
