import { describe, expect, test } from "vitest";
import {
  ALICE,
  BOB,
  CAROL,
  haveSession,
  send,
  storeSession,
  turn,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";
import { SeededRandom } from "../testing/mod.ts";
import { RecencyList } from "./recency_list.ts";

function address(n: number): string {
  return `${n}@lid.0`;
}

describe("SignalStoreCache eviction", () => {
  test("evicts clean entries by last use, negative ones first", async () => {
    const { cache, rows } = world({ capacity: 3 });
    for (const n of [1, 2, 3, 4]) storeSession(rows, address(n), { next: n, reservedUntil: n });
    await cache.sessions.load(address(1));
    await cache.sessions.load(address(2));
    await cache.sessions.load(address(90));
    await cache.sessions.load(address(1));
    await cache.sessions.load(address(3));
    await cache.sessions.load(address(4));
    const inMemory = [1, 2, 3, 4].map((n) => cache.sessions.peek(address(n)) !== undefined);
    expect(inMemory).toEqual([true, false, true, true]);
    rows.readKeys.length = 0;
    await cache.sessions.load(address(90));
    expect(rows.readKeys).toEqual([[address(90)]]);
  });

  test("keeps dirty and gated entries over the capacity", async () => {
    const here = world({ capacity: 2 });
    const { cache, engine } = here;
    for (let n = 1; n <= 5; n += 1)
      await cache.sessions.put(address(n), CounterRecord.of(`s${n}`, `c${n}`, 0));
    await cache.sessions.delete(address(5));
    expect(cache.stats.sessions).toBe(5);
    await engine.flush();
    expect(cache.stats.sessions).toBe(2);
    const reloaded = await cache.sessions.loadMany([1, 2, 3, 4, 5].map(address));
    expect(reloaded.map((record) => record?.current?.chain)).toEqual(["c1", "c2", "c3", "c4", undefined]);
  });

  test("writes a leased record's exact counter before it is evicted", async () => {
    const here = world({ capacity: 1 });
    const { cache, engine, rows } = here;
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    expect(rows.sessions.get(ALICE)?.lease?.reservedUntil).toBe(7);
    await cache.sessions.load(BOB);
    await cache.sessions.load(CAROL);
    expect(cache.sessions.peek(ALICE)?.current?.next).toBe(4);
    expect(cache.flushable.pending()).toMatchObject({ must: 0, may: 1 });
    await engine.flush();
    expect(rows.sessions.get(ALICE)?.lease?.reservedUntil).toBe(4);
    await cache.sessions.load(BOB);
    expect(cache.sessions.peek(ALICE)).toBeUndefined();
    const next = here.crash();
    expect((await next.cache.sessions.load(ALICE))?.current?.next).toBe(4);
  });

  test("burns nothing when a clean record is read again", async () => {
    const here = world({ capacity: 1 });
    await haveSession(here, ALICE);
    await send(here, ALICE);
    await here.cache.sessions.load(BOB);
    expect(here.cache.sessions.peek(ALICE)).toBeUndefined();
    expect(await send(here, ALICE)).toMatchObject({ counter: 1, gated: true });
    expect(here.cache.stats.burnedKeys).toBe(0);
  });

  test("keeps a put whose entry is evicted while it waits", async () => {
    const here = world({ capacity: 1 });
    const { cache, rows } = here;
    await haveSession(here, ALICE);
    rows.holdReads();
    const record = (await cache.sessions.load(ALICE)) ?? new CounterRecord();
    record.receive();
    // BOB's entry evicts ALICE's in the turn in which the put continues.
    const put = cache.sessions.put(ALICE, record);
    const loads = [cache.sessions.load(BOB), cache.sessions.load(CAROL)];
    await turn();
    rows.releaseReads();
    await Promise.all([put, ...loads]);
    expect(cache.sessions.peek(ALICE)?.received).toBe(1);
  });

  test("applies the capacity to each store, at least one", async () => {
    const { cache } = world({ capacity: 1 });
    await cache.sessions.load(ALICE);
    await cache.senderKeys.load(`g@g.us:${ALICE}`);
    await cache.identities.load(ALICE);
    expect(cache.stats).toMatchObject({ sessions: 1, senderKeys: 1, identities: 1 });
    for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => world({ capacity })).toThrow(RangeError);
  });
});

describe("SignalStoreCache.clearAfterFlush", () => {
  test("drops durable entries and keeps others and the incarnation", async () => {
    const here = world();
    const { cache, engine, rows } = here;
    const { incarnation } = cache;
    for (const at of [ALICE, BOB, CAROL, "9@lid.0"]) await haveSession(here, at);
    await send(here, "9@lid.0");
    await cache.identities.put(ALICE, new Uint8Array(32));
    await engine.flush();
    // One dirty, one deleted, one gated.
    const dirty = (await cache.sessions.load(ALICE)) ?? new CounterRecord();
    dirty.receive();
    await cache.sessions.put(ALICE, dirty);
    await cache.sessions.delete(BOB);
    const gated = (await cache.sessions.load(CAROL)) ?? new CounterRecord();
    gated.send();
    await cache.sessions.put(CAROL, gated);
    rows.fates.push(new Error("down"));
    await engine.flush().catch(() => {});
    cache.clearAfterFlush();
    expect(cache.stats).toMatchObject({ sessions: 3, identities: 0, dirty: 3, gated: 1 });
    expect(cache.incarnation).toBe(incarnation);
    expect(await cache.sessions.load(BOB)).toBeUndefined();
    expect((await cache.sessions.load(ALICE))?.received).toBe(1);
    expect(await send(here, "9@lid.0")).toMatchObject({ counter: 1 });
    expect(cache.stats.burnedKeys).toBe(0);
  });

  test("keeps the entries of a flush in flight", async () => {
    const here = world();
    await haveSession(here, ALICE);
    const record = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
    record.receive();
    await here.cache.sessions.put(ALICE, record);
    here.rows.holdCommits();
    const flush = here.engine.flush();
    await turn();
    here.cache.clearAfterFlush();
    expect((await here.cache.sessions.load(ALICE))?.received).toBe(1);
    here.rows.releaseCommits();
    await flush;
  });
});

describe("SignalStoreCache.clear", () => {
  test("drops everything, and the new incarnation burns leased keys", async () => {
    const here = world();
    const { cache, engine, rows } = here;
    await haveSession(here, ALICE);
    for (let n = 0; n < 5; n += 1) await send(here, ALICE);
    await cache.sessions.put(BOB, CounterRecord.of("b", "b", 0));
    await cache.identities.put(BOB, new Uint8Array(32));
    const { incarnation } = cache;
    cache.clear();
    expect(cache.incarnation).not.toBe(incarnation);
    expect(cache.stats).toMatchObject({ sessions: 0, identities: 0, dirty: 0, gated: 0 });
    expect(cache.flushable.pending()).toEqual({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined });
    expect(await cache.sessions.load(BOB)).toBeUndefined();
    expect(await send(here, ALICE)).toMatchObject({ counter: 7, gated: true });
    await engine.flush();
    expect([...rows.sessions.keys()]).toEqual([ALICE]);
  });

  test("rejects pending publishable calls, even if the commit lands", async () => {
    const here = world();
    const { cache, rows } = here;
    await haveSession(here, ALICE);
    rows.holdCommits();
    const sending = expect(send(here, ALICE)).rejects.toMatchObject({ code: "closed" });
    await turn();
    cache.clear();
    rows.releaseCommits();
    await sending;
    expect(rows.sessions.get(ALICE)?.lease?.reservedUntil).toBe(1);
    expect(cache.stats).toMatchObject({ dirty: 0, sessions: 0 });
    expect(await send(here, ALICE)).toMatchObject({ counter: 1 });
  });

  test("reads again after an older commit in flight has landed", async () => {
    const here = world();
    const { cache, rows, engine } = here;
    await haveSession(here, ALICE);
    await haveSession(here, BOB);
    await cache.identities.put(ALICE, new Uint8Array(32).fill(1));
    rows.holdCommits();
    await cache.sessions.delete(ALICE);
    await cache.sessions.put(BOB, CounterRecord.of("another", "b", 0));
    const flush = engine.flush();
    await turn();
    cache.clear();
    expect((await cache.sessions.load(ALICE))?.current?.next).toBe(0);
    expect((await cache.sessions.load(BOB))?.current?.start).toBe(`start ${BOB}`);
    expect(await cache.identities.load(ALICE)).toBeUndefined();
    rows.releaseCommits();
    await flush;
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
    expect((await cache.sessions.load(BOB))?.current?.start).toBe("another");
    expect(await cache.identities.load(ALICE)).toEqual(new Uint8Array(32).fill(1));
  });

  test("applies the new incarnation to a running read", async () => {
    const here = world();
    const { cache, rows } = here;
    storeSession(rows, ALICE, { next: 5, reservedUntil: 9, incarnation: cache.incarnation });
    rows.holdReads();
    const load = cache.sessions.load(ALICE);
    await turn();
    cache.clear();
    rows.releaseReads();
    expect((await load)?.current?.next).toBe(9);
  });
});

describe("RecencyList", () => {
  test("keeps the order of use", () => {
    interface Node {
      readonly id: number;
      older: Node | undefined;
      newer: Node | undefined;
    }
    const random = new SeededRandom(5);
    const list = new RecencyList<Node>();
    const nodes = Array.from({ length: 12 }, (_, id): Node => ({ id, older: undefined, newer: undefined }));
    let model: Node[] = [];
    for (let step = 0; step < 5_000; step += 1) {
      const node = random.pick(nodes);
      const isIn = model.includes(node);
      const removes = isIn && random.oneIn(2);
      if (removes) list.remove(node);
      else if (isIn) list.touch(node);
      else list.add(node);
      model = model.filter((other) => other !== node);
      if (!removes) model.push(node);
      const order: number[] = [];
      for (let at = list.oldest; at !== undefined; at = at.newer) order.push(at.id);
      expect(order).toEqual(model.map(({ id }) => id));
      expect(list.size).toBe(model.length);
    }
  });
});
