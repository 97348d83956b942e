import { describe, expect, test } from "vitest";
import {
  ownSenderKeyRecordBytes,
  senderKeyRecordBytes,
  sessionRecordBytes,
} from "../../test/support/signal/sample_signal_records.ts";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import {
  type Backend,
  type Committer,
  type Device,
  readRestoreEpoch,
  type Write,
  withCommitter,
} from "../backend/mod.ts";
import { createDevice } from "../device/mod.ts";
import { liveSessionCodec } from "../ratchet/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { type ImportRowsOptions, importRows } from "./import_rows.ts";
import { listRetired, retireAccount, undoRetirement } from "./retire.ts";

const DEVICE: Device = await createDevice(fakeHost({ seed: 4 }));
const BURN: ImportRowsOptions = { mode: "new", chain: "burn", host: fakeHost() };
const GROUP = "120363000000000001@g.us";

function rowsOf(sessions: number): Write[] {
  const writes: Write[] = [{ kind: "device.save", device: DEVICE }];
  for (let n = 0; n < sessions; n += 1)
    writes.push({ kind: "session.put", address: `${1_000 + n}@lid.0`, record: sessionRecordBytes(n) });
  writes.push({ kind: "senderKey.put", name: `${GROUP}:1000@lid.0`, record: ownSenderKeyRecordBytes(1, 17) });
  writes.push({ kind: "senderKey.put", name: `${GROUP}:1001@lid.0`, record: senderKeyRecordBytes(2) });
  return writes;
}

async function* of<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** A backend that dies at its nth commit: before it is applied, or after it. */
function dying(backend: Backend, at: number, when: "before" | "after"): Backend {
  let commits = 0;
  const committer: Committer = {
    capabilities: backend.capabilities,
    readOwner: () => backend.readOwner(),
    close: () => backend.close(),
    commit: async (writes, options) => {
      commits += 1;
      if (commits > at || (commits === at && when === "before")) throw new Error("killed");
      const changed = await backend.commit(writes, options);
      if (commits === at) throw new Error("killed");
      return changed;
    },
  };
  return withCommitter(backend, committer);
}

let openings = 100;

/** Opens the account. A new one has keys of its own. */
async function opened(database: MemoryDatabase): Promise<Device> {
  openings += 1;
  const host = fakeHost({ seed: openings });
  await using account = await openAccount({ backend: memoryBackend({ database }), host });
  return account.device.getDeviceSnapshot();
}

function sameKey(a: Device, b: Device): boolean {
  return Buffer.from(a.identityKey.publicKey).equals(b.identityKey.publicKey);
}

describe("importRows", () => {
  test("stores every row in bounded commits, and lets the account be opened with the last one", async () => {
    const database = new MemoryDatabase();
    const backend = memoryBackend({ database });
    const progress: number[] = [];
    let most = 0;
    const counting: Committer = {
      capabilities: { ...backend.capabilities, maxCommitRows: 100, maxCommitBytes: 200_000 },
      readOwner: () => backend.readOwner(),
      close: () => backend.close(),
      commit: async (writes, options) => {
        most = Math.max(most, writes.length);
        return await backend.commit(writes, options);
      },
    };
    const onProgress = (rows: number): void => void progress.push(rows);
    const report = await importRows(withCommitter(backend, counting), of(rowsOf(1_050)), {
      ...BURN,
      onProgress,
    });
    expect(report.rows).toEqual({ session: 1_050, senderKey: 2, device: 1 });
    expect(report.changes).toEqual([
      { table: "session", rows: 1_050, why: "copy" },
      { table: "senderKey", rows: 1, why: "copy" },
    ]);
    expect(most).toBeLessThanOrEqual(101);
    expect(progress.at(-1)).toBe(1_053);
    expect((await opened(database)).identityKey).toEqual(DEVICE.identityKey);
  });

  test("killed at each commit, opens nothing and is begun again by the next one", async () => {
    for (let at = 1; ; at += 1) {
      const when = at % 2 === 0 ? "before" : "after";
      const database = new MemoryDatabase();
      const first = importRows(dying(memoryBackend({ database }), at, when), of(rowsOf(1_200)), BURN);
      const isDone = await first.then(
        () => true,
        () => false,
      );
      if (isDone) {
        expect(at).toBeGreaterThan(4);
        break;
      }
      const isWhole = await opened(database).then(
        ({ identityKey }) =>
          identityKey.publicKey.every((byte, n) => byte === DEVICE.identityKey.publicKey[n]),
        (error) => error.code,
      );
      // Killed after its last commit the import was done. Before its first one there is no account.
      if (isWhole === true) continue;
      if (isWhole === false) {
        expect([at, when]).toEqual([at, "before"]);
        continue;
      }
      expect(isWhole).toBe("held");
      const backend = memoryBackend({ database });
      await backend.commit([{ kind: "preKey.put", id: 9, record: new Uint8Array(9), uploaded: false }]);
      await importRows(backend, of(rowsOf(3)), BURN);
      expect(await backend.loadPreKey(9)).toBeUndefined();
      expect(await backend.getSession("2100@lid.0")).toBeUndefined();
      expect((await opened(database)).identityKey).toEqual(DEVICE.identityKey);
    }
  });

  test("that fails removes what it has stored", async () => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    async function* failing(): AsyncGenerator<Write> {
      yield* rowsOf(1_200);
      throw new Error("the source ended");
    }
    await expect(importRows(backend, failing(), BURN)).rejects.toThrow("the source ended");
    expect(await backend.readOwner()).toBeUndefined();
    expect(await backend.getSession("1000@lid.0")).toBeUndefined();
  });

  test("refuses where there is an account, and leaves it open", async () => {
    const database = new MemoryDatabase();
    await using account = await openAccount({ backend: memoryBackend({ database }), host: fakeHost() });
    const before = account.device.getDeviceSnapshot();
    const refused = importRows(memoryBackend({ database }), of(rowsOf(1)), BURN);
    await expect(refused).rejects.toMatchObject({ code: "refused" });
    await account.store.putGroupMetadata(GROUP, new Uint8Array([1]));
    expect(await memoryBackend({ database }).load()).toEqual(before);
  });

  test("replaces an account, which can be brought back", async () => {
    const database = new MemoryDatabase();
    const before = await opened(database);
    const backend = memoryBackend({ database });
    await backend.putSession("77@lid.0", sessionRecordBytes(1));
    const { replaced } = await importRows(backend, of(rowsOf(1)), { ...BURN, mode: "replace" });
    expect((await opened(database)).identityKey).toEqual(DEVICE.identityKey);
    expect(await backend.hasSession("77@lid.0")).toBe(false);
    await retireAccount(backend, { undoDays: 0 });
    await undoRetirement(backend, replaced?.id);
    expect((await opened(database)).identityKey).toEqual(before.identityKey);
    expect(await backend.hasSession("77@lid.0")).toBe(true);
  });

  test("that replaces and fails brings the former account back", async () => {
    const database = new MemoryDatabase();
    const before = await opened(database);
    const replacing = importRows(memoryBackend({ database }), of(rowsOf(9).slice(1)), {
      ...BURN,
      mode: "replace",
    });
    await expect(replacing).rejects.toMatchObject({ code: "refused" });
    expect((await opened(database)).identityKey).toEqual(before.identityKey);
  });

  test.each(["kept", "erased"])(
    "that replaces what is %s, killed at each commit, never leaves the name free",
    async (what) => {
      const outcomes = new Set<string>();
      for (let at = 1; at < 9; at += 1) {
        const database = new MemoryDatabase();
        const before = await opened(database);
        const backend = memoryBackend({ database });
        const undoDays = what === "kept" ? undefined : 0;
        const options = { ...BURN, mode: "replace", undoDays } as const;
        const replacing = importRows(dying(backend, at, "after"), of(rowsOf(600)), options);
        const isKilled = await replacing.then(
          () => false,
          () => true,
        );
        let found = await opened(database).catch((error) => error.code);
        const outcome =
          found === "held"
            ? "half"
            : sameKey(found, before)
              ? "former"
              : sameKey(found, DEVICE)
                ? "new"
                : "none";
        outcomes.add(outcome);
        if (outcome === "half" && at % 2 === 0) {
          await undoRetirement(backend);
          expect(await backend.getSession("1001@lid.0"), `${at}`).toBeUndefined();
          expect(sameKey(await opened(database), before), `${at}`).toBe(true);
        }
        if (outcome === "former" || (outcome === "half" && at % 2 === 0)) continue;
        if (outcome === "half") await importRows(backend, of(rowsOf(2)), options);
        found = await opened(database);
        expect(sameKey(found, DEVICE), `${at} ${outcome}`).toBe(true);
        const isKept = (await listRetired(backend)).length === 1;
        // What is erased for good stays until the other account is whole.
        expect(isKept, `${at} ${outcome}`).toBe(what === "kept" || isKilled);
        if (!isKept) continue;
        await retireAccount(backend, { undoDays: 0 });
        await undoRetirement(backend);
        expect(sameKey(await opened(database), before), `${at} ${outcome}`).toBe(true);
      }
      expect([...outcomes].sort()).toEqual(["former", "half", "new"]);
    },
  );

  test("that replaces, fails and is killed while it brings the former account back, leaves either", async () => {
    const outcomes = new Set<string>();
    for (let at = 1; at < 9; at += 1) {
      const when = at % 2 === 0 ? "before" : "after";
      const database = new MemoryDatabase();
      const before = await opened(database);
      const backend = memoryBackend({ database });
      const replacing = importRows(dying(backend, at, when), of(rowsOf(600).slice(1)), {
        ...BURN,
        mode: "replace",
      });
      await expect(replacing).rejects.toThrow();
      const isHeld = await opened(database).then(
        (found) => !sameKey(found, before) || undefined,
        (error) => error.code === "held",
      );
      outcomes.add(`${isHeld}`);
      if (isHeld === true) await undoRetirement(backend);
      expect(sameKey(await opened(database), before), `${at}`).toBe(true);
    }
    expect([...outcomes].sort()).toEqual(["true", "undefined"]);
  });

  test("that replaces an account without a device purges it, or brings it back", async () => {
    for (const rows of [rowsOf(1), rowsOf(1).slice(1)]) {
      const backend = memoryBackend({ database: new MemoryDatabase() });
      await backend.commit([], {
        guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next: { owner: "old", epoch: 3 } },
      });
      const result = await importRows(backend, of(rows), { ...BURN, mode: "replace" }).catch(
        (error) => error,
      );
      const isWhole = rows[0]?.kind === "device.save";
      expect(result).toMatchObject(isWhole ? { rows: { device: 1 } } : { code: "refused" });
      expect(await listRetired(backend)).toEqual([]);
      expect((await backend.readOwner())?.owner.startsWith("old")).toBe(false);
      expect(await backend.exists()).toBe(isWhole);
    }
  });

  test("that replaces leaves the name to another import that began in between", async () => {
    const database = new MemoryDatabase();
    const backend = memoryBackend({ database });
    const before = await opened(database);
    async function* overtaken(): AsyncGenerator<Write> {
      yield* rowsOf(600);
      await importRows(memoryBackend({ database }), of(rowsOf(2)), { ...BURN, mode: "replace" });
    }
    const first = importRows(backend, overtaken(), { ...BURN, mode: "replace" });
    await expect(first).rejects.toMatchObject({ code: "fenced" });
    expect(sameKey(await opened(database), DEVICE)).toBe(true);
    await retireAccount(backend, { undoDays: 0 });
    await undoRetirement(backend);
    expect(sameKey(await opened(database), before)).toBe(true);
  });

  test("takes the place of an account that was moved away, in mode replace alone", async () => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    const next = { owner: `moved:${"0".repeat(32)}`, epoch: 1 };
    await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
    await expect(importRows(backend, of(rowsOf(1)), BURN)).rejects.toMatchObject({ state: "moved" });
    await importRows(backend, of(rowsOf(1)), { ...BURN, mode: "replace" });
    expect(await backend.exists()).toBe(true);
  });

  test("refuses rows without a device, with unsound keys, and that delete accounts", async () => {
    const unsound = { ...DEVICE, noiseKey: { ...DEVICE.noiseKey, publicKey: new Uint8Array(32) } };
    for (const [rows, name] of [
      [rowsOf(1).slice(1), "RefusedError"],
      [[{ kind: "device.save", device: unsound }], "RangeError"],
      [[...rowsOf(1), { kind: "account.delete", accountId: 1 }], "RefusedError"],
    ] as const) {
      const backend = memoryBackend({ database: new MemoryDatabase() });
      const error = await importRows(backend, of(rows as readonly Write[]), BURN).catch((reason) => reason);
      expect(error instanceof RangeError ? "RangeError" : error.name).toBe(name);
      expect(await backend.readOwner()).toBeUndefined();
    }
  });

  test("of a copy raises the restore epoch by one, and the first opening tells of it", async () => {
    const database = new MemoryDatabase();
    await importRows(memoryBackend({ database }), of(rowsOf(1)), BURN);
    const stored = await memoryBackend({ database }).load();
    expect(stored && readRestoreEpoch(stored)).toEqual({ own: 0, raised: 1, seen: "0 copy", isNew: true });
    for (const isFirst of [true, false]) {
      const host = fakeHost();
      await using account = await openAccount({ backend: memoryBackend({ database }), host });
      expect(account.signalPolicy.restoreEpoch).toBe(1);
      expect(host.logger.entries.some(({ message }) => message.includes("older copy"))).toBe(isFirst);
    }
  });

  test("of a stopped original goes on at its leases, and 100 ahead without one", async () => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    const lease = { reservedUntil: 7, incarnation: "0".repeat(32), burned: 2 };
    const leased = { kind: "session.put", address: "9@lid.0", record: sessionRecordBytes(9), lease } as const;
    const damaged = { kind: "session.put", address: "8@lid.0", record: new Uint8Array([255, 255]) } as const;
    const report = await importRows(backend, of([...rowsOf(1), leased, damaged]), {
      ...BURN,
      chain: "originalIsStopped",
    });
    expect(report.changes).toEqual([
      { table: "session", rows: 1, why: "no-lease" },
      { table: "senderKey", rows: 1, why: "no-lease" },
      { table: "session", rows: 1, why: "unreadable" },
    ]);
    expect((await backend.loadSessionRow("9@lid.0"))?.lease).toEqual(lease);
    expect((await backend.loadSessionRow("8@lid.0"))?.lease).toBeUndefined();
    const session = liveSessionCodec.sendingChain(liveSessionCodec.decode(sessionRecordBytes(0)))?.next ?? -1;
    const row = await backend.loadSessionRow("1000@lid.0");
    expect(row?.lease).toMatchObject({ reservedUntil: session + 100, burned: 0 });
    expect((await backend.loadSenderKeyRow(`${GROUP}:1000@lid.0`))?.lease?.reservedUntil).toBe(117);
    expect((await backend.loadSenderKeyRow(`${GROUP}:1001@lid.0`))?.lease).toBeUndefined();
    const device = await backend.load();
    expect(device && readRestoreEpoch(device)).toMatchObject({ own: 0, raised: 0 });
  });

  test("divides lists and collections that are larger than a commit", async () => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    const values = new Map(
      Array.from({ length: 1_300 }, (_, n) => [`index${n}`, new Uint8Array(32).fill(n)]),
    );
    const state = { version: 3n, hash: new Uint8Array(128).fill(1), macMismatchFatal: false };
    const entries = Array.from({ length: 1_300 }, (_, n) => [`${n}@lid`, n % 2 === 0] as const);
    await importRows(
      backend,
      of<Write>([
        ...rowsOf(0),
        { kind: "syncVersion.put", name: "regular", state: { ...state, indexValueMap: values } },
        {
          kind: "syncVersion.patch",
          name: "critical_block",
          patch: { generation: 4, values, removed: [], state },
        },
        { kind: "senderKeyDevices.set", group: GROUP, entries: [...entries] },
      ]),
      BURN,
    );
    for (const name of ["regular", "critical_block"])
      expect(await backend.getVersion(name)).toEqual({ ...state, indexValueMap: values });
    expect((await backend.getGenerations("critical_block")).current).toBe(4);
    expect(await backend.getSenderKeyDevices(GROUP)).toHaveLength(1_300);
  });
});
