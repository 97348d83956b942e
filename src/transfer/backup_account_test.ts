import { describe, expect, test } from "vitest";
import { drawWrites } from "../../test/support/account/generated_account.ts";
import { dose } from "../../test/support/dose.ts";
import { type Account, openAccount } from "../account/mod.ts";
import { libsqlBackend } from "../adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend, PendingInbound, Write } from "../backend/mod.ts";
import { compareText } from "../bytes/mod.ts";
import type { BackupSource } from "../device/mod.ts";
import { type Contents, readAll } from "../testing/conformance/universe.ts";
import { FaultPlan, fakeHost, faultyCommitter, SeededRandom } from "../testing/mod.ts";
import { backupAccount } from "./backup_account.ts";
import { MAX_WAITING_BYTES } from "./commit_log.ts";
import { importAccount } from "./import_account.ts";

const BACKUPS = dose({ short: 8, long: 1_000 });
const MANUAL = { saverIntervalMs: "manual", housekeeping: false } as const;
const GROUP = "120363000000000001@g.us";

async function* of<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function open(backend: Backend): Promise<Account> {
  return await openAccount({ backend, host: fakeHost(), ...MANUAL });
}

/** Sorts lists of received messages: their order within a second is not kept. */
function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) {
    const isPlain = typeof value === "object" && value?.constructor === Object;
    return isPlain
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, sorted(item)]))
      : value;
  }
  const keyOf = (
    item: Partial<PendingInbound & { kind: string; rows: PendingInbound[] }>,
  ): string | undefined => {
    const { receivedAt, chat, sender, id } =
      (item?.kind === "pendingInbound.put" && item.rows?.[0]) || (item ?? {});
    return receivedAt === undefined ? undefined : [receivedAt, chat, sender, id].join(" ");
  };
  const items = value.map(sorted);
  if (items.some((item) => keyOf(item as never) === undefined)) return items;
  return items.sort((a, b) => compareText(keyOf(a as never) ?? "", keyOf(b as never) ?? ""));
}

/** What the account reads as, without the device's restore epoch and the numbers of generations. */
async function stateOf(backend: Backend): Promise<Contents> {
  const { getGenerations: _, load, ...state } = await readAll(backend);
  const device = (load as { readonly extra: ReadonlyMap<string, Uint8Array> }[])[0];
  const extra = new Map([...(device?.extra ?? [])].filter(([name]) => name !== "holdfast.restore-epoch"));
  return sorted({ ...state, load: { ...device, extra } }) as Contents;
}

/** An account whose rows change before, during and after the reading of each page. */
function restless(account: Account, random: SeededRandom, atEnd: () => Promise<void>): BackupSource {
  const change = async (): Promise<void> => {
    if (random.oneIn(3)) return;
    const writes = drawWrites(random, 1 + random.below(8));
    const pushName = `name ${random.below(99)}`;
    if (random.oneIn(3)) account.device.processCommand({ kind: "setPushName", pushName });
    if (random.oneIn(2)) await account.commitWith(writes);
    else await account.store.commit(writes);
  };
  // Small pages, between which rows change that were read, and that were not.
  const listRows: Backend["listRows"] = async (table, after) => {
    await change();
    const running = change();
    const page = await account.store.listRows(table, after, 2);
    await running;
    await change();
    return page;
  };
  // The end of a backup is a look at the owner.
  const readOwner: Backend["readOwner"] = async () => {
    await change();
    const owner = await account.store.readOwner();
    await change();
    await atEnd();
    return owner;
  };
  return over(account, listRows, readOwner);
}

/** The account with another listing of its rows. */
function over(
  account: Account,
  listRows: Backend["listRows"],
  readOwner: Backend["readOwner"] = () => account.store.readOwner(),
): BackupSource {
  const store: Backend = Object.create(account.store, {
    listRows: { value: listRows },
    readOwner: { value: readOwner },
    load: { value: () => account.store.load() },
  });
  return {
    host: account.host,
    store,
    flush: () => account.flush(),
    followCommits: (follower) => account.followCommits(follower),
  };
}

describe("backupAccount", () => {
  test(`is the state at its end, over ${BACKUPS} backups of accounts that go on`, async () => {
    let later = 0;
    for (let seed = 1; seed <= BACKUPS; seed += 1) {
      const random = new SeededRandom(seed);
      const database = new MemoryDatabase();
      const file = seed % 4 === 0 ? await libsqlBackend({ url: ":memory:" }) : memoryBackend({ database });
      await using account = await open(file);
      for (let n = 0; n < 8; n += 1) await account.commitWith(drawWrites(random, 10));
      const pieces: Uint8Array[] = [];
      let state: Contents | undefined;
      const sink = {
        // What is committed while the last pieces are written is not part of the backup.
        write: async (piece: Uint8Array) => {
          pieces.push(piece);
          await account.commitWith(drawWrites(random, 5));
        },
      };
      const source = restless(account, random, async () => {
        state = await stateOf(account.store);
      });
      try {
        later += (await backupAccount(source, sink)).laterWrites;
      } catch (error) {
        // Collections that change at every reading.
        expect(error).toMatchObject({ code: "busy" });
        continue;
      }
      const target = memoryBackend({ database: new MemoryDatabase() });
      const report = await importAccount(target, of(pieces), { mode: "new", host: fakeHost() });
      expect(report.header.kind).toBe("backup");
      expect(await stateOf(target), String(seed)).toEqual(state);
    }
    expect(later).toBeGreaterThan(BACKUPS * 10);
  });

  test("has what was dirty, and burns when it is imported", async () => {
    await using account = await open(memoryBackend({ database: new MemoryDatabase() }));
    account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    const pieces: Uint8Array[] = [];
    await backupAccount(account, { write: (piece) => pieces.push(piece) });
    const database = new MemoryDatabase();
    const refused = importAccount(memoryBackend({ database }), of(pieces), {
      mode: "new",
      originalIsStopped: true,
      host: fakeHost(),
    });
    await expect(refused).rejects.toMatchObject({ code: "refused" });
    await importAccount(memoryBackend({ database }), of(pieces), { mode: "new", host: fakeHost() });
    await using copy = await open(memoryBackend({ database }));
    expect(copy.device.getDeviceSnapshot().pushName).toBe("Ada");
    expect(copy.signalPolicy.restoreEpoch).toBe(1);
  });

  test("counts a damaged collection once, however often it is read", async () => {
    await using account = await open(memoryBackend({ database: new MemoryDatabase() }));
    const put: Write = {
      kind: "syncVersion.put",
      name: "regular",
      state: { version: 1n, hash: new Uint8Array(128), macMismatchFatal: false, indexValueMap: new Map() },
    };
    let readings = 0;
    const source = over(account, async (table, after, limit) => {
      const page = await account.store.listRows(table, after, limit);
      if (table !== "syncVersion" || after !== undefined) return page;
      readings += 1;
      // It changes while it is read for the first time, so that it is read again.
      if (readings === 1) await account.store.commit([put]);
      return { ...page, unreadable: 3 };
    });
    const { unreadable } = await backupAccount(source, { write: () => {} });
    expect(readings).toBeGreaterThan(1);
    expect(unreadable).toEqual({ syncVersion: 3 });
  });

  test("goes on while retired accounts of the database expire", async () => {
    await using account = await open(memoryBackend({ database: new MemoryDatabase() }));
    let pages = 0;
    const source = over(account, async (...args) => {
      pages += 1;
      if (pages === 3) await account.store.commit([{ kind: "account.expireSetAside", cutoff: 1 }]);
      return await account.store.listRows(...args);
    });
    const pieces: Uint8Array[] = [];
    await backupAccount(source, { write: (piece) => pieces.push(piece) });
    const target = memoryBackend({ database: new MemoryDatabase() });
    await importAccount(target, of(pieces), { mode: "new", host: fakeHost() });
    expect(await target.exists()).toBe(true);
    expect(pages).toBeGreaterThan(3);
  });

  test("fails with LimitError when its sink is too slow, and the account goes on", async () => {
    await using account = await open(memoryBackend({ database: new MemoryDatabase() }));
    const put = (n: number): Write => ({
      kind: "groupMetadata.put",
      group: `${n}@g.us`,
      blob: new Uint8Array(1_000_000),
    });
    for (let n = 0; n < 3; n += 1) await account.commitWith([put(n)]);
    let aborted: unknown;
    const backup = backupAccount(account, {
      write: async () => {
        for (let n = 0; n <= MAX_WAITING_BYTES / 1_000_000; n += 1) await account.commitWith([put(n)]);
      },
      abort: (reason) => {
        aborted = reason;
      },
    });
    await expect(backup).rejects.toMatchObject({ code: "limit" });
    expect(aborted).toMatchObject({ code: "limit" });
    await account.commitWith([put(99)]);
    expect(await account.store.getGroupMetadata("99@g.us")).toHaveLength(1_000_000);
  });

  test("fails when a commit is in doubt, another owner comes, or the account is deleted", async () => {
    const put: Write = { kind: "groupMetadata.put", group: GROUP, blob: new Uint8Array(9) };
    const during: Readonly<
      Record<string, (account: Account, plan: FaultPlan, backend: Backend) => Promise<unknown>>
    > = {
      ambiguous: async (account, plan) => {
        plan.next("lose-request", "lose-request", "lose-request");
        await account.commitWith([put]).catch(() => "in doubt");
      },
      fenced: (_account, _plan, backend) => open(backend),
      closed: (account) => account.erase(),
    };
    for (const [code, act] of Object.entries(during)) {
      const database = new MemoryDatabase();
      const plan = new FaultPlan();
      const account = await open(faultyCommitter(memoryBackend({ database }), plan));
      let acted = false;
      const listRows: Backend["listRows"] = async (...args) => {
        if (!acted) await act(account, plan, memoryBackend({ database }));
        acted = true;
        return await account.store.listRows(...args);
      };
      const source = over(account, listRows);
      await expect(backupAccount(source, { write: () => {} }), code).rejects.toMatchObject({ code });
    }
  });
});
