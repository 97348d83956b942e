import { expect, test } from "vitest";
import { leaveOut } from "../../test/support/protections/protections.ts";
import { ALICE, BOB, haveSession, turn, type World, world } from "../../test/support/signal/cache_world.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";
import { BackendError } from "../errors/mod.ts";

function withPreKeys(): World {
  const here = world();
  for (const id of [7, 8, 9]) here.rows.preKeys.add(id);
  return here;
}

function keysOf({ rows }: World): number[] {
  return [...rows.preKeys];
}

function kindsOf({ rows }: World): string[][] {
  return rows.commits.map((writes) => writes.map(({ kind }) => kind));
}

test("a pre-key goes in the commit that writes its session, whichever way that was said", async () => {
  const here = withPreKeys();
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
  await here.cache.sessions.put(BOB, CounterRecord.of("b", "b", 0));
  await here.cache.sessions.consumePreKey(BOB, 8);
  expect(keysOf(here)).toEqual([7, 8, 9]);
  await here.engine.flush();
  expect(kindsOf(here)).toEqual([["session.put", "preKey.remove", "session.put", "preKey.remove"]]);
  expect(keysOf(here)).toEqual([9]);
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 1));
  await here.engine.flush();
  expect(kindsOf(here)[1]).toEqual(["session.put"]);
});

test("consumed after its session was flushed, it goes with another write of the session", async () => {
  const here = withPreKeys();
  await haveSession(here, ALICE);
  await here.cache.sessions.consumePreKey(ALICE, 7);
  expect(here.cache.flushable.pending()).toMatchObject({ must: 1 });
  await here.engine.flush();
  expect(kindsOf(here)[1]).toEqual(["session.put", "preKey.remove"]);
});

test("consumed before its session is there, it waits for the put and writes nothing by itself", async () => {
  const here = withPreKeys();
  await here.cache.sessions.consumePreKey(ALICE, 7);
  await here.engine.flush();
  expect([kindsOf(here), keysOf(here)]).toEqual([[], [7, 8, 9]]);
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0));
  await here.engine.flush();
  expect(keysOf(here)).toEqual([8, 9]);
});

test("consumed by a session that never came, it is not consumed by the one that comes after a delete", async () => {
  const here = withPreKeys();
  await here.cache.sessions.consumePreKey(ALICE, 7);
  await here.cache.sessions.delete(ALICE);
  await here.cache.sessions.put(ALICE, CounterRecord.of("b", "b", 0));
  await here.engine.flush();
  expect(keysOf(here)).toEqual([7, 8, 9]);
});

test("an id that no pre-key has is refused: the session would never be written with it", async () => {
  const { cache, engine } = withPreKeys();
  for (const id of [0, -1, 1.5, 2 ** 24, Number.NaN]) {
    const put = cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: id });
    await expect(put).rejects.toThrow(RangeError);
    await expect(cache.sessions.consumePreKey(ALICE, id)).rejects.toThrow(RangeError);
  }
  expect(cache.sessions.peek(ALICE)).toBeUndefined();
  await cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0));
  await expect(cache.sessions.consumePreKey(ALICE, 0)).rejects.toThrow(RangeError);
  expect((await engine.flush()).isolated).toEqual([]);
});

test("a session that is deleted before it was written keeps its pre-key", async () => {
  const here = withPreKeys();
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
  await here.cache.sessions.delete(ALICE);
  await here.engine.flush();
  await here.cache.sessions.put(ALICE, CounterRecord.of("b", "b", 0));
  await here.engine.flush();
  expect(keysOf(here)).toEqual([7, 8, 9]);
});

test("a session that was deleted while its commit was under way has taken its pre-key with it", async () => {
  const here = withPreKeys();
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
  here.rows.holdCommits();
  const flush = here.engine.flush();
  await turn();
  await here.cache.sessions.delete(ALICE);
  here.rows.releaseCommits();
  await flush;
  expect([here.rows.sessions.has(ALICE), keysOf(here)]).toEqual([true, [8, 9]]);
});

test("a pre-key that was consumed while a commit was under way waits for the next one", async () => {
  const here = withPreKeys();
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
  here.rows.holdCommits();
  const flush = here.engine.flush();
  await turn();
  await here.cache.sessions.consumePreKey(ALICE, 8);
  here.rows.releaseCommits();
  await flush;
  expect(keysOf(here)).toEqual([8, 9]);
  await here.engine.flush();
  expect(keysOf(here)).toEqual([9]);
});

test("a failed or refused commit keeps session and pre-key together", async () => {
  const here = withPreKeys();
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
  await here.cache.sessions.put(BOB, CounterRecord.of("b", "b", 0), { consumedPreKeyId: 8 });
  here.rows.fates.push(new BackendError("down"));
  await here.engine.flush().catch(() => {});
  expect(keysOf(here)).toEqual([7, 8, 9]);
  here.rows.poison = (write) => write.kind === "session.put" && write.address === ALICE;
  await here.engine.flush();
  expect([...here.rows.sessions.keys()]).toEqual([BOB]);
  expect(keysOf(here)).toEqual([7, 9]);
});

test("a session that would not decode does not take its pre-key", async () => {
  const here = withPreKeys();
  const broken = CounterRecord.of("a", "a", 0);
  broken.fault = "undecodable";
  await here.cache.sessions.put(ALICE, broken, { consumedPreKeyId: 7 });
  await here.engine.flush();
  expect(keysOf(here)).toEqual([7, 8, 9]);
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0));
  await here.engine.flush();
  expect(keysOf(here)).toEqual([8, 9]);
});

test("clearing drops what was to be removed", async () => {
  const here = withPreKeys();
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
  here.cache.clear();
  await here.engine.flush();
  expect([keysOf(here), here.rows.sessions.size]).toEqual([[7, 8, 9], 0]);
});

test("without the coupling a pre-key goes though its session is refused", async () => {
  using _ = leaveOut(["preKeyCoupling"]);
  const here = withPreKeys();
  await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
  here.rows.poison = (write) => write.kind === "session.put";
  await here.engine.flush();
  expect([keysOf(here), here.rows.sessions.size]).toEqual([[8, 9], 0]);
});
