import { expect, test } from "vitest";
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

test("clean entries leave in order of their last use, negative ones first", async () => {
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

test("dirty and gated entries stay, over the capacity if need be, until they are durable", async () => {
  const here = world({ capacity: 2 });
  const { cache, engine } = here;
  for (let n = 1; n <= 5; n += 1) await cache.sessions.put(address(n), CounterRecord.of(`s${n}`, `c${n}`, 0));
  await cache.sessions.delete(address(5));
  expect(cache.stats.sessions).toBe(5);
  await engine.flush();
  expect(cache.stats.sessions).toBe(2);
  const reloaded = await cache.sessions.loadMany([1, 2, 3, 4, 5].map(address));
  expect(reloaded.map((record) => record?.current?.chain)).toEqual(["c1", "c2", "c3", "c4", undefined]);
});

test("a record that has sent within a lease writes its exact counter before it leaves", async () => {
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

test("a clean record that comes back burns nothing in the same incarnation", async () => {
  const here = world({ capacity: 1 });
  await haveSession(here, ALICE);
  await send(here, ALICE);
  await here.cache.sessions.load(BOB);
  expect(here.cache.sessions.peek(ALICE)).toBeUndefined();
  expect(await send(here, ALICE)).toMatchObject({ counter: 1, gated: true });
  expect(here.cache.stats.burnedKeys).toBe(0);
});

test("a put whose entry leaves while it waits for its turn is not lost", async () => {
  const here = world({ capacity: 1 });
  const { cache, rows } = here;
  await haveSession(here, ALICE);
  rows.holdReads();
  const record = (await cache.sessions.load(ALICE)) ?? new CounterRecord();
  record.receive();
  // The entry of ALICE leaves for BOB's, in the same turn in which the put goes on.
  const put = cache.sessions.put(ALICE, record);
  const loads = [cache.sessions.load(BOB), cache.sessions.load(CAROL)];
  await turn();
  rows.releaseReads();
  await Promise.all([put, ...loads]);
  expect(cache.sessions.peek(ALICE)?.received).toBe(1);
});

test("each store has a capacity of its own, and none of less than one", async () => {
  const { cache } = world({ capacity: 1 });
  await cache.sessions.load(ALICE);
  await cache.senderKeys.load(`g@g.us:${ALICE}`);
  await cache.identities.load(ALICE);
  expect(cache.stats).toMatchObject({ sessions: 1, senderKeys: 1, identities: 1 });
  for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => world({ capacity })).toThrow(RangeError);
});

test("clearing after a flush drops what is durable and keeps the rest, and this incarnation of the cache", async () => {
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

test("clearing after a flush that is under way keeps what the flush has", async () => {
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

test("clearing forgets everything and begins a new incarnation, which burns what the last one may have used", async () => {
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

test("who waits to publish while the cache is cleared must not send, even if the commit arrives", async () => {
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

test("what is read after clearing, while an older commit is still under way, is read again once that has arrived", async () => {
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

test("a read that was under way while the cache was cleared is judged by the new incarnation", async () => {
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

test("a list keeps the order of use, however it is touched", () => {
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
