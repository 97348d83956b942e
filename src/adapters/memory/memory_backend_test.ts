import { expect, test } from "vitest";
import { hexOf } from "../../bytes/mod.ts";
import { BackendError, CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "./mod.ts";
import { compoundKey, Table } from "./table.ts";
import { Transaction } from "./transaction.ts";

// The rules of the contract are cases of the conformance kit (test/kit); here is what only this backend has.

const ADDRESS = "1000@lid.0";

test("a backend without a database has one of its own; accounts default to one name", async () => {
  const [one, two] = [memoryBackend(), memoryBackend()];
  await one.putSession(ADDRESS, new Uint8Array([1]));
  expect(await two.hasSession(ADDRESS)).toBe(false);
  expect(await one.listAccounts()).toEqual([{ accountId: 1, account: "default", pn: undefined }]);
});

test("a database outlives its backends", async () => {
  const database = new MemoryDatabase();
  const first = memoryBackend({ database });
  await first.putSession(ADDRESS, new Uint8Array([1]));
  await first.close();
  expect(await memoryBackend({ database }).getSession(ADDRESS)).toEqual(new Uint8Array([1]));
});

test("a name that no account can have is a TypeError", () => {
  for (const account of ["", "x".repeat(1_025), "a\0"]) {
    expect(() => memoryBackend({ account })).toThrow(TypeError);
  }
});

test("the largest value is 2,000,000 bytes unless told otherwise", async () => {
  expect(memoryBackend().capabilities.maxValueBytes).toBe(2_000_000);
  const small = memoryBackend({ maxValueBytes: 10 });
  await small.putSession(ADDRESS, new Uint8Array(10));
  await expect(small.putSession(ADDRESS, new Uint8Array(11))).rejects.toMatchObject({ code: "refused" });
});

test("a commit fails at the row change asked for, once, and takes everything back", async () => {
  const faults = new MemoryFaults();
  const backend = memoryBackend({ faults });
  const writes = [1, 2, 3].map((id) => ({
    kind: "preKey.put" as const,
    id,
    record: new Uint8Array([id]),
    uploaded: false,
  }));
  faults.failCommitAt(2);
  await expect(backend.commit(writes)).rejects.toThrow(BackendError);
  expect(await backend.getMaxPreKeyId()).toBe(0);
  await backend.commit(writes);
  expect(await backend.getMaxPreKeyId()).toBe(3);
  faults.failCommitAt(3);
  await backend.commit(writes);
});

test("reads fail for as long as they are told to, and commits go on", async () => {
  const faults = new MemoryFaults();
  const backend = memoryBackend({ faults });
  faults.failReads(new BackendError("read: broken"));
  await backend.putSession(ADDRESS, new Uint8Array([1]));
  const reads = [
    () => backend.getSession(ADDRESS),
    () => backend.load(),
    () => backend.exists(),
    () => backend.listAccounts(),
    () => backend.readOwner(),
    () => backend.snapshotDb("s"),
    () => backend.getAllLidMappings()[Symbol.asyncIterator]().next(),
  ];
  for (const read of reads) await expect(read()).rejects.toThrow("read: broken");
  faults.failReads(undefined);
  expect(await backend.hasSession(ADDRESS)).toBe(true);
});

test("damage needs a registered account, and reaches the rows that are there", async () => {
  const database = new MemoryDatabase();
  expect(() => database.damage("default", "identity", "wrong-length")).toThrow(TypeError);
  const backend = memoryBackend({ database });
  await backend.putIdentity(ADDRESS, new Uint8Array(32));
  database.damage("default", "identity", "wrong-length");
  await expect(backend.loadIdentity(ADDRESS)).rejects.toThrow(WrongLengthError);
  database.damage("default", "identity", "undecodable");
  await expect(backend.loadIdentity(ADDRESS)).rejects.toThrow(CorruptError);
});

test("an account that is not registered has a snapshot without rows", async () => {
  const { accountId, tables } = await memoryBackend().snapshotDb("empty");
  expect(accountId).toBe(0);
  expect(tables.length).toBeGreaterThan(15);
  for (const { rows, bytes } of tables) expect([rows, bytes]).toEqual([0, 0]);
});

test("a table's groups follow its rows through changes and through taking them back", () => {
  interface Row {
    readonly group: string;
    readonly value: number;
  }
  const table = new Table<Row>({ bytesOf: () => 1, groupOf: (row) => row.group });
  const kept = new Transaction(undefined);
  table.set("a", { group: "g", value: 1 }, kept);
  table.set("b", { group: "g", value: 2 }, kept);
  const taken = new Transaction(undefined);
  table.set("a", { group: "h", value: 3 }, taken);
  table.delete("b", taken);
  table.set("c", { group: "g", value: 4 }, taken);
  expect(table.rowsOf("g")).toEqual([{ group: "g", value: 4 }]);
  expect(table.rowsOf("h")).toEqual([{ group: "h", value: 3 }]);
  expect(table.deleteGroup("g", taken)).toBe(1);
  taken.rollback();
  expect(
    table
      .rowsOf("g")
      .map((row) => row.value)
      .sort(),
  ).toEqual([1, 2]);
  expect(table.rowsOf("h")).toEqual([]);
  expect([table.size, table.bytes]).toEqual([2, 2]);
});

test("keys of parts and of bytes are apart, and byte keys sort as their bytes do", () => {
  expect(compoundKey("a", "b:c")).not.toBe(compoundKey("a:b", "c"));
  expect(compoundKey('a","b')).not.toBe(compoundKey("a", "b"));
  const keys = [[], [0], [0, 0], [0, 255], [1], [16], [255], [255, 0]].map((bytes) =>
    hexOf(new Uint8Array(bytes)),
  );
  expect([...keys].sort()).toEqual(keys);
});
