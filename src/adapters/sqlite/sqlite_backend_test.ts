import { afterEach, beforeEach, expect, test } from "vitest";
import type { Backend, LidPnMapping, Write } from "../../backend/mod.ts";
import {
  AmbiguousError,
  BackendError,
  ClosedError,
  CorruptError,
  FencedError,
  RefusedError,
} from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { openLibsqlDriver } from "../libsql/open_driver.ts";
import type { SqlDriver, SqlStatement, SqlValue } from "./sql_driver.ts";
import { openSqliteBackend } from "./sqlite_backend.ts";

const ALICE = "5511999990000@c.us.0";
const BOB = "5511999990001:2@c.us.0";

/** One database in memory that several backends open, each with its own driver. */
let memory: SqlDriver;

beforeEach(async () => {
  memory = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
});

afterEach(() => memory.close());

function open(account: string, overrides: Partial<SqlDriver> = {}): Promise<Backend> {
  return openSqliteBackend({ ...memory, close: async () => {}, ...overrides }, { account });
}

function session(address: string, byte: number): Write {
  return { kind: "session.put", address, record: new Uint8Array([byte]) };
}

async function column(sql: string, ...params: SqlValue[]): Promise<SqlValue[]> {
  return (await memory.query(sql, params)).map(([cell]) => cell ?? null);
}

test("the first commit registers an account, not an opening or a read", async () => {
  const backend = await open("alice");
  expect(await backend.getSession(ALICE)).toBeUndefined();
  expect(await backend.load()).toBeUndefined();
  expect(await backend.commit([])).toEqual([]);
  expect(await backend.listAccounts()).toEqual([]);
  await backend.putSession(ALICE, new Uint8Array([1]));
  expect(await backend.listAccounts()).toEqual([{ accountId: 1, account: "alice", pn: undefined }]);
  expect(await backend.create()).toBe(1);
});

test("concurrent calls are applied in order, also those that register", async () => {
  const backend = await open("alice");
  const bytes = [1, 2, 3, 4, 5];
  await Promise.all(bytes.map((byte) => backend.putSession(ALICE, new Uint8Array([byte]))));
  expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([5]));
  expect(await column("SELECT name FROM account")).toEqual(["alice"]);
});

test("a guard is checked inside the transaction, before any write", async () => {
  const backend = await open("alice");
  const take = (owner: string, epoch: number) => ({ owner, minEpoch: epoch, maxEpoch: epoch });
  const next = { owner: "one", epoch: 1 };
  await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
  await backend.commit([session(ALICE, 1)], { guard: take("one", 1) });
  const refused = [
    take("two", 1),
    take("one", 0),
    take("one", 2),
    { owner: undefined, minEpoch: 0, maxEpoch: 9 },
    { ...take("two", 1), next: { owner: "two", epoch: 2 } },
  ];
  for (const guard of refused) {
    await expect(backend.commit([session(ALICE, 2)], { guard })).rejects.toThrow(FencedError);
  }
  expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([1]));
  expect(await backend.readOwner()).toEqual(next);
  // A guard never waits for a connection to recover: the next commit goes through.
  await backend.commit([session(ALICE, 3)], { guard: { owner: "one", minEpoch: 0, maxEpoch: 7 } });
  expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([3]));
});

test("a commit that arrives after its epoch was moved on changes nothing", async () => {
  const late: (() => Promise<unknown>)[] = [];
  let lose = false;
  const backend = await open("alice", {
    async batch(statements) {
      if (!lose) return await memory.batch(statements);
      lose = false;
      late.push(() => memory.batch(statements));
      throw new AmbiguousError("commit: the answer was lost");
    },
  });
  const guard = { owner: "one", minEpoch: 1, maxEpoch: 1 };
  await backend.commit([], {
    guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next: { owner: "one", epoch: 1 } },
  });
  lose = true;
  await expect(backend.commit([session(ALICE, 1)], { guard })).rejects.toThrow(AmbiguousError);
  await backend.commit([session(ALICE, 1)], { guard: { ...guard, next: { owner: "one", epoch: 2 } } });
  await backend.commit([session(ALICE, 2)], { guard: { owner: "one", minEpoch: 2, maxEpoch: 2 } });
  for (const arrive of late) await expect(arrive()).rejects.toThrow(FencedError);
  expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([2]));
});

test("the owner of a deleted account is fenced, also if it was made again", async () => {
  const first = await open("alice");
  const second = await open("alice");
  const guard = { owner: "one", minEpoch: 1, maxEpoch: 1 };
  await first.commit([session(ALICE, 1)], {
    guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next: { owner: "one", epoch: 1 } },
  });
  await second.deleteAccount(await second.create());
  await expect(first.commit([session(ALICE, 2)], { guard })).rejects.toThrow(FencedError);
  expect(await column("SELECT name FROM account")).toEqual([]);
  await second.putSession(BOB, new Uint8Array([9]));
  await expect(first.commit([session(ALICE, 2)], { guard })).rejects.toThrow(FencedError);
  expect(await second.getSession(ALICE)).toBeUndefined();
});

test("a process that knows a deleted account writes into no other", async () => {
  const stale = await open("alice");
  await stale.putSession(ALICE, new Uint8Array([1]));
  const other = await open("bob");
  await other.deleteAccount(await stale.create());
  await other.putSession(BOB, new Uint8Array([2]));
  // Nobody owned the account, so it comes to be again, under an id that was never used.
  await stale.putSession(ALICE, new Uint8Array([3]));
  expect(await other.listAccounts()).toEqual([
    { accountId: 2, account: "bob", pn: undefined },
    { accountId: 3, account: "alice", pn: undefined },
  ]);
  expect(await other.getSession(ALICE)).toBeUndefined();
  expect(await stale.getSession(ALICE)).toEqual(new Uint8Array([3]));
});

test("deleting a device empties every table of it and none of another", async () => {
  const [alice, bob] = [await open("alice"), await open("bob")];
  for (const backend of [alice, bob]) await backend.commit([session(ALICE, 1), session(BOB, 2)]);
  const [rows] = await alice.commit([{ kind: "account.delete", accountId: await alice.create() }]);
  expect(rows).toBe(3);
  expect(await column("SELECT device_id FROM session")).toEqual([2, 2]);
});

test("a refused statement names the write it belongs to", async () => {
  let refuseAt = 0;
  const backend = await open("alice", {
    batch: (statements) =>
      statements[0]?.sql.startsWith("SELECT CASE WHEN EXISTS")
        ? Promise.reject(new RefusedError("commit: refused", { writeIndex: refuseAt }))
        : memory.batch(statements),
  });
  const writes: Write[] = [
    session(ALICE, 1),
    { kind: "preKey.remove", id: 1 },
    { kind: "signedPreKey.remove", id: 2 },
  ];
  // Index 0 is the guard, and belongs to no write.
  for (const [statement, write] of [undefined, 0, 1, 2].entries()) {
    refuseAt = statement;
    const refused = await backend.commit(writes).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RefusedError);
    expect((refused as RefusedError).writeIndex).toBe(write);
  }
});

test("each of many removals that share statements says if its row was there", async () => {
  const keys = Array.from({ length: 2_300 }, (_, n) => `${n % 2_200}:${n % 2}@lid.0`);
  for (const limits of [memory.limits, { ...memory.limits, maxParameters: 100 }]) {
    let statements = 0;
    const backend = await open(`limit ${limits.maxParameters}`, {
      limits,
      batch(batch) {
        statements = batch.length;
        return memory.batch(batch);
      },
    });
    const there = new Set(keys.filter((_, n) => n % 3 === 0));
    await backend.commit([...there].map((address) => session(address, 1)));
    const kept = session("1@lid.0", 7);
    const removals = keys.map((address): Write => ({ kind: "session.delete", address }));
    const changed = await backend.commit([kept, ...removals]);
    const expected = keys.map((address) => (there.delete(address) ? 1 : 0));
    expect(changed).toEqual([1, ...expected]);
    expect(await column("SELECT count(*) FROM session WHERE user = '2'")).toEqual([0]);
    expect(await backend.getSession("1@lid.0")).toEqual(new Uint8Array([7]));
    expect(statements).toBeLessThanOrEqual(limits.maxParameters === 100 ? 50 : 4);
  }
});

test("versions of app state are exact to 2^64-1", async () => {
  const backend = await open("alice");
  for (const version of [2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    const state = {
      version,
      hash: new Uint8Array(128).fill(1),
      indexValueMap: new Map(),
      macMismatchFatal: true,
    };
    await backend.setVersion("regular", state);
    expect(await backend.getVersion("regular")).toEqual(state);
  }
});

test("times and epochs are exact to 2^53-1", async () => {
  const backend = await open("alice");
  const max = Number.MAX_SAFE_INTEGER;
  const next = { owner: "one", epoch: max };
  await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: max - 1, next } });
  expect(await backend.readOwner()).toEqual(next);
  await backend.putTcToken("j", {
    token: new Uint8Array([1]),
    tokenTimestamp: max,
    senderTimestamp: max - 1,
  });
  expect(await backend.getTcToken("j")).toEqual({
    token: new Uint8Array([1]),
    tokenTimestamp: max,
    senderTimestamp: max - 1,
  });
});

test("all mappings come in pages, newest first, each once", async () => {
  const backend = await open("alice");
  const count = 2_500;
  const entries = Array.from({ length: count }, (_, n): LidPnMapping => {
    return {
      lid: `l${n}`,
      phoneNumber: `p${n % 7}`,
      createdAt: n % 3,
      updatedAt: n,
      learningSource: "usync",
    };
  });
  await backend.putLidMappings(entries);
  const seen: LidPnMapping[] = [];
  for await (const mapping of backend.getAllLidMappings()) seen.push(mapping);
  const newestFirst = entries
    .map((entry, index) => ({ entry, index }))
    .toSorted((a, b) => b.entry.createdAt - a.entry.createdAt || b.index - a.index)
    .map(({ entry }) => entry);
  expect(seen).toEqual(newestFirst);
});

test("an unknown learning source reads as other", async () => {
  const backend = await open("alice");
  await backend.putLidMapping({
    lid: "1",
    phoneNumber: "2",
    createdAt: 3,
    updatedAt: 4,
    learningSource: "usync",
  });
  await memory.batch([{ sql: "UPDATE lid_mapping SET learning_source = 'telepathy'", params: [] }]);
  expect((await backend.getLidMapping("1"))?.learningSource).toBe("other");
});

test("a failed read is never absence, and a damaged row stays where it is", async () => {
  let broken = false;
  const backend = await open("alice", {
    query: (sql, params) =>
      broken ? Promise.reject(new BackendError("read: failed")) : memory.query(sql, params),
  });
  await backend.putSession(ALICE, new Uint8Array([1]));
  broken = true;
  await expect(backend.getSession(ALICE)).rejects.toThrow(BackendError);
  await expect(backend.load()).rejects.toThrow(BackendError);
  broken = false;
  await backend.updateDeviceList({ user: "u", devices: [{ deviceId: 1 }], timestamp: 1 });
  await memory.batch([{ sql: "UPDATE device_list SET devices = x'ff'", params: [] }]);
  await expect(backend.getDevices("u")).rejects.toThrow(CorruptError);
  expect(await column("SELECT hex(devices) FROM device_list")).toEqual(["FF"]);
});

test("closing closes the driver once, and so does a failure to open", async () => {
  let closed = 0;
  const close = async () => {
    closed += 1;
  };
  const backend = await open("alice", { close });
  await backend.close();
  await backend.close();
  expect(closed).toBe(1);
  await expect(backend.getSession(ALICE)).rejects.toThrow(ClosedError);
  await expect(backend.commit([])).rejects.toThrow(ClosedError);
  await expect(open("", { close })).rejects.toThrow(TypeError);
  expect(closed).toBe(2);
  await expect(open("a\0b")).rejects.toThrow(TypeError);
  await expect(open("\ud800")).rejects.toThrow(TypeError);
});

test("no message of an error repeats what was to be written", async () => {
  const secret = "secret-5511999990000";
  const backend = await open("alice");
  await memory.batch([
    {
      sql: "CREATE TRIGGER refuse BEFORE INSERT ON session BEGIN SELECT RAISE(ABORT, 'no'); END",
      params: [],
    },
  ]);
  const error = await backend
    .putSession(`${secret}@lid.0`, new TextEncoder().encode(secret))
    .catch((each: unknown) => each);
  expect(error).toBeInstanceOf(RefusedError);
  for (let each = error as Error | undefined; each !== undefined; each = each.cause as Error | undefined) {
    expect(`${each.message}\n${JSON.stringify(each)}`).not.toContain(secret);
  }
});

/**
 * Statements that may read a whole table of the account: they list or count all of it, or run rarely over
 * small rows.
 */
const FULL_SCANS = /FROM account a LEFT JOIN|max\(id\)/;

test("every read and every write by key is a search of an index", async () => {
  const statements = new Map<string, readonly SqlValue[]>();
  const note = ({ sql, params }: SqlStatement) => statements.set(sql, params);
  const backend = await open("alice", {
    query(sql, params) {
      note({ sql, params });
      return memory.query(sql, params);
    },
    batch(batch) {
      batch.forEach(note);
      return memory.batch(batch);
    },
  });
  statements.clear();
  await useEverythingByKey(backend);
  expect(statements.size).toBeGreaterThan(40);
  for (const [sql, params] of statements) {
    const plan = await memory.query(`EXPLAIN QUERY PLAN ${sql}`, params);
    const scans = plan
      .map((row) => String(row[3]))
      .filter((detail) => /^SCAN (?!\d|CONSTANT|\(|users|scope)/.test(detail));
    if (!FULL_SCANS.test(sql)) expect(scans, sql).toEqual([]);
  }
});

/** Calls whatever looks rows up by key. */
async function useEverythingByKey(backend: Backend): Promise<void> {
  const key = new Uint8Array(32);
  const many = [ALICE, BOB];
  await backend.commit([
    session(ALICE, 1),
    { kind: "session.delete", address: ALICE },
    { kind: "identity.put", address: ALICE, key },
    { kind: "identity.delete", address: ALICE },
    { kind: "senderKey.put", name: "g", record: key },
    { kind: "senderKey.delete", name: "g" },
    { kind: "preKey.put", id: 1, record: key, uploaded: false },
    { kind: "preKey.markUploaded", ids: [1, 2] },
    { kind: "preKey.remove", id: 1 },
    { kind: "signedPreKey.put", id: 1, record: key },
    { kind: "signedPreKey.remove", id: 1 },
    { kind: "mutationMacs.delete", name: "regular", indexMacs: [key] },
    { kind: "mutationMacs.clear", name: "regular" },
    { kind: "senderKeyDevices.clear", group: "g" },
    { kind: "lidMapping.delete", lids: ["1"] },
    { kind: "baseKey.delete", address: ALICE, messageId: "m" },
    { kind: "deviceList.delete", user: "u" },
    { kind: "groupMetadata.delete", group: "g" },
    { kind: "tcToken.delete", jid: "j" },
    { kind: "sentMessage.delete", chat: "c", id: "m" },
    { kind: "pendingInbound.delete", keys: [{ chat: "c", sender: "s", id: "m" }] },
  ]);
  await backend.commit([
    ...many.map((address): Write => ({ kind: "session.delete", address })),
    ...many.map((address): Write => ({ kind: "identity.delete", address })),
    ...many.map((name): Write => ({ kind: "senderKey.delete", name })),
    ...many.map((address): Write => ({ kind: "baseKey.delete", address, messageId: "m" })),
    ...many.map((user): Write => ({ kind: "deviceList.delete", user })),
    ...many.map((group): Write => ({ kind: "groupMetadata.delete", group })),
    ...many.map((jid): Write => ({ kind: "tcToken.delete", jid })),
    ...many.map((id): Write => ({ kind: "sentMessage.delete", chat: "c", id })),
    ...[1, 2].map((id): Write => ({ kind: "preKey.remove", id })),
    ...[1, 2].map((id): Write => ({ kind: "signedPreKey.remove", id })),
  ]);
  await backend.loadIdentity(ALICE);
  await backend.getSession(ALICE);
  await backend.getSessions(many);
  await backend.hasSession(ALICE);
  await backend.hasSignalStateForUser("u");
  await backend.listSignalAddresses(["u", "v"]);
  await backend.loadPreKey(1);
  await backend.loadPreKeys([1, 2]);
  await backend.getMaxPreKeyId();
  await backend.loadSignedPreKey(1);
  await backend.getSenderKey("g");
  await backend.getSyncKey(key);
  await backend.getLatestSyncKeyId();
  await backend.getVersion("regular");
  await backend.getMutationMac("regular", key);
  await backend.getMutationMacs("regular", [key, key]);
  await backend.getSenderKeyDevices("g");
  await backend.getLidMappings(["1", "2"]);
  await backend.getPnMappings(["1", "2"]);
  await backend.hasSameBaseKey(ALICE, "m", key);
  await backend.getDevicesFor(["u", "v"]);
  await backend.getGroupMetadata("g");
  await backend.getTcToken("j");
  await backend.getSentMessage("c", "m");
  await backend.getPendingInbound("c", "s", "m");
  await backend.getMsgSecret("c", "s", "m");
  await backend.load();
  await backend.exists();
}
