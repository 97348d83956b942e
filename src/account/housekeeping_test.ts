import { expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend, Write } from "../backend/mod.ts";
import { BusyError } from "../errors/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { HOUSEKEEPING_DEFAULTS } from "./housekeeping.ts";
import { type Account, type OpenAccountOptions, openAccount } from "./mod.ts";

const INTERVAL_MS = HOUSEKEEPING_DEFAULTS.intervalS * 1_000;
/** How long after it came the token was used. */
const USED_AFTER_S = 3 * 3_600;
const SECRET = new Uint8Array(32).fill(1);

class World {
  readonly host: FakeHost = fakeHost();
  readonly plan = new FaultPlan();
  readonly database = new MemoryDatabase();

  open(options: Partial<OpenAccountOptions> = {}): Promise<Account> {
    const { host, database } = this;
    const inner = memoryBackend({ database, clock: host.clock });
    const backend = faultyCommitter(inner, this.plan, { clock: host.clock });
    return openAccount({ backend, host, ...options });
  }

  /** Time until a kind's next run. */
  untilRunMs(kind: string): number {
    const name = this.host.scheduler.scheduled.find((task) => task.endsWith(`housekeeping.${kind}`)) ?? "";
    return (this.host.scheduler.dueAtMs(name) ?? Number.NaN) - this.host.clock.nowMs();
  }

  get nowS(): number {
    return Math.floor(this.host.clock.nowMs() / 1_000);
  }
}

/** One row of each kind that expires. */
async function fill(store: Backend, nowS: number): Promise<void> {
  await store.storeSentMessage("chat", "1", SECRET);
  await store.saveBaseKey("1000@lid.0", "1", SECRET);
  await store.putTcToken("1000@lid", {
    token: SECRET,
    tokenTimestamp: nowS,
    senderTimestamp: nowS + USED_AFTER_S,
  });
  await store.storePendingInbound([
    { chat: "chat", sender: "1000@lid", id: "1", payload: SECRET, receivedAt: nowS },
  ]);
  const secret = { chat: "chat", sender: "1000@lid", secret: SECRET, messageTs: 0 };
  await store.putMsgSecrets([
    { ...secret, id: "1", expiresAt: nowS + 1_000 },
    { ...secret, id: "never", expiresAt: 0 },
  ]);
  const expiresAt = nowS + HOUSEKEEPING_DEFAULTS.messageSegmentS;
  await store.putMessageSegments([
    { log: "message", seq: 1, expiresAt, head: new Uint8Array(0), payload: SECRET },
  ]);
}

/** Which rows are left, by kind. */
async function left(store: Backend): Promise<string[]> {
  const kinds = {
    sent: await store.getSentMessage("chat", "1"),
    baseKey: (await store.hasSameBaseKey("1000@lid.0", "1", SECRET)) || undefined,
    token: await store.getTcToken("1000@lid"),
    inbound: await store.getPendingInbound("chat", "1000@lid", "1"),
    secret: await store.getMsgSecret("chat", "1000@lid", "1"),
    segment: await store.getMessageSegment("message", 1),
    neverSecret: await store.getMsgSecret("chat", "1000@lid", "never"),
  };
  return Object.entries(kinds).flatMap(([kind, row]) => (row === undefined ? [] : [kind]));
}

test("each kind goes when its time is over, and what never expires stays", async () => {
  const { intervalS, sentMessageS, baseKeyS, messageSegmentS, tcTokenS, pendingInboundS } =
    HOUSEKEEPING_DEFAULTS;
  const world = new World();
  const account = await world.open();
  const filledAtS = world.nowS;
  await fill(account.store, filledAtS);
  const leftAfter = async (ageS: number): Promise<string[]> => {
    await world.host.scheduler.advance((filledAtS + ageS - world.nowS) * 1_000);
    return await left(account.store);
  };
  const all = ["sent", "baseKey", "token", "inbound", "secret", "segment", "neverSecret"];
  expect(await leftAfter(0)).toEqual(all);
  expect(await leftAfter(intervalS)).toEqual(all.filter((kind) => kind !== "secret"));
  // It goes with the next run.
  const gone = (lifetimeS: number): Promise<string[]> => leftAfter(lifetimeS + intervalS);
  expect(await gone(sentMessageS)).toEqual(["baseKey", "token", "inbound", "segment", "neverSecret"]);
  expect(await gone(baseKeyS)).toEqual(["token", "inbound", "segment", "neverSecret"]);
  // A segment stays for a day after it has expired.
  expect(await gone(2 * messageSegmentS)).toEqual(["token", "inbound", "neverSecret"]);
  // The token was used later than it came.
  expect(await leftAfter(tcTokenS + USED_AFTER_S - 1)).toEqual(["token", "inbound", "neverSecret"]);
  expect(await gone(tcTokenS + USED_AFTER_S)).toEqual(["inbound", "neverSecret"]);
  expect(await gone(pendingInboundS)).toEqual(["neverSecret"]);
  await account.close();
});

test("a backlog goes a thousand rows at a time, a second apart", async () => {
  const world = new World();
  const account = await world.open({ housekeeping: { sentMessageS: 60, intervalS: 600 } });
  const firstMs = world.untilRunMs("sentMessage");
  expect(firstMs).toBeGreaterThanOrEqual(300_000);
  expect(firstMs).toBeLessThanOrEqual(600_000);
  const rows = Array.from({ length: 2_500 }, (_, id) => ({
    ...{ kind: "sentMessage.put", chat: "chat", id: String(id), payload: SECRET, createdAt: world.nowS },
  })) as never;
  await account.commitWith(rows);
  const before = account.stats().rowsWritten;
  const taken = async (ms: number): Promise<number> => {
    await world.host.scheduler.advance(ms);
    return account.stats().rowsWritten - before;
  };
  expect(await taken(firstMs)).toBe(1_000);
  expect(await taken(999)).toBe(1_000);
  expect(await taken(1)).toBe(2_000);
  expect(await taken(1_000)).toBe(2_500);
  // From now on a run takes everything, and the next one comes sooner after many rows.
  expect(world.untilRunMs("sentMessage")).toBe(600_000);
  await account.commitWith(rows);
  expect(await taken(600_000)).toBe(3 * 2_500);
  expect(world.untilRunMs("sentMessage")).toBe(240_000);
  await account.close();
});

/** Ages 2,500 sent messages, and says how many rows of them go in each of so many runs. */
async function rowsOfRuns(world: World, account: Account, runs: number): Promise<number[]> {
  const taken: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const before = account.stats().rowsWritten;
    await world.host.scheduler.advance(world.untilRunMs("sentMessage"));
    taken.push(account.stats().rowsWritten - before);
  }
  return taken;
}

const sentMessages = (nowS: number): Write[] =>
  Array.from({ length: 2_500 }, (_, id) => ({
    ...{ kind: "sentMessage.put", chat: "chat", id: String(id), payload: SECRET, createdAt: nowS },
  }));

test("a backlog is limited after a restart, too, when its next run is stored", async () => {
  const world = new World();
  const { scheduler, clock } = world.host;
  const plannedMs = clock.nowMs() + 120_000;
  const stored = {
    register: scheduler.register.bind(scheduler),
    schedule: scheduler.schedule.bind(scheduler),
    cancel: scheduler.cancel.bind(scheduler),
    dueAtMs: () => plannedMs,
  };
  const account = await world.open({
    housekeeping: { sentMessageS: 60, intervalS: 600 },
    host: { ...world.host, scheduler: stored },
    taskLabel: "stored",
  });
  await account.commitWith(sentMessages(world.nowS));
  expect(scheduler.scheduled).not.toContain("stored:housekeeping.sentMessage");
  scheduler.schedule("stored:housekeeping.sentMessage", plannedMs);
  expect(await rowsOfRuns(world, account, 4)).toEqual([1_000, 1_000, 500, 0]);
  await account.close();
});

test("a run after a failed one is limited", async () => {
  const world = new World();
  const account = await world.open({ housekeeping: { sentMessageS: 60, intervalS: 600 } });
  expect(await rowsOfRuns(world, account, 1)).toEqual([0]);
  await account.commitWith(sentMessages(world.nowS));
  // Seven kinds of rows have one run each.
  world.plan.next(...Array.from({ length: 7 }, () => new BusyError("commit: busy")));
  expect(await rowsOfRuns(world, account, 5)).toEqual([0, 1_000, 1_000, 500, 0]);
  await account.close();
});

test("a thousand accounts that are opened together are spread over half an interval", async () => {
  const host = fakeHost();
  const accounts: Account[] = [];
  for (let index = 0; index < 1_000; index += 1) {
    accounts.push(
      await openAccount({ backend: memoryBackend({ clock: host.clock }), host, taskLabel: `${index}` }),
    );
  }
  const times = new Map<string, Set<number | undefined>>();
  for (const name of host.scheduler.scheduled) {
    const [prefix = ""] = name.split("housekeeping.");
    times.set(prefix, (times.get(prefix) ?? new Set()).add(host.scheduler.dueAtMs(name)));
  }
  const dueAtMs = accounts.map(({ taskPrefix }) => {
    const due = [...(times.get(taskPrefix) ?? [])];
    // The tasks of one account are due together.
    expect(due).toHaveLength(1);
    return due[0] as number;
  });
  const inAMinute = new Map<number, number>();
  for (const at of dueAtMs)
    inAMinute.set(Math.floor(at / 60_000), (inAMinute.get(Math.floor(at / 60_000)) ?? 0) + 1);
  // 33 in a minute on average.
  expect(Math.max(...inAMinute.values())).toBeLessThan(80);
  await Promise.all(accounts.map((account) => account.close()));
});

test("value MACs of former generations go, those of a running snapshot stay", async () => {
  const world = new World();
  const account = await world.open();
  const { store } = account;
  const state = { version: 1n, hash: new Uint8Array(128).fill(1), macMismatchFatal: false };
  const values = (count: number) => new Map(Array.from({ length: count }, (_, n) => [`${n}`, SECRET]));
  const patch = (generation: number, count: number, isLast: boolean): Promise<void> =>
    store.patchVersion("regular", {
      generation,
      values: values(count),
      removed: [],
      state: isLast ? state : undefined,
    });
  await patch(1, 1_500, true);
  await patch(2, 10, true);
  await patch(3, 4, false);
  const rows = async (): Promise<number | undefined> =>
    (await store.snapshotDb("rows")).tables.find(({ table }) => table === "syncValues")?.rows;
  expect(await rows()).toBe(1_514);
  await world.host.scheduler.advance(world.untilRunMs("syncVersion"));
  expect(await rows()).toBe(514);
  await world.host.scheduler.advance(1_000);
  expect(await rows()).toBe(14);
  expect((await store.getVersion("regular")).indexValueMap.size).toBe(10);
  await patch(3, 5, true);
  expect((await store.getVersion("regular")).indexValueMap.size).toBe(5);
  await account.close();
});

test("a run that fails is logged and is not the last", async () => {
  const world = new World();
  const account = await world.open();
  await fill(account.store, world.nowS);
  world.plan.next(...Array.from({ length: 7 }, () => new BusyError("commit: busy")));
  await world.host.scheduler.advance(2 * INTERVAL_MS - 1);
  const logged = world.host.logger.entries.filter(({ message }) => message === "housekeeping: failed");
  expect(logged).toHaveLength(7);
  await world.host.scheduler.advance(INTERVAL_MS);
  expect(await left(account.store)).toEqual(["baseKey", "token", "inbound", "segment", "neverSecret"]);
  await account.close();
});

test("nothing is scheduled after closing, nor when it is not wanted", async () => {
  const world = new World();
  const account = await world.open();
  expect(world.host.scheduler.scheduled.length).toBe(7);
  await account.close();
  expect(world.host.scheduler.scheduled).toEqual([]);
  const without = await world.open({ housekeeping: false });
  expect(world.host.scheduler.scheduled).toEqual([]);
  await without.close();
});

test("times that are none open nothing", async () => {
  for (const housekeeping of [{ intervalS: 0 }, { sentMessageS: -1 }, { tcTokenS: 1.5 }]) {
    await expect(new World().open({ housekeeping })).rejects.toBeInstanceOf(RangeError);
  }
});
