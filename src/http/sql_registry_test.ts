import { expect, test } from "vitest";
import { openLibsqlDriver } from "../adapters/libsql/open_driver.ts";
import { silentLogger } from "../ports/mod.ts";
import { FakeClock, SeededRandom } from "../testing/mod.ts";
import { SqlRegistry } from "./sql_registry.ts";
import { makeToken } from "./token.ts";

async function registry(): Promise<SqlRegistry> {
  return await SqlRegistry.open(
    await openLibsqlDriver({ url: ":memory:", logger: silentLogger }),
    new FakeClock(),
  );
}

const tokenFor = async (account: string | undefined, seed: number) => {
  const { id, hash } = await makeToken(new SeededRandom(seed));
  return { id, hash, account, permissions: ["account"] as const, label: "", createdAtMs: 0 };
};

test("a token that is issued while its account is deleted, or after, is not kept for the next account of the name", async () => {
  const names = await registry();
  await names.addAccount("ann");
  await names.addToken(await tokenFor("ann", 1));
  await names.beginDelete("ann");
  await expect(names.addToken(await tokenFor("ann", 2))).rejects.toMatchObject({ code: "not-found" });
  await names.endDelete("ann");
  await expect(names.addToken(await tokenFor("ann", 3))).rejects.toMatchObject({ code: "not-found" });
  await names.addAccount("ann");
  expect(await names.listTokens("ann", { after: undefined, limit: 10 })).toEqual([]);
});

test("an account has a hundred tokens, and all accounts together as many of their own", async () => {
  const names = await registry();
  await names.addAccount("ann");
  for (let seed = 0; seed < 100; seed += 1) await names.addToken(await tokenFor("ann", seed));
  await expect(names.addToken(await tokenFor("ann", 100))).rejects.toMatchObject({ code: "limit" });
  await names.addToken(await tokenFor(undefined, 101));
  expect(await names.listTokens(undefined, { after: undefined, limit: 1_000 })).toHaveLength(101);
});
