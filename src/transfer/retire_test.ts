import { describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { type Backend, composeBackend, readRestoreEpoch } from "../backend/mod.ts";
import { includesBytes } from "../bytes/mod.ts";
import { FencedError, IncompatibleError, RefusedError } from "../errors/mod.ts";
import { sealing } from "../sealing/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { listRetired, purgeRetired, replaceAccount, retireAccount, undoRetirement } from "./retire.ts";
import { holdForImport } from "./target_account.ts";

const PEER = "1000@lid.0";
const DAMAGED = "1001@lid.0";
const LEASE = { reservedUntil: 9, incarnation: "a".repeat(32), burned: 0 };
const DAY_MS = 86_400_000;

/** A field of a message. */
function field(number: number, ...content: number[]): number[] {
  return [(number << 3) | 2, content.length, ...content];
}

/** A session whose sending chain has a message key of these bytes or none. */
function session(...messageKey: number[]): Uint8Array {
  const chain = [...field(1, 7, 7), ...(messageKey.length > 0 ? field(4, ...messageKey) : [])];
  return new Uint8Array(field(1, ...field(6, ...chain)));
}

const SKIPPED = [0xde, 0xad, 0xbe, 0xef];

interface World {
  readonly host: FakeHost;
  readonly database: MemoryDatabase;
  open(account?: string, plan?: FaultPlan): Backend;
}

function world(): World {
  const host = fakeHost();
  const database = new MemoryDatabase();
  return {
    host,
    database,
    open: (account = "alice", plan) => {
      const backend = memoryBackend({ database, account, clock: host.clock });
      return plan === undefined ? backend : faultyCommitter(backend, plan, { clock: host.clock });
    },
  };
}

/** An account with a session, a payload and a damaged record. */
async function create({ host, open }: World, account?: string): Promise<void> {
  const opened = await openAccount({ backend: open(account), host });
  await opened.close();
  const backend = open(account);
  await backend.putSession(PEER, session(...SKIPPED), LEASE);
  await backend.putSession(DAMAGED, new Uint8Array([0xff]));
  await backend.storeSentMessage("chat", "1", new Uint8Array(SKIPPED));
}

async function epochOf(backend: Backend): Promise<number> {
  const device = await backend.load();
  if (device === undefined) throw new Error("no device");
  const { own, raised } = readRestoreEpoch(device);
  return own + raised;
}

describe("retireAccount", () => {
  test("keeps no payload, no skipped key and no damaged record, and comes back as a copy", async () => {
    const here = world();
    await create(here);
    const { host, open } = here;
    const before = await open().load();
    const kept = await retireAccount(open(), { host });
    expect(kept).toMatchObject({ account: "alice", isOwn: true });
    expect(kept?.until).toBe(Math.floor(host.clock.nowMs() / 1_000) + 7 * 86_400);
    expect(await open().exists()).toBe(false);
    expect(kept?.keeps).toBe("state");
    const [listed] = await listRetired(open());
    expect(kept).toEqual({ ...listed, keeps: "state" });
    expect(await undoRetirement(open())).toEqual(listed);
    const backend = open();
    const row = await backend.loadSessionRow(PEER);
    expect(row).toEqual({ record: session(), lease: LEASE });
    expect(includesBytes(row?.record ?? new Uint8Array(0), new Uint8Array(SKIPPED))).toBe(false);
    expect(await backend.hasSession(DAMAGED)).toBe(false);
    expect(await backend.getSentMessage("chat", "1")).toBeUndefined();
    expect((await backend.load())?.identityKey).toEqual(before?.identityKey);
    expect(await epochOf(backend)).toBe(1);
    const account = await openAccount({ backend: open(), host });
    expect(account.device.getDeviceSnapshot().identityKey).toEqual(before?.identityKey);
    await account.close();
    expect(await epochOf(backend)).toBe(1);
    await retireAccount(open(), { host });
    await undoRetirement(open());
    expect(await epochOf(backend)).toBe(2);
  });

  test("fences the owner of an open account", async () => {
    const here = world();
    const account = await openAccount({ backend: here.open(), host: here.host });
    await retireAccount(here.open(), here);
    await expect(account.store.putSession(PEER, session())).rejects.toBeInstanceOf(FencedError);
    await account.close().catch(() => {});
    expect(await here.open().exists()).toBe(false);
  });

  test("leaves the account or retires it, wherever it is stopped", async () => {
    // One commit takes the ownership, the next one sets aside.
    for (let stopAt = 0; stopAt < 3; stopAt += 1) {
      const here = world();
      await create(here);
      const plan = new FaultPlan();
      for (let index = 0; index < stopAt; index += 1) plan.next("pass");
      for (let index = 0; index < 9; index += 1) plan.next(new RefusedError("stopped"));
      const result = await retireAccount(here.open("alice", plan), here).catch((error: unknown) => error);
      const backend = here.open();
      if (result instanceof RefusedError) {
        expect(stopAt).toBeLessThan(2);
        expect(await listRetired(backend)).toEqual([]);
        expect(await backend.loadSessionRow(PEER)).toEqual({ record: session(...SKIPPED), lease: LEASE });
        expect(await backend.getSentMessage("chat", "1")).toBeDefined();
        expect(await epochOf(backend)).toBe(0);
        await (await openAccount({ backend: here.open(), host: here.host })).close();
      } else {
        expect(stopAt).toBe(2);
        expect(await backend.exists()).toBe(false);
        expect(await listRetired(backend)).toHaveLength(1);
      }
    }
  });

  test("knows what became of it when answers are lost, and no late twin undoes it", async () => {
    for (const faults of [
      ["lose-answer", "lose-answer"],
      ["pass", "lose-answer"],
      ["lose-request", "lose-request"],
      ["duplicate", "duplicate"],
    ] as const) {
      const here = world();
      await create(here);
      const plan = new FaultPlan();
      for (const fault of faults) plan.next(fault);
      const kept = await retireAccount(here.open("alice", plan), here);
      expect(kept).toBeDefined();
      await plan.deliverLate();
      expect(await listRetired(here.open())).toMatchObject([{ id: kept?.id }]);
      for (const fault of ["lose-answer"] as const) plan.next(fault);
      expect(await undoRetirement(here.open("alice", plan))).toMatchObject({ id: kept?.id });
      await plan.deliverLate();
      expect(await here.open().exists()).toBe(true);
      expect(await listRetired(here.open())).toEqual([]);
    }
  });

  test("retires and brings back an account that is sealed, by processes of their own", async () => {
    const here = world();
    const open = (): Backend =>
      memoryBackend({
        database: here.database,
        account: "alice",
        clock: here.host.clock,
        sealing: sealing({ keys: { own: { passphrase: "a long passphrase", cost: 10 } } }),
      });
    await (await openAccount({ backend: open(), host: here.host })).close();
    await open().putSession(PEER, session(...SKIPPED), LEASE);
    const kept = await retireAccount(open(), here);
    expect(kept).toBeDefined();
    expect(await open().exists()).toBe(false);
    await undoRetirement(open());
    expect(await open().loadSessionRow(PEER)).toEqual({ record: session(), lease: LEASE });
    await (await openAccount({ backend: open(), host: here.host })).close();
    await retireAccount(open(), here);
    expect(await purgeRetired(open())).toBe(1);
    expect(await here.open().listSetAside()).toEqual([]);
    expect(await here.open().listAccounts()).toEqual([]);
  });

  test("keeps the identity alone above the limit of bytes", async () => {
    const here = world();
    await create(here);
    await here.open().putIdentity(PEER, new Uint8Array(32));
    await retireAccount(here.open(), { ...here, maxBytes: 10 });
    await undoRetirement(here.open());
    expect(await here.open().hasSession(PEER)).toBe(false);
    expect(await here.open().loadIdentity(PEER)).toEqual(new Uint8Array(32));
  });

  test("keeps the identity alone when a record cannot be read", async () => {
    const here = world();
    await create(here);
    await here.open().putIdentity(PEER, new Uint8Array(32));
    await here.open().putTcToken("1000@lid", { token: new Uint8Array(1), tokenTimestamp: 1 });
    await here.open().updateDeviceList({ user: "1000", devices: [], timestamp: 1 });
    here.database.damage("alice", "deviceList", "undecodable");
    await retireAccount(here.open(), here);
    await undoRetirement(here.open());
    expect(await here.open().getDevices("1000")).toBeUndefined();
    expect(await here.open().exists()).toBe(true);
  });

  test("sets nothing aside without a device, with 0 days, or for an account that is erased", async () => {
    const here = world();
    expect(await retireAccount(here.open(), here)).toBeUndefined();
    expect(await here.open().listAccounts()).toEqual([]);
    await create(here);
    expect(await retireAccount(here.open(), { ...here, undoDays: 0 })).toBeUndefined();
    await create(here);
    const account = await openAccount({ backend: here.open(), host: here.host });
    await account.erase();
    expect(await here.open().listAccounts()).toEqual([]);
    expect(await here.open().listSetAside()).toEqual([]);
    for (const undoDays of [-1, 366, 0.5]) {
      await expect(retireAccount(here.open(), { undoDays })).rejects.toBeInstanceOf(RangeError);
    }
    const one = here.open();
    const composed = composeBackend({ signal: one, appSync: one, protocol: one, device: one });
    await expect(retireAccount(composed)).rejects.toBeInstanceOf(IncompatibleError);
  });

  test("expires by the housekeeping of another account", async () => {
    const here = world();
    await create(here);
    await retireAccount(here.open(), { ...here, undoDays: 2 });
    const bob = await openAccount({ backend: here.open("bob"), host: here.host });
    await here.host.scheduler.advance(DAY_MS);
    expect(await here.open().listSetAside()).toHaveLength(1);
    await here.host.scheduler.advance(DAY_MS + 2 * 3_600_000);
    expect(await here.open().listSetAside()).toEqual([]);
    expect(await undoRetirement(here.open())).toBeUndefined();
    await bob.close();
  });
});

describe("undoRetirement and purgeRetired", () => {
  test("refuse while there is an account of the name, and choose by id", async () => {
    const here = world();
    await create(here);
    const first = await retireAccount(here.open(), { ...here, undoDays: 1 });
    await create(here);
    await expect(undoRetirement(here.open())).rejects.toThrow("retire it first");
    const second = await retireAccount(here.open(), { ...here, undoDays: 3, maxBytes: 0 });
    expect(await listRetired(here.open())).toMatchObject([{ id: first?.id }, { id: second?.id }]);
    expect([first?.keeps, second?.keeps]).toEqual(["state", "identity"]);
    await expect(undoRetirement(here.open())).rejects.toBeInstanceOf(RefusedError);
    expect(await listRetired(here.open("bob"))).toEqual([]);
    expect(await undoRetirement(here.open(), "f".repeat(32))).toBeUndefined();
    expect(await undoRetirement(here.open(), first?.id)).toMatchObject({ id: first?.id });
    expect(await purgeRetired(here.open(), first?.id)).toBe(0);
    expect(await purgeRetired(here.open())).toBe(1);
    expect(await here.open().exists()).toBe(true);
    await retireAccount(here.open(), here);
    expect(await purgeRetired(here.open())).toBe(1);
    expect(await here.open().listAccounts()).toEqual([]);
    expect(await here.open().listSetAside()).toEqual([]);
  });

  test("leave an account alone that is opened under the name in between", async () => {
    const here = world();
    await create(here);
    await retireAccount(here.open(), here);
    const backend = here.open();
    const opensFirst = Object.assign(backend, {
      create: async () => {
        await create(here);
        return await here.open().create();
      },
    });
    await expect(purgeRetired(opensFirst)).rejects.toBeInstanceOf(FencedError);
    expect(await here.open().exists()).toBe(true);
    expect(await purgeRetired(here.open())).toBe(1);
    expect(await here.open().exists()).toBe(true);
  });

  test("undo rejects when what it chose is deleted in between", async () => {
    const here = world();
    await create(here);
    await retireAccount(here.open(), here);
    const backend = here.open();
    const { exists } = backend;
    const late = Object.assign(backend, {
      exists: async () => {
        await purgeRetired(here.open());
        return await exists.call(backend);
      },
    });
    await expect(undoRetirement(late)).rejects.toMatchObject({
      code: "refused",
      message: "undo retirement: the account was deleted or brought back in between",
    });
    expect(await here.open().exists()).toBe(false);
  });

  test("undo brings back what a killed import was to replace, beside others that are retired", async () => {
    const here = world();
    await create(here);
    await retireAccount(here.open(), here);
    await create(here);
    await replaceAccount(here.open(), { state: "importing", id: "e".repeat(32) }, here);
    expect(await listRetired(here.open())).toHaveLength(2);
    expect(await undoRetirement(here.open())).toMatchObject({ id: "e".repeat(32) });
    expect(await here.open().exists()).toBe(true);
    // An import that follows the killed one goes on under its id.
    await replaceAccount(here.open(), { state: "importing", id: "d".repeat(32) }, here);
    await holdForImport(here.open(), true, here);
    expect(await undoRetirement(here.open())).toMatchObject({ id: "d".repeat(32) });
  });
});
