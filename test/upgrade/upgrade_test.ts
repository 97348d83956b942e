/** Databases of the release before: opened, converted as they are used, and refused by it from then on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { migrate, readSchema } from "../../src/adapters/sqlite/migrate.ts";
import { openSqliteBackend, type SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import { MIGRATIONS } from "../../src/adapters/sqlite/schema.ts";
import type { Backend, HashState } from "../../src/backend/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { IncompatibleError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { FakeObjectStorage } from "../worker/fake_object_storage.ts";
import { RELEASE_1_ACCOUNTS, release1Layout, release1PutVersion, release1Statements } from "./release_1.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-upgrade-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GROUP = "120363000000000001@g.us";
const COLLECTIONS = ["regular_low", "regular", "critical_block"];
const LARGE = 5_000;

let files = 0;

/** A file as the release before left it. */
async function release1File(statements = release1Statements()): Promise<string> {
  files += 1;
  const url = `file:${join(folder, `${files}.db`)}`;
  const driver = await open(url);
  await driver.batch(statements);
  await driver.close();
  return url;
}

function open(url: string): Promise<SqlDriver> {
  return openLibsqlDriver({ url, logger: silentLogger });
}

/** Everything that the release before has stored for an account. */
async function contentsOf(backend: Backend): Promise<unknown> {
  const latest = await backend.getLatestSyncKeyId();
  return {
    device: await backend.load(),
    identity: await backend.loadIdentity("1000@lid.0"),
    sessions: await backend.loadSessionRows(["1000@lid.0", "1000:3@lid.0"]),
    preKeys: await backend.loadPreKeys([30]),
    signedPreKey: await backend.loadSignedPreKey(1),
    senderKey: await backend.getSenderKey(`${GROUP}:1000@lid.0`),
    syncKey: latest && (await backend.getSyncKey(latest)),
    versions: await Promise.all(COLLECTIONS.map((name) => backend.getVersion(name))),
    senderKeyDevices: await backend.getSenderKeyDevices(GROUP),
    mapping: await backend.getLidMapping("1000"),
    devices: await backend.getDevices("1000"),
    group: await backend.getGroupMetadata(GROUP),
    sent: await backend.getSentMessage("1000@lid", "3EB0"),
    inbound: await backend.getPendingInbound("1000@lid", "1000@lid", "3EB1"),
    secret: await backend.getMsgSecret("1000@lid", "1000@lid", "3EB2"),
  };
}

/** What an account should have: the same writes, on a backend that never had another release. */
async function expected(account: string): Promise<unknown> {
  const backend = memoryBackend();
  await backend.commit(RELEASE_1_ACCOUNTS[account] ?? []);
  return await contentsOf(backend);
}

/** Encoded mutations that are left of the release before, and rows of mutations, in the whole file. */
async function mutationsIn(url: string): Promise<{ encoded: number; rows: number }> {
  const driver = await open(url);
  const [[encoded, rows] = []] = await driver.query(
    "SELECT (SELECT count(*) FROM sync_version WHERE length(index_values) > 0), (SELECT count(*) FROM sync_value)",
    [],
  );
  await driver.close();
  return { encoded: Number(encoded), rows: Number(rows) };
}

const random = new SeededRandom(77);

function large(version: bigint, mutations: number): HashState {
  const entries = Array.from(
    { length: mutations },
    () => [Buffer.from(random.bytes(32)).toString("base64"), random.bytes(32)] as const,
  );
  return { version, hash: random.bytes(128), indexValueMap: new Map(entries), macMismatchFatal: false };
}

test("a file of the release before has everything that it had", async () => {
  const url = await release1File();
  for (const account of Object.keys(RELEASE_1_ACCOUNTS)) {
    const backend = await libsqlBackend({ url, account });
    expect(await contentsOf(backend), account).toEqual(await expected(account));
    await backend.close();
  }
  // Looking converts nothing.
  expect(await mutationsIn(url)).toEqual({ encoded: 3, rows: 0 });
});

test("so has the storage of a Durable Object", async () => {
  const storage = new FakeObjectStorage();
  for (const { sql } of release1Statements()) storage.sql.exec(sql);
  const { durableObjectBackend } = await import("../../src/adapters/durable_object/mod.ts");
  for (const account of Object.keys(RELEASE_1_ACCOUNTS)) {
    const backend = await durableObjectBackend(storage, { account });
    expect(await contentsOf(backend), account).toEqual(await expected(account));
  }
});

test("a collection is converted by its first change, in bounded commits", async () => {
  const state = large(4n, LARGE);
  const url = await release1File([...release1Statements(), release1PutVersion(1, "regular_high", state)]);
  const account = await openAccount({ backend: libsqlBackend({ url, account: "alice" }) });
  const { keys } = (await baileysAuthState(account)).state;
  const found = (await keys.get("app-state-sync-version", ["regular_high"])).regular_high as {
    version: number;
    indexValueMap: Record<string, { valueMac: Uint8Array }>;
  };
  expect(found.version).toBe(4);
  const [first = "", second = ""] = Object.keys(found.indexValueMap);
  const indexValueMap = { ...found.indexValueMap, [first]: { valueMac: random.bytes(32) } };
  delete indexValueMap[second];
  const commits = account.stats().commits;
  await keys.set({
    "app-state-sync-version": { regular_high: { ...found, version: 5, indexValueMap } },
  });
  expect(account.stats().commits - commits).toBe(Math.ceil((LARGE - 1) / 2_000));
  const stored = await account.store.getVersion("regular_high");
  expect(stored.version).toBe(5n);
  expect(new Map(stored.indexValueMap)).toEqual(
    new Map(Object.entries(indexValueMap).map(([index, { valueMac }]) => [index, new Uint8Array(valueMac)])),
  );
  await account.close();
  // The collection that was changed, and no other.
  expect(await mutationsIn(url)).toEqual({ encoded: 3, rows: LARGE - 1 });
});

test.each(MIGRATIONS.slice(0, -1).map(({ version }) => version))(
  "code of schema %i refuses the file, and changes nothing",
  async (version) => {
    const url = await release1File();
    await (await libsqlBackend({ url, account: "alice" })).close();
    const driver = await open(url);
    const before = await driver.query("SELECT * FROM sqlite_master", []);
    const refused = migrate(
      { ...driver, batch: () => Promise.reject(new Error("written")) },
      MIGRATIONS.slice(0, version),
    );
    await expect(refused).rejects.toThrow(
      new IncompatibleError(`open database: schema 5 is newer than ${version}`),
    );
    expect(await driver.query("SELECT * FROM sqlite_master", [])).toEqual(before);
    expect(await readSchema(driver)).toEqual({ version: 5, floor: 5 });
    await driver.close();
  },
);

test("one transaction a step upgrades 5,000 accounts and touches none of their rows", async () => {
  const accounts = 5_000;
  const state = large(3n, 20);
  const rows = Array.from({ length: accounts }, (_, index) => [
    { sql: "INSERT INTO account (name) VALUES (?)", params: [`account ${index}`] },
    release1PutVersion(index + 1, "regular_low", { ...state, version: BigInt(index) + 1n }),
  ]).flat();
  const url = await release1File([...release1Layout(), ...rows]);
  const driver = await open(url);
  const written: number[] = [];
  const counting: SqlDriver = {
    ...driver,
    async batch(statements) {
      const results = await driver.batch(statements);
      const changing = results.filter((_, index) =>
        /^\s*(?:INSERT|UPDATE|DELETE)/.test(statements[index]?.sql ?? ""),
      );
      written.push(changing.reduce((sum, { rowsAffected }) => sum + rowsAffected, 0));
      return results;
    },
  };
  const backend = await openSqliteBackend(counting, { account: "account 77" });
  // The row that names the schema, with each step.
  expect(written).toEqual([1, 1, 1, 1]);
  expect(await backend.getVersion("regular_low")).toEqual({ ...state, version: 78n });
  const summaries = await backend.listAccounts();
  expect(summaries).toHaveLength(accounts);
  await backend.close();
  for (const index of [0, 2_500, accounts - 1]) {
    const other = await libsqlBackend({ url, account: `account ${index}` });
    expect((await other.getVersion("regular_low")).version).toBe(BigInt(index) + 1n);
    await other.close();
  }
});
