import { describe, expect, test } from "vitest";
import { hexOf } from "../../bytes/mod.ts";
import { BackendError, CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "./mod.ts";
import { compoundKey, Table } from "./table.ts";
import { Transaction } from "./transaction.ts";

// The conformance kit (test/kit) covers the contract. These tests cover what only this backend has.

const ADDRESS = "1000@lid.0";

describe("memoryBackend", () => {
  test("creates a database and a default account", async () => {
    const [one, two] = [memoryBackend(), memoryBackend()];
    await one.putSession(ADDRESS, new Uint8Array([1]));
    expect(await two.hasSession(ADDRESS)).toBe(false);
    expect(await one.listAccounts()).toEqual([{ accountId: 1, account: "default", pn: undefined }]);
  });

  test("keeps the database after its backends are closed", async () => {
    const database = new MemoryDatabase();
    const first = memoryBackend({ database });
    await first.putSession(ADDRESS, new Uint8Array([1]));
    await first.close();
    expect(await memoryBackend({ database }).getSession(ADDRESS)).toEqual(new Uint8Array([1]));
  });

  test("throws TypeError for an invalid account name", () => {
    for (const account of ["", "x".repeat(1_025), "a\0"]) {
      expect(() => memoryBackend({ account })).toThrow(TypeError);
    }
  });

  test("accepts values up to 2,000,000 bytes by default", async () => {
    expect(memoryBackend().capabilities.maxValueBytes).toBe(2_000_000);
    const small = memoryBackend({ maxValueBytes: 10 });
    await small.putSession(ADDRESS, new Uint8Array(10));
    await expect(small.putSession(ADDRESS, new Uint8Array(11))).rejects.toMatchObject({ code: "refused" });
  });
});

describe("MemoryFaults", () => {
  test("fails one commit at the given row change and rolls it back", async () => {
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

  test("fails reads until cleared, while commits succeed", async () => {
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
});

describe("MemoryDatabase.damage", () => {
  test("damages the rows of a registered account", async () => {
    const database = new MemoryDatabase();
    expect(() => database.damage("default", "identity", "wrong-length")).toThrow(TypeError);
    const backend = memoryBackend({ database });
    await backend.putIdentity(ADDRESS, new Uint8Array(32));
    database.damage("default", "identity", "wrong-length");
    await expect(backend.loadIdentity(ADDRESS)).rejects.toThrow(WrongLengthError);
    database.damage("default", "identity", "undecodable");
    await expect(backend.loadIdentity(ADDRESS)).rejects.toThrow(CorruptError);
  });
});

describe("memoryBackend snapshots", () => {
  test("returns a snapshot without rows for an unregistered account", async () => {
    const { accountId, tables } = await memoryBackend().snapshotDb("empty");
    expect(accountId).toBe(0);
    expect(tables.length).toBeGreaterThan(15);
    for (const { rows, bytes } of tables) expect([rows, bytes]).toEqual([0, 0]);
  });
});

describe("Table", () => {
  test("keeps groups in step with rows through changes and rollbacks", () => {
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
});

describe("compoundKey", () => {
  test("separates compound keys and sorts byte keys like their bytes", () => {
    expect(compoundKey("a", "b:c")).not.toBe(compoundKey("a:b", "c"));
    expect(compoundKey('a","b')).not.toBe(compoundKey("a", "b"));
    const keys = [[], [0], [0, 0], [0, 255], [1], [16], [255], [255, 0]].map((bytes) =>
      hexOf(new Uint8Array(bytes)),
    );
    expect([...keys].sort()).toEqual(keys);
  });
});
