import type { WireMethod } from "../../../src/protocol/mod.ts";
import { check, differs, equal } from "../../../src/testing/conformance/assert.ts";
import { sampleBytes } from "../../../src/testing/conformance/samples.ts";
import { dose, everyNth } from "../../support/dose.ts";
import { mediaType, pathOf, ServiceClient, type TestAccount } from "./client.ts";
import type { ServiceCase } from "./harness.ts";
import { HOSTILE_NAMES, pathTricks } from "./hostile_paths.ts";

const ACCOUNTS = dose({ short: 16, long: 200 });
/** Accounts that are worked on at a time. */
const AT_ONCE = 32;
/** Number of rows that `drive` writes: a session, a group, a device. */
const OWN_ROWS = 3;

const ADDRESS = "5511999990000@c.us.0";

/** Returns different names, most of them hostile. */
function namesFor(client: ServiceClient): string[] {
  const own = client.newName("one of many");
  const hostile = everyNth(new Set(HOSTILE_NAMES), dose({ short: 16, long: 1 }));
  const more = Array.from({ length: ACCOUNTS - hostile.length }, (_, index) => `${own}/${index}`);
  return [...hostile, ...more];
}

/** Accounts are isolated, and no spelling of a path reaches another account. */
export const isolationCases: readonly ServiceCase[] = [
  {
    name: "isolation: keeps concurrent accounts apart, whatever their names",
    async run(service) {
      const client = new ServiceClient(service);
      const names = namesFor(client);
      equal([names.length, new Set(names).size], [ACCOUNTS, ACCOUNTS], "names");
      const accounts = await inGroups(names, async (name): Promise<TestAccount> => {
        await client.json("POST", "/v1/accounts", 201, { json: { name } });
        return { name, token: await client.issue(name, "account") };
      });
      await inGroups(accounts, (account, seed) => drive(client, account, seed));
      await inGroups(accounts, (account, seed) => expectOwn(client, account, seed));
      const [first, second] = accounts;
      if (first === undefined || second === undefined) throw new RangeError("there are no accounts");
      for (const { name } of accounts.slice(1)) {
        await client.refused("GET", pathOf(name, "/device"), { token: first.token }, 403, "forbidden");
      }
      await inGroups(accounts.slice(1), ({ name }) => client.json("DELETE", pathOf(name, ""), 204));
      await expectOwn(client, first, 0);
      await client.refused(
        "GET",
        pathOf(second.name, "/device"),
        { token: second.token },
        401,
        "unauthorized",
      );
      await client.json("DELETE", pathOf(first.name, ""), 204);
    },
  },
  {
    name: "isolation: no spelling of a path reaches another account",
    async run(service) {
      const client = new ServiceClient(service);
      const mine = await client.account("mine");
      const theirs = await client.account("theirs");
      await drive(client, theirs, 7);
      const before = await client.read(theirs);
      const own = encodeURIComponent(mine.name);
      const other = encodeURIComponent(theirs.name);
      for (const [path, status] of pathTricks(own, other)) {
        for (const [method, rest] of ATTEMPTS) {
          const response = await client.send(method, `${path}${rest}`, { ...SENT[rest], token: mine.token });
          const text = await response.text();
          const what = `${method} ${path}${rest}: ${text.slice(0, 200)}`;
          if (status !== undefined) equal(response.status, status, what);
          check([400, 403, 404].includes(response.status), `answers ${response.status} to ${what}`);
          equal(mediaType(response), "application/problem+json", what);
        }
      }
      const after = await client.read(theirs);
      equal(after, before, "the other account");
      check(differs(after, await client.read(mine)), "both accounts are equal: nothing was compared");
    },
  },
  {
    name: "isolation: ignores accounts in a query, a fragment or a header",
    async run(service) {
      const client = new ServiceClient(service);
      const mine = await client.account("mine");
      const theirs = await client.account("theirs");
      await client.makeDevice(theirs);
      const other = encodeURIComponent(theirs.name);
      const { token } = mine;
      const ways: readonly string[] = [
        `?account=${other}`,
        `?:account=${other}`,
        `#/../${other}/device`,
        `?/../${other}`,
      ];
      for (const way of ways) {
        // This account has no device, so an answer with a device would come from the other account.
        await client.refused("GET", `${pathOf(mine.name, "/device")}${way}`, { token }, 404, "not-found");
        await client.refused("GET", `${pathOf(theirs.name, "/device")}${way}`, { token }, 403, "forbidden");
      }
      const headers = {
        "x-original-url": pathOf(theirs.name, "/device"),
        "x-rewrite-url": pathOf(theirs.name, "/device"),
      };
      await client.refused("GET", pathOf(mine.name, "/device"), { token, headers }, 404, "not-found");
    },
  },
  {
    name: "isolation: commit protocol calls reach only the token's account",
    async run(service) {
      const client = new ServiceClient(service);
      const mine = await client.account("mine");
      const theirs = await client.account("theirs");
      await drive(client, mine, 1);
      await drive(client, theirs, 2);
      const before = await client.read(theirs);
      const ownId = await client.call(mine, { kind: "read", method: "create", args: [] });
      const listed = (await client.call(mine, { kind: "read", method: "listAccounts", args: [] })) as {
        account: string;
      }[];
      equal(
        listed.map(({ account }) => account),
        [mine.name],
        "accounts",
      );
      for (let accountId = 1; accountId <= 20; accountId += 1) {
        if (accountId === ownId) continue;
        const body = client.call(mine, {
          kind: "commit",
          writes: [{ kind: "account.delete", accountId }],
        });
        check(
          await body.then(
            () => false,
            () => true,
          ),
          `account ${accountId} could be deleted`,
        );
      }
      equal(await client.read(theirs), before, "the other account");
      await expectOwn(client, mine, 1);
    },
  },
];

const ATTEMPTS: readonly (readonly ["GET" | "POST", string])[] = [
  ["GET", "/device"],
  ["GET", "/snapshot"],
  ["POST", "/device/commands"],
];

const SENT: Readonly<Record<string, object>> = {
  "/device/commands": { json: { commands: [{ kind: "setPushName", pushName: "taken" }] } },
};

/** Works on the items of a group at once, one group after the other. */
async function inGroups<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const group = items.slice(start, start + AT_ONCE);
    results.push(...(await Promise.all(group.map((item, index) => work(item, start + index)))));
  }
  return results;
}

/** Writes rows that only this account has. */
async function drive(client: ServiceClient, account: TestAccount, seed: number): Promise<void> {
  const record = sampleBytes(seed, 40);
  await client.call(account, {
    kind: "commit",
    writes: [
      { kind: "session.put", address: ADDRESS, record },
      { kind: "groupMetadata.put", group: account.name, blob: record },
    ],
  });
  await client.makeDevice(account, `name ${seed}`);
}

/** Checks that an account has its own rows and no others. */
async function expectOwn(client: ServiceClient, account: TestAccount, seed: number): Promise<void> {
  const read = (method: WireMethod, ...args: readonly unknown[]) =>
    client.call(account, { kind: "read", method, args });
  equal(await read("getSession", ADDRESS), sampleBytes(seed, 40), `session of account ${seed}`);
  equal(await read("getGroupMetadata", account.name), sampleBytes(seed, 40), `group of account ${seed}`);
  const accounts = (await read("listAccounts")) as { account: string }[];
  equal(
    accounts.map((listed) => listed.account),
    [account.name],
    `accounts that account ${seed} sees`,
  );
  const snapshot = (await read("snapshotDb", "own")) as {
    account: string;
    tables: { table: string; rows: number }[];
  };
  equal(snapshot.account, account.name, `name in the snapshot of account ${seed}`);
  const tables = snapshot.tables.filter(({ table }) => table !== "owner");
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  equal(rows, OWN_ROWS, `rows of account ${seed}`);
  const device = (await read("load")) as { pushName: string };
  equal(device.pushName, `name ${seed}`, `push name of account ${seed}`);
}
