import { describe, expect, test } from "vitest";
import { ALICE, BOB, haveSession, send, turn, world } from "../../test/support/signal/cache_world.ts";
import { BackendError, LimitError, WrongLengthError } from "../errors/mod.ts";

function key(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill);
}

describe("IdentityStore", () => {
  test("copies keys in and out", async () => {
    const { cache } = world();
    const input = key(1);
    await cache.identities.put(ALICE, input);
    input.fill(9);
    const loaded = await cache.identities.load(ALICE);
    expect(loaded).toEqual(key(1));
    loaded?.fill(9);
    expect(await cache.identities.load(ALICE)).toEqual(key(1));
    expect(cache.identities.peek(ALICE)).toEqual(key(1));
    expect(cache.identities.peek(BOB)).toBeUndefined();
  });

  test("writes nothing for an equal key", async () => {
    const { cache, engine, rows } = world();
    rows.identities.set(ALICE, key(1));
    expect(await cache.identities.put(ALICE, key(1))).toBe(false);
    expect(await cache.identities.put(ALICE, key(1))).toBe(false);
    await engine.flush();
    expect(rows.commits).toEqual([]);
    expect(await cache.identities.put(ALICE, key(2))).toBe(true);
    await engine.flush();
    expect(rows.identities.get(ALICE)).toEqual(key(2));
  });

  test("keeps a pending write when an equal key is put", async () => {
    const { cache, engine, rows } = world();
    await cache.identities.put(ALICE, key(1));
    rows.fates.push(new BackendError("down"));
    await engine.flush().catch(() => {});
    expect(await cache.identities.put(ALICE, key(1))).toBe(false);
    expect(cache.flushable.pending()).toMatchObject({ must: 1 });
    await engine.flush();
    expect(rows.identities.get(ALICE)).toEqual(key(1));
  });

  test("writes the stored key again while another one is in flight", async () => {
    const { cache, engine, rows } = world();
    rows.identities.set(ALICE, key(1));
    await cache.identities.put(ALICE, key(2));
    rows.holdCommits();
    const flush = engine.flush();
    await turn();
    expect(await cache.identities.put(ALICE, key(1))).toBe(true);
    rows.releaseCommits();
    await flush;
    expect(rows.identities.get(ALICE)).toEqual(key(2));
    await engine.flush();
    expect(rows.identities.get(ALICE)).toEqual(key(1));
  });

  test("throws for an unreadable key, which can be replaced or deleted", async () => {
    const { cache, engine, rows } = world();
    rows.identities.set(ALICE, new Uint8Array(31));
    for (let n = 0; n < 2; n += 1)
      await expect(cache.identities.load(ALICE)).rejects.toThrow(WrongLengthError);
    expect(await cache.identities.put(ALICE, key(1))).toBe(true);
    await engine.flush();
    expect(rows.identities.get(ALICE)).toEqual(key(1));
    rows.identities.set(BOB, new Uint8Array(33));
    await expect(cache.identities.load(BOB)).rejects.toThrow(WrongLengthError);
    await cache.identities.delete(BOB);
    await engine.flush();
    expect(rows.identities.has(BOB)).toBe(false);
  });

  test("still throws after a failed replacement of an unreadable key", async () => {
    const { cache, rows, host } = world({ policy: { maxPendingItems: 1, maxWaitMs: 10 } });
    rows.identities.set(ALICE, new Uint8Array(31));
    rows.holdCommits();
    await cache.identities.put(BOB, key(1));
    const put = expect(cache.identities.put(ALICE, key(1))).rejects.toThrow(LimitError);
    await turn();
    await host.scheduler.advance(10);
    await put;
    await expect(cache.identities.load(ALICE)).rejects.toThrow(WrongLengthError);
  });

  test("writes a tombstone on delete, and nothing for an absent key", async () => {
    const { cache, engine, rows } = world();
    rows.identities.set(ALICE, key(1));
    await cache.identities.delete(ALICE);
    expect(await cache.identities.load(ALICE)).toBeUndefined();
    await engine.flush();
    expect(rows.identities.size).toBe(0);
    await cache.identities.delete(ALICE);
    await engine.flush();
    expect(rows.commits).toHaveLength(1);
  });

  test("rejects invalid keys", async () => {
    const { cache } = world();
    await expect(cache.identities.put(ALICE, new Uint8Array(33))).rejects.toThrow(RangeError);
    await expect(cache.identities.put(ALICE, "key" as unknown as Uint8Array)).rejects.toThrow(TypeError);
  });

  test("writes 2,048 identities in at most three commits within 50 ms", async () => {
    const { cache, engine, rows, host } = world();
    engine.run();
    for (let user = 0; user < 2_048; user += 1) {
      await cache.identities.put(`${200_000_000_000_000 + user}@lid.0`, key(user % 250));
      if (user % 32 === 0) await host.scheduler.advance(1);
    }
    await host.scheduler.advance(50);
    expect(rows.identities.size).toBe(2_048);
    expect(rows.commits.length).toBeLessThanOrEqual(3);
  });

  test("writes a change within 50 ms, without sessions' advances", async () => {
    const here = world();
    const { cache, engine, rows, host } = here;
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    rows.identities.set(BOB, key(1));
    engine.run();
    await host.scheduler.runDue();
    const before = rows.commits.length;
    await cache.identities.put(ALICE, key(2));
    await cache.identities.delete(BOB);
    await cache.sessions.delete("unknown@lid.0");
    await send(here, ALICE);
    await host.scheduler.advance(50);
    expect(rows.commits.slice(before).map((writes) => writes.map(({ kind }) => kind).sort())).toEqual([
      ["identity.delete", "identity.put", "session.delete"],
    ]);
  });

  test("writes a change made during its write within 50 ms", async () => {
    const { cache, engine, rows, host } = world();
    engine.run();
    await cache.identities.put(ALICE, key(1));
    rows.holdCommits();
    const advancing = host.scheduler.advance(50);
    await turn();
    expect(rows.heldCommits).toBe(1);
    await cache.identities.put(ALICE, key(2));
    rows.releaseCommits();
    await advancing;
    await host.scheduler.advance(50);
    expect(rows.identities.get(ALICE)).toEqual(key(2));
  });
});
