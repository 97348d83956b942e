import { describe, expect, test } from "vitest";
import {
  ALICE,
  GROUP,
  haveSession,
  OUR_KEY,
  send,
  storeSession,
  THEIR_KEY,
  turn,
  type World,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord, stored } from "../../test/support/signal/counter_record.ts";
import type { Lease } from "../backend/mod.ts";
import { RewindError } from "./rewind_error.ts";

const FOREIGN = "a".repeat(32);

function leaseOf({ rows }: World, address: string): Lease | undefined {
  return (rows.sessions.get(address) ?? rows.senderKeys.get(address))?.lease;
}

async function change(
  { cache }: World,
  address: string,
  how: (record: CounterRecord) => void,
): Promise<boolean> {
  const record = (await cache.sessions.load(address)) ?? new CounterRecord();
  how(record);
  return (await cache.sessions.put(address, record)).gated;
}

describe("CounterLease in SignalStoreCache", () => {
  test("reserves one counter, then two, up to sixty-four in a burst", async () => {
    const here = world();
    await haveSession(here, ALICE);
    const waited: number[] = [];
    for (let n = 0; n < 300; n += 1) if ((await send(here, ALICE)).gated) waited.push(n);
    expect(waited).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 191, 255]);
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(255 + 64);
  });

  test("grows reservations for messages once a second", async () => {
    const here = world();
    await haveSession(here, ALICE);
    const waited: number[] = [];
    for (let n = 0; n < 200; n += 1) {
      here.host.clock.advance(1_000);
      if ((await send(here, ALICE)).gated) waited.push(n);
    }
    expect(waited).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 191]);
  });

  test("never gates receiving", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 10; n += 1)
      expect(await change(here, ALICE, (record) => record.receive())).toBe(false);
  });

  test("burns leased keys in a record of another incarnation", async () => {
    const here = world();
    storeSession(here.rows, ALICE, { next: 5, reservedUntil: 69 });
    expect((await here.cache.sessions.load(ALICE))?.current?.next).toBe(69);
    expect(here.cache.stats.burnedKeys).toBe(64);
    expect(await send(here, ALICE)).toEqual({ chain: `chain ${ALICE}`, counter: 69, gated: true });
    expect(leaseOf(here, ALICE)).toEqual({
      reservedUntil: 70,
      incarnation: here.cache.incarnation,
      burned: 64,
    });
  });

  test("would repeat counters without the burn", async () => {
    const { rows, cache } = world({ off: ["fastForward"] });
    const here = world({ off: ["fastForward"] }, rows, 1);
    storeSession(here.rows, ALICE, { next: 5, reservedUntil: 69, incarnation: cache.incarnation });
    expect(await send(here, ALICE)).toEqual({ chain: `chain ${ALICE}`, counter: 5, gated: false });
  });

  test("burns nothing in a record of this incarnation", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 3; n += 1) await send(here, ALICE);
    await here.engine.flush();
    // Evicted directly, as by a store full of dirty entries.
    const { incarnation } = here.cache;
    storeSession(here.rows, "9@lid.0", { next: 5, reservedUntil: 69, incarnation });
    expect((await here.cache.sessions.load("9@lid.0"))?.current?.next).toBe(5);
    expect(await send(here, "9@lid.0")).toMatchObject({ counter: 5, gated: false });
    expect(here.cache.stats.burnedKeys).toBe(0);
  });

  test("burns at most the lease after a crash and repeats no counter", async () => {
    let here = world();
    await haveSession(here, ALICE);
    const seen = new Set<number>();
    for (let opening = 0; opening < 12; opening += 1) {
      for (let n = 0; n < opening * 13; n += 1) {
        const { counter } = await send(here, ALICE);
        expect(seen.has(counter)).toBe(false);
        seen.add(counter);
      }
      here = here.crash();
      await here.cache.sessions.load(ALICE);
      expect(here.cache.stats.burnedKeys).toBeLessThan(64);
    }
  });

  test("burns nothing over forty incarnations that end cleanly", async () => {
    let here = world();
    await haveSession(here, ALICE);
    for (let opening = 0; opening < 40; opening += 1) {
      for (let n = 0; n < 5; n += 1) expect((await send(here, ALICE)).counter).toBe(opening * 5 + n);
      await here.cache.releaseLeases();
      await here.engine.close();
      here = here.crash();
      await here.cache.sessions.load(ALICE);
      expect(here.cache.stats.burnedKeys).toBe(0);
    }
  });

  test("writes exact counters on release and gates the next send", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    expect(here.cache.stats.dirty).toBe(0);
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(7);
    await here.cache.releaseLeases();
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(4);
    expect((await send(here, ALICE)).gated).toBe(true);
    await here.cache.releaseLeases();
    const commits = here.rows.commits.length;
    await here.cache.releaseLeases();
    expect(here.rows.commits).toHaveLength(commits);
  });

  test("renews a busy lease with a flush at the maximum age, and not before it is durable", async () => {
    const here = world();
    await haveSession(here, ALICE);
    // The bound is 191; 4 counters are left.
    for (let n = 0; n < 187; n += 1) await send(here, ALICE);
    here.cache.flushable.renew?.();
    here.rows.holdCommits();
    const flushed = here.engine.flush();
    await turn();
    const early: boolean[] = [];
    for (let n = 187; n < 191; n += 1) early.push((await send(here, ALICE)).gated);
    expect(early).toEqual([false, false, false, false]);
    const beyond = send(here, ALICE);
    await turn();
    here.rows.releaseCommits();
    await flushed;
    // It was sent before the renewed bound was durable, and so waited for a commit of its own.
    expect((await beyond).gated).toBe(true);
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(191 + 64);
  });

  test("sends within a renewed lease without a commit of its own", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 187; n += 1) await send(here, ALICE);
    here.cache.flushable.renew?.();
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(187 - 1 + 64);
    const waited: number[] = [];
    for (let n = 187; n < 260; n += 1) if ((await send(here, ALICE)).gated) waited.push(n);
    expect(waited).toEqual([250]);
  });

  test("renews no lease that is hardly used, and none with half of it left", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 3; n += 1) await send(here, ALICE);
    await change(here, ALICE, (record) => record.receive());
    here.cache.flushable.renew?.();
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(3);
    for (let n = 3; n < 150; n += 1) await send(here, ALICE);
    // More than half of the reservation is left.
    here.cache.flushable.renew?.();
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(191);
  });

  test("forgets a renewal that failed when the lease is released", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 187; n += 1) await send(here, ALICE);
    here.cache.flushable.renew?.();
    here.rows.fates.push("lost-answer");
    await expect(here.engine.flush()).rejects.toThrow();
    await here.cache.releaseLeases();
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(187);
    expect((await send(here, ALICE)).gated).toBe(true);
    const next = here.crash();
    await next.cache.sessions.load(ALICE);
    expect(next.cache.stats.burnedKeys).toBeLessThanOrEqual(64);
  });

  test("applies no renewal that a release has overtaken", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 187; n += 1) await send(here, ALICE);
    here.cache.flushable.renew?.();
    here.rows.holdCommits();
    const flushed = here.engine.flush();
    await turn();
    const released = here.cache.releaseLeases();
    here.rows.releaseCommits();
    await Promise.all([flushed, released]);
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(187);
    expect((await send(here, ALICE)).gated).toBe(true);
  });

  test("keeps the higher bound when a release fails", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    here.rows.fates.push(new Error("down"));
    await expect(here.cache.releaseLeases()).rejects.toThrow("down");
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(7);
    expect((await send(here, ALICE)).gated).toBe(true);
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(4 + 8);
  });

  test("gates new chains if strict, and lends the old bound if relaxed", async () => {
    for (const durability of ["strict", "relaxed"] as const) {
      const here = world({ durability });
      await haveSession(here, ALICE);
      for (let n = 0; n < 200; n += 1) await send(here, ALICE);
      const waited: boolean[] = [];
      for (let turn = 0; turn < 5; turn += 1) {
        expect(await change(here, ALICE, (record) => record.step(`step ${turn}`))).toBe(false);
        waited.push((await send(here, ALICE)).gated);
      }
      expect(waited).toEqual(Array(5).fill(durability === "strict"));
      await here.engine.flush();
      // At most one lease is lent: a crash may burn that much of a chain with one message.
      expect(leaseOf(here, ALICE)?.reservedUntil).toBe(64);
    }
  });

  // A reservation of two would cost another write, which lowers its bound.
  test("does not count the first counter of a new chain as a use", async () => {
    for (const durability of ["strict", "relaxed"] as const) {
      const here = world({ durability });
      await haveSession(here, ALICE);
      const bounds: unknown[] = [];
      for (let turn = 0; turn < 5; turn += 1) {
        for (const step of [() => change(here, ALICE, (record) => record.step(`step ${turn}`)), send]) {
          here.host.clock.advance(20_000);
          await step(here, ALICE);
          await here.cache.releaseLeases();
        }
        bounds.push(leaseOf(here, ALICE)?.reservedUntil);
      }
      expect(bounds).toEqual([1, 1, 1, 1, 1]);
      // A step and a message: a commit each, and none that lowers a bound.
      expect(here.rows.commits.length, durability).toBe(1 + 2 * 5);
    }
  });

  test("gates at the end of a borrowed bound", async () => {
    const here = world({ durability: "relaxed" });
    await haveSession(here, ALICE);
    for (let n = 0; n < 3; n += 1) await send(here, ALICE);
    await change(here, ALICE, (record) => record.step("next"));
    const waited: boolean[] = [];
    for (let n = 0; n < 5; n += 1) waited.push((await send(here, ALICE)).gated);
    expect(waited).toEqual([false, false, false, true, false]);
  });

  test("gates a new session in both modes and burns the old one", async () => {
    for (const durability of ["strict", "relaxed"] as const) {
      const here = world({ durability });
      await haveSession(here, ALICE);
      for (let n = 0; n < 4; n += 1) await send(here, ALICE);
      expect(await change(here, ALICE, (record) => record.begin("new", "new chain"))).toBe(false);
      expect(here.cache.sessions.peek(ALICE)?.state(`chain ${ALICE}`)?.next).toBe(7);
      expect(await send(here, ALICE)).toEqual({ chain: "new chain", counter: 0, gated: true });
      expect(leaseOf(here, ALICE)?.burned).toBe(0);
    }
  });

  test("burns a session archived without a new one", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    await change(here, ALICE, (record) => {
      if (record.current !== undefined) record.archive.unshift(record.current);
      record.current = undefined;
    });
    expect(here.cache.sessions.peek(ALICE)?.state(`chain ${ALICE}`)?.next).toBe(7);
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(0);
  });

  test("gates a promoted archived session, which is burned", async () => {
    const here = world({ durability: "relaxed" });
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    await change(here, ALICE, (record) => record.begin("new", "new chain"));
    await send(here, ALICE);
    expect(await change(here, ALICE, (record) => record.promote())).toBe(true);
    expect(await send(here, ALICE)).toEqual({ chain: `chain ${ALICE}`, counter: 7, gated: true });
    expect(here.cache.sessions.peek(ALICE)?.state("new chain")?.next).toBe(8);
  });

  test("rejects a promoted session behind its archived counter", async () => {
    const here = world();
    await haveSession(here, ALICE);
    const early = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    await change(here, ALICE, (record) => record.begin("new", "new chain"));
    early.begin("another", "another chain");
    early.promote();
    await expect(here.cache.sessions.put(ALICE, early)).rejects.toThrow(RewindError);
    expect(here.cache.sessions.peek(ALICE)?.current?.chain).toBe("new chain");
  });

  test("burns a replaced own sender key and begins a new bound", async () => {
    const here = world({ durability: "relaxed" });
    const { cache } = here;
    await cache.senderKeys.put(OUR_KEY, CounterRecord.of("", "key 1", 0));
    for (let n = 0; n < 4; n += 1) {
      const record = (await cache.senderKeys.load(OUR_KEY)) ?? new CounterRecord();
      // libsignal-node uses two iterations per message.
      record.send(2);
      await cache.senderKeys.put(OUR_KEY, record);
      await cache.publishable([OUR_KEY]);
    }
    const bound = leaseOf(here, OUR_KEY)?.reservedUntil ?? 0;
    expect(bound).toBeGreaterThan(8);
    const record = (await cache.senderKeys.load(OUR_KEY)) ?? new CounterRecord();
    record.begin("", "key 2");
    expect(await cache.senderKeys.put(OUR_KEY, record)).toEqual({ gated: false });
    expect(cache.senderKeys.peek(OUR_KEY)?.state("key 1")?.next).toBe(bound);
    const next = (await cache.senderKeys.load(OUR_KEY)) ?? new CounterRecord();
    next.send();
    expect(await cache.senderKeys.put(OUR_KEY, next)).toEqual({ gated: true });
  });

  test("keeps no lease for a peer's sender key", async () => {
    const here = world();
    const record = new CounterRecord();
    record.archive.push({ start: "", chain: "theirs", next: 9, closed: true });
    expect(await here.cache.senderKeys.put(THEIR_KEY, record)).toEqual({ gated: false });
    await here.engine.flush();
    expect(here.rows.senderKeys.has(THEIR_KEY)).toBe(true);
    expect(leaseOf(here, THEIR_KEY)).toBeUndefined();
  });

  test("closes a session after 1,500 burned keys of its chain", async () => {
    let here = world();
    storeSession(here.rows, ALICE, { next: 100, reservedUntil: 150, burned: 1_400 });
    expect((await here.cache.sessions.load(ALICE))?.current?.next).toBe(150);
    await send(here, ALICE);
    expect(leaseOf(here, ALICE)?.burned).toBe(1_450);
    storeSession(here.rows, ALICE, { next: 151, reservedUntil: 201, burned: 1_450 });
    here = here.crash();
    const events: unknown[] = [];
    here.cache.onEvent((event) => events.push(event));
    const closed = await here.cache.sessions.load(ALICE);
    expect(closed?.current).toBeUndefined();
    expect(closed?.archive[0]?.closed).toBe(true);
    expect(events).toEqual([{ kind: "closed", store: "session", address: ALICE, burned: 1_500 }]);
    expect(here.cache.stats).toMatchObject({ closed: 1, burnedKeys: 0 });
  });

  test("closes at once, without steps, for a bound too far ahead", async () => {
    const here = world();
    storeSession(here.rows, ALICE, { next: 0, reservedUntil: 2 ** 32 });
    expect((await here.cache.sessions.load(ALICE))?.current).toBeUndefined();
  });

  test("resets the count with an answer of the peer", async () => {
    const here = world();
    storeSession(here.rows, ALICE, { next: 100, reservedUntil: 150, burned: 1_400 });
    await change(here, ALICE, (record) => record.step("next"));
    await send(here, ALICE);
    expect(leaseOf(here, ALICE)?.burned).toBe(0);
  });

  // A client may delete its key and clear the marks in a commit that fails: the key goes with a later one.
  test.each([true, false])("deletes our sender key with the group's marks (loaded: %s)", async (isLoaded) => {
    const here = world();
    here.rows.senderKeys.set(OUR_KEY, {
      record: stored(CounterRecord.of("", "key", 3)),
      lease: undefined,
    });
    if (isLoaded) await here.cache.senderKeys.load(OUR_KEY);
    await here.cache.senderKeys.delete(OUR_KEY);
    await here.engine.flush();
    expect(here.rows.senderKeys.has(OUR_KEY)).toBe(false);
    expect(here.rows.clearedGroups).toEqual([GROUP]);
  });

  test("makes a loss of our sender key durable before the marks are read", async () => {
    const here = world();
    here.rows.senderKeys.set(OUR_KEY, {
      record: stored(CounterRecord.of("", "key", 3)),
      lease: undefined,
    });
    await here.cache.senderKeys.delete(OUR_KEY);
    await here.cache.makeLossesDurable(["120363000000000009@g.us"]);
    expect(here.rows.senderKeys.has(OUR_KEY)).toBe(true);
    await here.cache.makeLossesDurable([GROUP]);
    expect(here.rows.senderKeys.has(OUR_KEY)).toBe(false);
    expect(here.rows.clearedGroups).toEqual([GROUP]);
  });

  test("removes our burned sender key with the group's marks", async () => {
    const here = world();
    const lease = { reservedUntil: 1_500, incarnation: FOREIGN, burned: 0 };
    here.rows.senderKeys.set(OUR_KEY, { record: stored(CounterRecord.of("", "key", 0)), lease });
    expect(await here.cache.senderKeys.load(OUR_KEY)).toBeUndefined();
    await here.engine.flush();
    expect(here.rows.senderKeys.has(OUR_KEY)).toBe(false);
    expect(here.rows.clearedGroups).toEqual([GROUP]);
  });

  test("gates the first send of a row without a lease, burns nothing", async () => {
    const here = world();
    const record = stored(CounterRecord.of("s", "c", 5));
    here.rows.sessions.set(ALICE, { record, lease: undefined });
    expect(await send(here, ALICE)).toEqual({ chain: "c", counter: 5, gated: true });
  });

  test("closes sessions and removes own sender keys of before a restore", async () => {
    const before = world();
    await haveSession(before, ALICE);
    await change(before, ALICE, (record) => record.begin("second", "second chain"));
    await before.cache.senderKeys.put(OUR_KEY, CounterRecord.of("", "key", 1));
    const theirs = new CounterRecord();
    theirs.archive.push({ start: "", chain: "theirs", next: 9 });
    await before.cache.senderKeys.put(THEIR_KEY, theirs);
    await before.cache.releaseLeases();
    const restored = before.crash({ restoreEpoch: 1 });
    const { cache, engine, rows } = restored;
    const kept = await cache.sessions.load(ALICE);
    expect(kept?.current).toBeUndefined();
    // No stored chain sends again, not even one that a late message brings back.
    expect(kept?.archive.map(({ chain, closed }) => [chain, closed])).toEqual([
      ["second chain", true],
      [`chain ${ALICE}`, true],
    ]);
    expect(await cache.senderKeys.load(OUR_KEY)).toBeUndefined();
    expect((await cache.senderKeys.load(THEIR_KEY))?.archive).toEqual(theirs.archive);
    expect(cache.stats.discarded).toBe(2);
    await engine.flush();
    expect([rows.sessions.size, rows.senderKeys.size, rows.clearedGroups]).toEqual([1, 1, [GROUP]]);
    const again = restored.crash({ restoreEpoch: 1 });
    expect((await again.cache.sessions.load(ALICE))?.archive).toHaveLength(2);
    expect(again.cache.stats.discarded).toBe(0);
    await change(again, ALICE, (record) => record.begin("third", "third chain"));
    expect(await send(again, ALICE)).toMatchObject({ chain: "third chain", counter: 0 });
    await again.cache.releaseLeases();
    const later = again.crash({ restoreEpoch: 1 });
    expect((await later.cache.sessions.load(ALICE))?.current?.next).toBe(1);
    expect(later.cache.incarnation.slice(0, 8)).toBe("00000001");
  });

  test("closes a session again when a crash forgot the closing", async () => {
    const before = world();
    await haveSession(before, ALICE);
    const restored = before.crash({ restoreEpoch: 1 });
    for (const open of [restored, restored.crash({ restoreEpoch: 1 })]) {
      expect((await open.cache.sessions.load(ALICE))?.current).toBeUndefined();
      expect(open.cache.stats.discarded).toBe(1);
    }
  });

  test("rejects an invalid restore epoch", () => {
    expect(() => world({ restoreEpoch: -1 })).toThrow(RangeError);
    expect(() => world({ restoreEpoch: 2 ** 32 })).toThrow(RangeError);
  });
});
