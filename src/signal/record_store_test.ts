import { describe, expect, test } from "vitest";
import { leaveOut } from "../../test/support/protections/protections.ts";
import {
  ALICE,
  BOB,
  CAROL,
  haveSession,
  send,
  storeSession,
  turn,
  type World,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";
import { BackendError, LimitError } from "../errors/mod.ts";
import { RewindError } from "./rewind_error.ts";

const ANOTHER_CHAIN = "another chain";

describe("RecordStore.load", () => {
  test("returns copies, and put takes ownership", async () => {
    const { cache } = world();
    const record = CounterRecord.of("s", "c", 5);
    await cache.sessions.put(ALICE, record);
    expect(cache.sessions.peek(ALICE)).toBe(record);
    const mine = await cache.sessions.load(ALICE);
    mine?.send();
    mine?.archive.push({ start: "x", chain: "y", next: 0 });
    expect(mine).not.toBe(record);
    expect((await cache.sessions.load(ALICE))?.current?.next).toBe(5);
    expect((await cache.sessions.load(ALICE))?.archive).toEqual([]);
  });

  test("queries an absent key once", async () => {
    const { cache, rows } = world();
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
    expect(await cache.sessions.has(ALICE)).toBe(false);
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
    expect(cache.sessions.peek(ALICE)).toBeUndefined();
    expect(rows.readKeys).toEqual([[ALICE]]);
  });

  test("shares one query between concurrent loads, and for many keys", async () => {
    const { cache, rows } = world();
    storeSession(rows, ALICE, { next: 3, reservedUntil: 3 });
    rows.holdReads();
    const loads = [
      cache.sessions.load(ALICE),
      cache.sessions.load(ALICE),
      cache.sessions.has(ALICE),
    ] as const;
    const many = cache.sessions.loadMany([BOB, ALICE, CAROL, BOB]);
    await turn();
    expect(rows.readKeys).toEqual([[ALICE], [BOB, CAROL]]);
    rows.releaseReads();
    const [first, second, exists] = await Promise.all(loads);
    expect([first?.current?.next, second?.current?.next, exists]).toEqual([3, 3, true]);
    expect(first).not.toBe(second);
    expect((await many).map((record) => record?.current?.next)).toEqual([undefined, 3, undefined, undefined]);
    expect(rows.readKeys).toHaveLength(2);
  });

  test("loads more keys at once than the capacity", async () => {
    const { cache, rows } = world({ capacity: 2 });
    const addresses = Array.from({ length: 7 }, (_, n) => `${n + 1}@lid.0`);
    for (const [next, address] of addresses.entries())
      storeSession(rows, address, { next, reservedUntil: next });
    const records = await cache.sessions.loadMany(addresses);
    expect(records.map((record) => record?.current?.next)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(cache.stats.sessions).toBe(2);
  });

  test("rejects when the read fails, and reads again", async () => {
    const { cache, rows } = world();
    storeSession(rows, ALICE, { next: 3, reservedUntil: 3 });
    rows.readError = new BackendError("read: down");
    const loads = [cache.sessions.load(ALICE), cache.sessions.load(ALICE)];
    for (const load of loads) await expect(load).rejects.toThrow("read: down");
    await expect(cache.sessions.put(ALICE, CounterRecord.of("s", "c", 1))).rejects.toThrow("read: down");
    rows.readError = undefined;
    expect((await cache.sessions.load(ALICE))?.current?.next).toBe(3);
  });
});

describe("RecordStore.put", () => {
  test("rejects a record that sends on a closed chain", async () => {
    const { cache } = world();
    const closed = CounterRecord.of("s", "c", 7);
    closed.current = { start: "s", chain: "c", next: 7, closed: true };
    await cache.sessions.put(ALICE, closed);
    await expect(cache.sessions.put(ALICE, CounterRecord.of("s", "c", 8))).rejects.toThrow(RewindError);
    const change = { store: "session", address: ALICE, value: CounterRecord.of("s", "c", 8) } as const;
    await expect(cache.change([change], async () => {})).rejects.toThrow(RewindError);
    expect((await cache.sessions.load(ALICE))?.current?.closed).toBe(true);
    // The peer moves the session to a new chain, so it can send again.
    await cache.sessions.put(ALICE, CounterRecord.of("s", "next", 0));
    expect((await cache.sessions.load(ALICE))?.current?.chain).toBe("next");
  });

  test("reads the row of a key that is not in memory first", async () => {
    const { cache, rows } = world();
    storeSession(rows, ALICE, { next: 3, reservedUntil: 3 });
    const old = CounterRecord.of(`start ${ALICE}`, `chain ${ALICE}`, 2);
    await expect(cache.sessions.put(ALICE, old)).rejects.toThrow(RewindError);
    await cache.sessions.put(ALICE, CounterRecord.of(`start ${ALICE}`, `chain ${ALICE}`, 4));
    expect(cache.sessions.peek(ALICE)?.current?.next).toBe(4);
  });

  test("rejects a record that goes back on its chain", async () => {
    const here = world();
    const { cache, engine, rows } = here;
    await haveSession(here, ALICE, 7);
    const early = await cache.sessions.load(ALICE);
    await send(here, ALICE);
    early?.receive();
    const refused = cache.sessions.put(ALICE, early ?? new CounterRecord());
    await expect(refused).rejects.toThrow(RewindError);
    await expect(refused).rejects.toMatchObject({ code: "refused" });
    expect(cache.sessions.peek(ALICE)?.current?.next).toBe(8);
    const received = await cache.sessions.load(ALICE);
    received?.receive();
    expect(await cache.sessions.put(ALICE, received ?? new CounterRecord())).toEqual({ gated: false });
    await engine.flush();
    expect(rows.sessions.get(ALICE)?.lease?.reservedUntil).toBe(9);
  });

  test("could go back without this check", async () => {
    using _ = leaveOut(["rewindRefusal"]);
    const here = world();
    await haveSession(here, ALICE, 7);
    await here.cache.sessions.put(ALICE, CounterRecord.of(`start ${ALICE}`, `chain ${ALICE}`, 6));
    expect(here.cache.sessions.peek(ALICE)?.current?.next).toBe(6);
  });

  test("rejects a deleted session that returns behind its counter", async () => {
    const here = world();
    await haveSession(here, ALICE, 7);
    await here.cache.sessions.delete(ALICE);
    const old = CounterRecord.of(`start ${ALICE}`, `chain ${ALICE}`, 6);
    await expect(here.cache.sessions.put(ALICE, old)).rejects.toThrow(RewindError);
    const { gated } = await here.cache.sessions.put(
      ALICE,
      CounterRecord.of(`start ${ALICE}`, `chain ${ALICE}`, 7),
    );
    expect(gated).toBe(true);
  });
});

describe("RecordStore.delete", () => {
  test("writes a tombstone, and nothing for an absent key", async () => {
    const here = world();
    const { cache, engine, rows } = here;
    await haveSession(here, ALICE);
    await cache.sessions.delete(ALICE);
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
    expect(rows.sessions.has(ALICE)).toBe(true);
    await engine.flush();
    expect(rows.sessions.has(ALICE)).toBe(false);
    const commits = rows.commits.length;
    await cache.sessions.delete(ALICE);
    await engine.flush();
    expect(rows.commits).toHaveLength(commits);
  });

  test("deletes a key that is not in memory without a read", async () => {
    const { cache, engine, rows } = world();
    storeSession(rows, ALICE, { next: 3, reservedUntil: 3 });
    await cache.sessions.delete(ALICE);
    await engine.flush();
    expect([rows.readKeys, rows.sessions.size]).toEqual([[], 0]);
  });

  test("rejects invalid addresses without effect", async () => {
    const { cache, engine } = world();
    for (const address of ["", "\ud800", "a\0b", "x".repeat(1_025)]) {
      await expect(cache.sessions.delete(address)).rejects.toThrow(TypeError);
      await expect(cache.senderKeys.delete(address)).rejects.toThrow(TypeError);
      await expect(cache.identities.delete(address)).rejects.toThrow(TypeError);
    }
    expect(cache.stats.dirty).toBe(0);
    await engine.close();
  });
});

describe("RecordStore and running reads", () => {
  test("reads again after a write that was flushed and evicted", async () => {
    expect(await overtakenRead()).toBeUndefined();
  });

  test("would return an old row without that check", async () => {
    using _ = leaveOut(["staleRead"]);
    expect(await overtakenRead()).toMatchObject({ next: 3 });
  });

  test("prefers a put during the read", async () => {
    const { cache, rows } = world();
    storeSession(rows, ALICE, { next: 3, reservedUntil: 3 });
    rows.holdReads();
    const load = cache.sessions.load(ALICE);
    await turn();
    await cache.sessions.delete(ALICE);
    rows.releaseReads();
    expect(await load).toBeUndefined();
  });
});

describe("RecordStore.put of new records", () => {
  test("deletes the row for a record that encodes to no bytes", async () => {
    const here = world();
    await haveSession(here, ALICE);
    const empty = new CounterRecord();
    await here.cache.sessions.put(ALICE, empty);
    await here.engine.flush();
    expect(here.rows.sessions.has(ALICE)).toBe(false);
    expect(here.cache.sessions.peek(ALICE)).toBe(empty);
  });

  test("prunes records", async () => {
    const { cache } = world();
    const record = CounterRecord.of("s", "c", 5);
    record.litter = 2_000;
    await cache.senderKeys.put("g@g.us:1@lid.0", record);
    expect(cache.senderKeys.peek("g@g.us:1@lid.0")?.litter).toBe(0);
  });

  test("waits for room and changes nothing after too long a wait", async () => {
    const here = world({ policy: { maxPendingItems: 2, maxWaitMs: 1_000 } });
    const { cache, rows, host } = here;
    rows.holdCommits();
    await cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0));
    await cache.sessions.put(BOB, CounterRecord.of("b", "b", 0));
    // A dirty entry needs no further room.
    await cache.sessions.put(BOB, CounterRecord.of("b", "b", 1));
    const waiting = cache.sessions.put(CAROL, CounterRecord.of("c", "c", 0));
    let answered = false;
    void waiting.then(
      () => {
        answered = true;
      },
      () => {},
    );
    await turn();
    expect(answered).toBe(false);
    expect(cache.sessions.peek(CAROL)).toBeUndefined();
    const refused = expect(waiting).rejects.toThrow(LimitError);
    await host.scheduler.advance(1_000);
    await refused;
    expect(cache.sessions.peek(CAROL)).toBeUndefined();
    const next = cache.sessions.put(CAROL, CounterRecord.of("c", "c", 0));
    rows.releaseCommits();
    await next;
    expect(cache.sessions.peek(CAROL)?.current?.next).toBe(0);
  });

  test("accepts any first counter of a new chain", async () => {
    const here = world();
    await haveSession(here, ALICE, 7);
    const { gated } = await here.cache.sessions.put(
      ALICE,
      CounterRecord.of(`start ${ALICE}`, ANOTHER_CHAIN, 0),
    );
    expect(gated).toBe(false);
  });

  test("accepts a new session without the previous one", async () => {
    const here = world();
    await haveSession(here, ALICE, 3_000);
    await here.cache.sessions.put(ALICE, CounterRecord.of("new", "new chain", 0));
    expect(here.cache.sessions.peek(ALICE)?.current?.chain).toBe("new chain");
  });

  /** A session that has sent 3,000 messages, and a copy from before them with another session. */
  async function oldCopy(here: World): Promise<CounterRecord> {
    await haveSession(here, ALICE, 0);
    const old = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
    await haveSession(here, ALICE, 3_000);
    old.begin("new", "new chain");
    return old;
  }

  /** Expects the session to be unchanged since `oldCopy`. */
  async function expectUntouched(here: World): Promise<void> {
    const { cache, engine, rows } = here;
    expect(cache.sessions.peek(ALICE)?.archive).toEqual([]);
    expect(cache.stats).toMatchObject({ dirty: 0, gated: 0 });
    const commits = rows.commits.length;
    await engine.flush();
    expect(rows.commits).toHaveLength(commits);
    expect(rows.sessions.get(ALICE)?.lease).toMatchObject({ reservedUntil: 3_000, burned: 0 });
    expect(await send(here, ALICE)).toEqual({ chain: `chain ${ALICE}`, counter: 3_000, gated: true });
  }

  test("rejects a new session over a chain too far back to burn", async () => {
    const here = world();
    const old = await oldCopy(here);
    await expect(here.cache.sessions.put(ALICE, old, { consumedPreKeyId: 7 })).rejects.toThrow(RangeError);
    await expectUntouched(here);
  });

  test("rejects a record without a sending chain over such a chain", async () => {
    const here = world();
    const old = await oldCopy(here);
    old.current = undefined;
    await expect(here.cache.sessions.put(ALICE, old)).rejects.toThrow(RangeError);
    await expectUntouched(here);
  });

  test("rejects it for a dirty entry, whose earlier change is written", async () => {
    const here = world();
    const old = await oldCopy(here);
    const received = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
    received.receive();
    await here.cache.sessions.put(ALICE, received);
    await expect(here.cache.sessions.put(ALICE, old)).rejects.toThrow(RangeError);
    expect(here.cache.sessions.peek(ALICE)).toBe(received);
    await here.engine.flush();
    await expectUntouched(here);
  });

  test("rejects joint changes together with it", async () => {
    const here = world();
    const old = await oldCopy(here);
    const other = CounterRecord.of("b", "b", 0);
    const changes = [
      { store: "session", address: BOB, value: other },
      { store: "session", address: ALICE, value: old },
    ] as const;
    await expect(here.cache.change(changes, () => {})).rejects.toThrow(RangeError);
    expect(here.cache.sessions.peek(BOB)).toBeUndefined();
    expect(old.archive[0]?.next).toBe(0);
    await expectUntouched(here);
  });
});

/** During a read, the row is deleted and flushed, and the negative entry evicted. */
async function overtakenRead(): Promise<unknown> {
  const { cache, engine, rows } = world({ capacity: 1 });
  storeSession(rows, ALICE, { next: 3, reservedUntil: 3 });
  rows.holdReads();
  const load = cache.sessions.load(ALICE);
  await turn();
  await cache.sessions.delete(ALICE);
  await engine.flush();
  expect(cache.stats.sessions).toBe(1);
  cache.clearAfterFlush();
  expect(cache.stats.sessions).toBe(0);
  rows.releaseReads();
  return (await load)?.current;
}
