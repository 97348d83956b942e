import { describe, expect, test } from "vitest";
import { leaveOut } from "../../test/support/protections/protections.ts";
import {
  ALICE,
  BOB,
  CAROL,
  haveSession,
  send,
  turn,
  type World,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";
import { BackendError } from "../errors/mod.ts";

async function receive({ cache }: World, address: string): Promise<void> {
  const record = (await cache.sessions.load(address)) ?? new CounterRecord();
  record.receive();
  await cache.sessions.put(address, record);
}

function receivedOf({ rows }: World, address: string): number {
  const record = rows.sessions.get(address)?.record ?? new Uint8Array(0);
  return JSON.parse(new TextDecoder().decode(record)).received;
}

describe("FlushableSignalState", () => {
  test("keeps a change made during a flush for the next one", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await receive(here, ALICE);
    here.rows.holdCommits();
    const first = here.engine.flush();
    await turn();
    await receive(here, ALICE);
    here.rows.releaseCommits();
    await first;
    expect([receivedOf(here, ALICE), here.cache.stats.dirty]).toEqual([1, 1]);
    await here.engine.flush();
    expect([receivedOf(here, ALICE), here.cache.stats.dirty]).toEqual([2, 0]);
  });

  test("would lose that change without the generation check", async () => {
    using _ = leaveOut(["generationCheck"]);
    const here = world();
    await haveSession(here, ALICE);
    await receive(here, ALICE);
    here.rows.holdCommits();
    const first = here.engine.flush();
    await turn();
    await receive(here, ALICE);
    here.rows.releaseCommits();
    await first;
    expect(here.cache.stats.dirty).toBe(0);
  });

  test("does not block readers and writers during a flush", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await receive(here, ALICE);
    here.rows.holdCommits();
    const flush = here.engine.flush();
    await turn();
    expect((await here.cache.sessions.load(ALICE))?.received).toBe(1);
    await here.cache.sessions.delete(ALICE);
    expect(await here.cache.sessions.load(ALICE)).toBeUndefined();
    here.rows.releaseCommits();
    await flush;
    expect(here.rows.sessions.has(ALICE)).toBe(true);
    await here.engine.flush();
    expect(here.rows.sessions.has(ALICE)).toBe(false);
  });

  test("leaves everything dirty after a failure", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await receive(here, ALICE);
    await here.cache.identities.put(BOB, new Uint8Array(32));
    const before = here.cache.flushable.pending();
    here.rows.fates.push(new BackendError("down"));
    await expect(here.engine.flush()).rejects.toThrow("down");
    expect(here.cache.flushable.pending()).toEqual(before);
    await here.engine.flush();
    expect(receivedOf(here, ALICE)).toBe(1);
  });

  test("marks only advances within a lease as may", async () => {
    const here = world();
    const pending = () => {
      const { must, may } = here.cache.flushable.pending();
      return { must, may };
    };
    await here.cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0));
    expect(pending()).toEqual({ must: 1, may: 0 });
    await here.engine.flush();
    await receive(here, ALICE);
    expect(pending()).toEqual({ must: 0, may: 1 });
    await here.cache.sessions.delete(ALICE);
    expect(pending()).toEqual({ must: 1, may: 0 });
    await here.engine.flush();
    await here.cache.identities.put(ALICE, new Uint8Array(32));
    await here.cache.identities.delete(BOB);
    expect(pending()).toEqual({ must: 2, may: 0 });
    await here.engine.flush();
    await haveSession(here, CAROL);
    const record = (await here.cache.sessions.load(CAROL)) ?? new CounterRecord();
    record.send();
    await here.cache.sessions.put(CAROL, record);
    expect(pending()).toEqual({ must: 1, may: 0 });
    await here.cache.publishable([CAROL]);
    expect(pending()).toEqual({ must: 0, may: 0 });
  });

  test("uses urgency and age of changes made during a flush", async () => {
    const here = world();
    const { host, cache, rows } = here;
    await haveSession(here, ALICE);
    const beganAtMs = host.clock.nowMs();
    const record = (await cache.sessions.load(ALICE)) ?? new CounterRecord();
    record.send();
    await cache.sessions.put(ALICE, record);
    rows.holdCommits();
    const flush = here.engine.flush();
    await turn();
    host.clock.advance(500);
    await receive(here, ALICE);
    expect(cache.flushable.pending()).toMatchObject({ must: 1, may: 0, oldestAtMs: beganAtMs });
    rows.releaseCommits();
    await flush;
    expect(cache.flushable.pending()).toMatchObject({ must: 0, may: 1, oldestAtMs: beganAtMs + 500 });
  });

  test("reports the oldest change after each flush", async () => {
    const here = world();
    const { host, cache, engine, rows } = here;
    const start = host.clock.nowMs();
    for (const [n, address] of [ALICE, BOB, CAROL].entries()) {
      host.clock.set(start + n * 100);
      await cache.sessions.put(address, CounterRecord.of(address, address, 0));
    }
    rows.poison = (write) => "address" in write && write.address === BOB;
    await engine.flush();
    expect(cache.flushable.pending()).toMatchObject({ must: 1, may: 0, oldestAtMs: start + 100 });
    await cache.sessions.put(ALICE, CounterRecord.of(ALICE, ALICE, 1));
    expect(cache.flushable.pending().oldestAtMs).toBe(start + 100);
    rows.poison = () => false;
    await cache.sessions.put(BOB, CounterRecord.of(BOB, BOB, 1));
    await engine.flush();
    expect(cache.flushable.pending()).toEqual({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined });
  });

  test("counts dirty bytes by their last known size", async () => {
    const here = world();
    const { cache, engine, rows } = here;
    await cache.sessions.put(ALICE, CounterRecord.of("a", "a", 0));
    expect(cache.flushable.pending().bytes).toBeGreaterThan(0);
    rows.fates.push(new BackendError("down"));
    await engine.flush().catch(() => {});
    const bytes = 50 + "a".length;
    expect(cache.flushable.pending().bytes).toBeGreaterThan(bytes);
    expect(cache.flushable.pending().bytes).toBeLessThan(200);
    await engine.flush();
    expect(cache.flushable.pending().bytes).toBe(0);
  });

  test("writes frequent advances within a lease at maximum age", async () => {
    const here = world({ policy: { intervalMs: 5_000, maxAgeMs: 60_000, idleMs: 8_000 } });
    const { host, engine, rows } = here;
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    const saver = engine.run();
    const commits = rows.commits.length;
    // The lease has three sends left.
    for (let n = 0; n < 3; n += 1) {
      await host.scheduler.advance(1_000);
      expect((await send(here, ALICE)).gated).toBe(false);
    }
    for (let second = 0; second < 55; second += 1) {
      await host.scheduler.advance(1_000);
      await receive(here, ALICE);
    }
    expect(rows.commits).toHaveLength(commits);
    await host.scheduler.advance(3_000);
    expect(rows.commits).toHaveLength(commits + 1);
    expect(receivedOf(here, ALICE)).toBe(55);
    await saver.stop();
  });

  test("writes advances within a lease in a pause", async () => {
    const here = world({ policy: { intervalMs: 5_000, maxAgeMs: 60_000, idleMs: 8_000 } });
    await haveSession(here, ALICE);
    const saver = here.engine.run();
    const commits = here.rows.commits.length;
    await receive(here, ALICE);
    await here.host.scheduler.advance(7_999);
    expect(here.rows.commits).toHaveLength(commits);
    await here.host.scheduler.advance(1);
    expect(here.rows.commits).toHaveLength(commits + 1);
    await saver.stop();
  });
});
