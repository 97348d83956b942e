import { describe, expect, test } from "vitest";
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

describe("SignalRecords.consumePreKey", () => {
  test("removes a pre-key in its session's commit, by either call", async () => {
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

  test("removes with another write after its session was flushed", async () => {
    const here = withPreKeys();
    await haveSession(here, ALICE);
    await here.cache.sessions.consumePreKey(ALICE, 7);
    expect(here.cache.flushable.pending()).toMatchObject({ must: 1 });
    await here.engine.flush();
    expect(kindsOf(here)[1]).toEqual(["session.put", "preKey.remove"]);
  });

  test("waits for the put and writes nothing by itself", async () => {
    const here = withPreKeys();
    await here.cache.sessions.consumePreKey(ALICE, 7);
    await here.engine.flush();
    expect([kindsOf(here), keysOf(here)]).toEqual([[], [7, 8, 9]]);
    await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0));
    await here.engine.flush();
    expect(keysOf(here)).toEqual([8, 9]);
  });

  test("is forgotten when the session that should consume is deleted", async () => {
    const here = withPreKeys();
    await here.cache.sessions.consumePreKey(ALICE, 7);
    await here.cache.sessions.delete(ALICE);
    await here.cache.sessions.put(ALICE, CounterRecord.of("b", "b", 0));
    await here.engine.flush();
    expect(keysOf(here)).toEqual([7, 8, 9]);
  });

  test("rejects invalid ids", async () => {
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

  test("keeps the pre-key of a session deleted before its write", async () => {
    const here = withPreKeys();
    await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
    await here.cache.sessions.delete(ALICE);
    await here.engine.flush();
    await here.cache.sessions.put(ALICE, CounterRecord.of("b", "b", 0));
    await here.engine.flush();
    expect(keysOf(here)).toEqual([7, 8, 9]);
  });

  test("removes with a commit in flight when its session is deleted", async () => {
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

  test("waits for the next commit when one is in flight", async () => {
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

  test("keeps session and pre-key together when a commit fails", async () => {
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

  test("keeps the pre-key of a session that does not decode", async () => {
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

  test("is dropped by clear", async () => {
    const here = withPreKeys();
    await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
    here.cache.clear();
    await here.engine.flush();
    expect([keysOf(here), here.rows.sessions.size]).toEqual([[7, 8, 9], 0]);
  });

  test("would remove a refused session's pre-key without the coupling", async () => {
    using _ = leaveOut(["preKeyCoupling"]);
    const here = withPreKeys();
    await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0), { consumedPreKeyId: 7 });
    here.rows.poison = (write) => write.kind === "session.put";
    await here.engine.flush();
    expect([keysOf(here), here.rows.sessions.size]).toEqual([[8, 9], 0]);
  });
});
