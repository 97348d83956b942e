import { describe, expect, test } from "vitest";
import { engineHarness, type RefusalStyle, sessionPut } from "../../test/support/account/engine.ts";
import { BackendError, RefusedError } from "../errors/mod.ts";
import type { DirtyItem, WriteBehindEvent } from "./mod.ts";

const STYLES: readonly RefusalStyle[] = ["index", "unnamed"];

describe("WriteBehind isolation", () => {
  test("commits all but refused items and reports those", async () => {
    for (const style of STYLES) {
      const { engine, flushable, committer } = engineHarness();
      const events: WriteBehindEvent[] = [];
      engine.onEvent((event) => events.push(event));
      committer.style = style;
      for (let index = 0; index < 100; index += 1) flushable.put(`k${index}`, 1);
      committer.poison.add("k17").add("k63");
      const report = await engine.flush();
      expect(report.committed).toBe(98);
      expect(
        report.isolated.map(({ flushable: name, key, reason }) => `${name}/${key} ${reason}`).sort(),
      ).toEqual(["fake/k17 refused", "fake/k63 refused"]);
      for (const { error } of report.isolated) expect(error).toBeInstanceOf(RefusedError);
      expect(flushable.dirtyKeys).toEqual(["k17", "k63"]);
      expect(committer.rows.size).toBe(98);
      expect(events).toMatchObject([{ kind: "isolated", items: [{}, {}] }, { kind: "flushed" }]);
      expect(engine.health()).toMatchObject({ state: "idle", consecutiveFailures: 0, isolated: [{}, {}] });
      // One refused commit for each and one that succeeds; or two halvings of a hundred.
      expect(committer.tried.length).toBeLessThanOrEqual(style === "index" ? 3 : 30);
    }
  });

  test("plans its commits within the limits of the backend", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.capabilities = { ...committer.capabilities, maxCommitRows: 20, maxCommitBytes: 1_000 };
    for (let index = 0; index < 100; index += 1) flushable.put(`k${index}`, 1);
    expect(await engine.flush()).toMatchObject({ committed: 100, isolated: [] });
    expect(Math.max(...committer.tried.map((addresses) => addresses.length))).toBeLessThanOrEqual(20);
    expect(committer.tried.flat()).toHaveLength(100);
  });

  // A move and a deletion of sessions are direct commits. An older item must not bring a deleted row back.
  test("sends a direct commit after every older item is decided", async () => {
    for (const style of STYLES) {
      const { engine, flushable, committer } = engineHarness();
      committer.style = style;
      committer.capabilities = { ...committer.capabilities, maxCommitRows: 3, maxCommitBytes: 10_000 };
      for (let index = 0; index < 5; index += 1) flushable.put(`k${index}`, 1);
      committer.poison.add("k1");
      await engine.commitWith([{ kind: "session.delete", address: "k0" }]);
      expect([...committer.rows.keys()].sort(), style).toEqual(["k2", "k3", "k4"]);
      expect(flushable.dirtyKeys).toEqual(["k1"]);
    }
  });

  test("keeps direct commits that wait for items within the limits", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.style = "unnamed";
    committer.capabilities = { ...committer.capabilities, maxCommitRows: 4, maxCommitBytes: 10_000 };
    for (const key of ["k0", "k1"]) flushable.put(key, 1);
    committer.poison.add("k1").add("d5");
    const direct = Array.from({ length: 6 }, (_, index) => engine.commitWith([sessionPut(`d${index}`, 1)]));
    const outcomes = await Promise.allSettled(direct);
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(5).fill("fulfilled"), "rejected"]);
    expect([...committer.rows.keys()].sort()).toEqual(["d0", "d1", "d2", "d3", "d4", "k0"]);
    expect(Math.max(...committer.tried.map((addresses) => addresses.length))).toBeLessThanOrEqual(4);
    // They are sent together first.
    expect(committer.tried).toContainEqual(["d0", "d1", "d2", "d3"]);
  });

  test("leaves out all malformed items before the first commit", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.style = "unnamed";
    for (let index = 0; index < 50; index += 1) flushable.put(`k${index}`, 1);
    const collect = flushable.collect.bind(flushable);
    flushable.collect = (only) =>
      collect(only).map((item): DirtyItem => {
        const address = item.key === "k3" ? "nul\0" : item.key;
        const record = new Uint8Array(item.key === "k9" ? 1_001 : 4);
        return { ...item, writes: [{ kind: "session.put", address, record }] };
      });
    const report = await engine.flush();
    expect(report.committed).toBe(48);
    expect(report.isolated.map(({ key }) => key)).toEqual(["k3", "k9"]);
    expect(report.isolated[0]?.error).toBeInstanceOf(RefusedError);
    expect(report.isolated[0]?.error.cause).toBeInstanceOf(TypeError);
    expect(committer.tried.length).toBe(1);
  });

  test("treats a TypeError without a malformed item as a failure", async () => {
    const { engine, flushable, committer } = engineHarness();
    flushable.put("a", 1);
    committer.failures.push(new TypeError("fetch failed"));
    await expect(engine.flush()).rejects.toThrow("fetch failed");
    expect(engine.health()).toMatchObject({
      state: "failing",
      lastError: { code: "unexpected", message: "TypeError" },
      isolated: [],
    });
  });

  test("rejects, without a failure, when all items are refused", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.poison.add("a");
    flushable.put("a", 1);
    for (let round = 0; round < 12; round += 1)
      await expect(engine.flush()).rejects.toBeInstanceOf(RefusedError);
    expect(engine.health()).toMatchObject({ state: "idle", consecutiveFailures: 0 });
    expect(committer.tried).toEqual([["a"]]);
  });

  test("leaves out a refused item, then retries it alone and rarely", async () => {
    const { engine, flushable, committer, host } = engineHarness({ refusedRetryMs: 1_000 });
    committer.style = "unnamed";
    committer.poison.add("bad");
    for (const key of ["a", "bad", "b"]) flushable.put(key, 1);
    await engine.flush();
    const flushOne = async (): Promise<string[][]> => {
      committer.tried.length = 0;
      flushable.put("a", 2);
      const report = await engine.flush();
      expect(report).toMatchObject({ committed: 1, isolated: [{ key: "bad", reason: "refused" }] });
      return committer.tried;
    };
    expect(await flushOne()).toEqual([["a"]]);
    host.clock.advance(1_000);
    expect(await flushOne()).toEqual([["a"], ["bad"]]);
    host.clock.advance(1_999);
    expect(await flushOne()).toEqual([["a"]]);
    host.clock.advance(1);
    committer.poison.clear();
    flushable.put("a", 3);
    expect(await engine.flush()).toMatchObject({ committed: 2, isolated: [] });
    expect(engine.health().isolated).toEqual([]);
  });

  test("suspects a refused item first after it changed", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.style = "unnamed";
    committer.poison.add("bad");
    for (let index = 0; index < 30; index += 1) flushable.put(`k${index}`, 1);
    flushable.put("bad", 1);
    await engine.flush();
    committer.tried.length = 0;
    for (let index = 0; index < 30; index += 1) flushable.put(`k${index}`, 2);
    flushable.put("bad", 2);
    expect((await engine.flush()).committed).toBe(30);
    expect(committer.tried.map(({ length }) => length)).toEqual([31, 30, 1]);
    committer.poison.clear();
    flushable.put("bad", 3);
    flushable.put("k0", 3);
    expect((await engine.flush()).committed).toBe(2);
  });

  test("removes a refused item whose change is undone", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.poison.add("bad");
    flushable.put("bad", 1);
    await expect(engine.flush()).rejects.toBeInstanceOf(RefusedError);
    const [item] = flushable.outcomes[0]?.isolated ?? [];
    // The flushable drops the item, as a cache does with an entry that was deleted before it was stored.
    flushable.collect();
    flushable.applyOutcome({ committed: item === undefined ? [] : [item], isolated: [], failed: [] });
    await engine.flush();
    expect(engine.health().isolated).toEqual([]);
  });

  test("reports both parts when the backend fails during the search", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.style = "unnamed";
    committer.poison.add("c");
    for (const key of ["a", "b", "c", "d"]) flushable.put(key, 1);
    // The whole is refused, the first half lands, then the connection is lost.
    committer.failures.push(undefined, undefined, new BackendError("commit: connection lost"));
    const report = await engine.flush();
    expect(report.committed).toBe(2);
    expect(report.isolated.map(({ key, reason }) => [key, reason])).toEqual([
      ["c", "unresolved"],
      ["d", "unresolved"],
    ]);
    expect([...committer.rows.keys()]).toEqual(["a", "b"]);
    expect(flushable.dirtyKeys).toEqual(["c", "d"]);
    expect(flushable.outcomes.at(-1)).toMatchObject({ committed: [{}, {}], isolated: [], failed: [{}, {}] });
    expect(engine.health()).toMatchObject({ state: "failing", consecutiveFailures: 1 });
    expect(await engine.flush()).toMatchObject({ committed: 1, isolated: [{ key: "c", reason: "refused" }] });
  });

  test("limits the search and leaves undecided items to the next flush", async () => {
    const { engine, flushable, committer } = engineHarness({ maxCommitsPerFlush: 10 });
    committer.style = "unnamed";
    for (let index = 0; index < 64; index += 1) flushable.put(`k${index}`, 1);
    for (let index = 0; index < 64; index += 8) committer.poison.add(`k${index}`);
    let flushes = 0;
    while (committer.rows.size < 56) {
      const before = committer.tried.length;
      await engine.flush().catch((error: unknown) => expect(error).toBeInstanceOf(RefusedError));
      expect(committer.tried.length - before).toBeLessThanOrEqual(10);
      flushes += 1;
      expect(flushes).toBeLessThan(20);
    }
    expect(flushable.dirtyKeys.every((key) => committer.poison.has(key))).toBe(true);
  });
});
