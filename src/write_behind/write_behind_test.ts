import { describe, expect, test } from "vitest";
import { engineHarness, FakeFlushable, sessionPut } from "../../test/support/account/engine.ts";
import {
  AmbiguousError,
  BackendError,
  ClosedError,
  FencedError,
  HaltedError,
  LimitError,
  RefusedError,
} from "../errors/mod.ts";
import type { WriteBehindEvent } from "./mod.ts";

function bad(): BackendError {
  return new BackendError("commit: connection lost");
}

describe("WriteBehind.notify", () => {
  test("refuses what is no urgency, and never makes a text of it", () => {
    const { engine } = engineHarness();
    const hostile = { toString: () => expect.fail("was made a text") };
    for (const urgency of ["soon", 1, null, hostile])
      expect(() => engine.notify(urgency as never)).toThrow("write-behind: no such urgency");
  });
});

describe("WriteBehind.flush", () => {
  test("writes must and may changes and reports them", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    flushable.put("a", 1, "must");
    flushable.put("b", 2, "may");
    const report = await engine.flush();
    expect(report).toEqual({ committed: 2, isolated: [], writes: 2, rows: 2, bytes: 32, durationMs: 0 });
    expect([...committer.rows]).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    expect(flushable.dirtyKeys).toEqual([]);
    expect(engine.health()).toMatchObject({ state: "idle", lastSuccessAtMs: host.clock.nowMs() });
  });

  test("commits nothing when nothing is dirty", async () => {
    const { engine, committer } = engineHarness();
    expect(await engine.flush()).toMatchObject({ committed: 0, writes: 0 });
    expect(committer.tried).toEqual([]);
  });

  test("leaves items dirty when it fails, and the next one writes them", async () => {
    const { engine, flushable, committer } = engineHarness();
    flushable.put("a", 1);
    committer.failures.push(bad());
    await expect(engine.flush()).rejects.toThrow("connection lost");
    expect(committer.rows.size).toBe(0);
    expect(flushable.dirtyKeys).toEqual(["a"]);
    expect(engine.health()).toMatchObject({
      state: "failing",
      consecutiveFailures: 1,
      lastError: { code: "failed", message: "commit: connection lost" },
    });
    expect((await engine.flush()).committed).toBe(1);
    expect(engine.health()).toMatchObject({ state: "idle", consecutiveFailures: 0, lastError: undefined });
  });

  test("leaves changes made during it to the next flush", async () => {
    const { engine, flushable, committer } = engineHarness();
    flushable.put("a", 1);
    committer.hold();
    const first = engine.flush();
    await Promise.resolve();
    await Promise.resolve();
    expect(engine.health().state).toBe("saving");
    flushable.put("a", 2);
    committer.release();
    await first;
    expect(committer.rows.get("a")).toBe(1);
    expect(flushable.dirtyKeys).toEqual(["a"]);
    expect((await engine.flush()).committed).toBe(1);
    expect(committer.rows.get("a")).toBe(2);
  });

  test("is shared by callers of one turn, or while another runs", async () => {
    const { engine, flushable, committer } = engineHarness();
    flushable.put("a", 1);
    committer.hold();
    const early = [engine.flush(), engine.flush(), engine.flush()];
    await Promise.resolve();
    await Promise.resolve();
    flushable.put("b", 2);
    const late = [engine.flush(), engine.commitWith([sessionPut("own", 9)]), engine.flush(), engine.flush()];
    committer.release();
    await Promise.all([...early, ...late]);
    expect(committer.tried).toEqual([["a"], ["b", "own"]]);
    expect(committer.maxRunning).toBe(1);
  });

  test("writes and reports only selected items with flushOnly", async () => {
    const { engine, flushable, committer } = engineHarness();
    for (const key of ["a", "b", "c"]) flushable.put(key, 1);
    const only = (wanted: string) => engine.flushOnly((name, key) => name === "fake" && key === wanted);
    expect((await only("a")).committed).toBe(1);
    expect(flushable.dirtyKeys).toEqual(["b", "c"]);
    committer.poison.add("c");
    const [b, c, none] = await Promise.allSettled([only("b"), only("c"), only("absent")]);
    expect(b).toMatchObject({ status: "fulfilled", value: { committed: 1, isolated: [] } });
    expect(c.status === "rejected" && c.reason).toBeInstanceOf(RefusedError);
    expect(none).toMatchObject({ status: "fulfilled", value: { committed: 0 } });
    expect(committer.tried.length).toBe(3);
  });
});

describe("WriteBehind.commitWith", () => {
  test("commits after dirty items in one commit and returns row counts", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.rows.set("gone", 1);
    flushable.put("a", 1);
    const changed = await engine.commitWith([
      { kind: "session.delete", address: "gone" },
      { kind: "session.delete", address: "never" },
      sessionPut("a", 7),
    ]);
    expect(changed).toEqual([1, 0, 1]);
    expect(committer.tried).toEqual([["a", "gone", "never", "a"]]);
    expect(committer.rows.get("a")).toBe(7);
  });

  test("includes changes made while other writes already wait", async () => {
    const { engine, flushable, committer } = engineHarness();
    flushable.put("first", 1);
    committer.hold();
    const flushing = engine.flush();
    await Promise.resolve();
    await Promise.resolve();
    const others = engine.commitWith([sessionPut("others", 1)]);
    flushable.put("counter", 5);
    const mine = engine.commitWith([sessionPut("mine", 2)]);
    committer.release();
    await Promise.all([flushing, others, mine]);
    expect(committer.tried[1]).toEqual(["counter", "others", "mine"]);
  });

  test("writes nothing when it fails and is not retried", async () => {
    const { engine, flushable, committer } = engineHarness();
    flushable.put("a", 1);
    committer.failures.push(new AmbiguousError("commit: answer lost"));
    await expect(engine.commitWith([sessionPut("own", 1)])).rejects.toBeInstanceOf(AmbiguousError);
    await engine.flush();
    expect([...committer.rows.keys()]).toEqual(["a"]);
  });

  test("rejects a malformed write at once, without effect on others", async () => {
    const { engine, committer } = engineHarness();
    await expect(engine.commitWith([{ kind: "session.delete", address: "" }])).rejects.toBeInstanceOf(
      TypeError,
    );
    await expect(engine.commitWith([{ kind: "preKey.remove", id: 0 }])).rejects.toBeInstanceOf(RangeError);
    expect(committer.tried).toEqual([]);
  });

  test("rejects a refused write and still saves dirty items", async () => {
    for (const style of ["index", "unnamed"] as const) {
      const { engine, flushable, committer } = engineHarness();
      committer.style = style;
      committer.poison.add("own");
      flushable.put("a", 1);
      const [flushed, own, other] = await Promise.allSettled([
        engine.flush(),
        engine.commitWith([sessionPut("fine", 1), sessionPut("own", 1)]),
        engine.commitWith([sessionPut("other", 1)]),
      ]);
      expect(flushed).toMatchObject({ status: "fulfilled", value: { committed: 1 } });
      expect(own.status === "rejected" && own.reason).toBeInstanceOf(RefusedError);
      if (style === "index") expect(own).toMatchObject({ reason: { writeIndex: 1 } });
      expect(other).toMatchObject({ status: "fulfilled", value: [1] });
      expect([...committer.rows.keys()]).toEqual(["a", "other"]);
      expect(engine.health().consecutiveFailures).toBe(0);
    }
  });

  test("is not blocked by a refused item", async () => {
    for (const style of ["index", "unnamed"] as const) {
      const { engine, flushable, committer } = engineHarness();
      committer.style = style;
      committer.poison.add("bad");
      for (const key of ["a", "bad", "b"]) flushable.put(key, 1);
      expect(await engine.commitWith([sessionPut("own", 3)])).toEqual([1]);
      expect([...committer.rows.keys()].sort()).toEqual(["a", "b", "own"]);
      expect(flushable.dirtyKeys).toEqual(["bad"]);
      if (style === "index") expect(committer.tried.at(-1)).toEqual(["a", "b", "own"]);
    }
  });

  test("is not blocked by more refused items than one flush can find", async () => {
    const { engine, flushable, committer } = engineHarness({ maxCommitsPerFlush: 3 });
    for (let index = 0; index < 8; index += 1) {
      flushable.put(`bad${index}`, 1);
      committer.poison.add(`bad${index}`);
    }
    expect(await engine.commitWith([sessionPut("own", 3)])).toEqual([1]);
    expect(committer.rows.get("own")).toBe(3);
    expect(committer.tried.length).toBeLessThanOrEqual(5);
  });
});

describe("WriteBehind.addFlushable", () => {
  test("commits two flushables together and requires unique names", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    const other = new FakeFlushable("other", host.clock);
    engine.addFlushable(other);
    expect(() => engine.addFlushable(new FakeFlushable("other", host.clock))).toThrow(TypeError);
    flushable.put("a", 1);
    other.put("b", 2);
    await engine.flush();
    expect(committer.tried).toEqual([["a", "b"]]);
  });

  test("fails only the flush in which a flushable throws", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    const other = new FakeFlushable("other", host.clock);
    engine.addFlushable(other);
    flushable.put("a", 1);
    other.collectError = new Error("bug");
    await expect(engine.flush()).rejects.toThrow("bug");
    expect(flushable.outcomes.at(-1)?.failed.map(({ key }) => key)).toEqual(["a"]);
    expect(committer.tried).toEqual([]);
    expect((await engine.flush()).committed).toBe(1);
  });
});

describe("WriteBehind failures", () => {
  test("halts after ten failures and resumes after a success", async () => {
    const { engine, flushable, committer } = engineHarness();
    const events: WriteBehindEvent[] = [];
    engine.onEvent((event) => events.push(event));
    flushable.put("a", 1);
    committer.down = bad();
    for (let failures = 1; failures <= 10; failures += 1) {
      expect(() => engine.assertOpen()).not.toThrow();
      await expect(engine.flush()).rejects.toBeInstanceOf(BackendError);
      expect(engine.health()).toMatchObject({
        state: failures < 10 ? "failing" : "halted",
        consecutiveFailures: failures,
      });
    }
    expect(() => engine.assertOpen()).toThrow(HaltedError);
    expect(events.map(({ kind }) => kind)).toEqual([...Array(10).fill("failed"), "halted"]);
    committer.down = undefined;
    await engine.flush();
    expect(() => engine.assertOpen()).not.toThrow();
    expect(events.slice(-2)).toMatchObject([{ kind: "resumed", failures: 10 }, { kind: "flushed" }]);
    expect(committer.rows.get("a")).toBe(1);
  });

  test("rejects every call after a later owner, without a retry", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    const events: WriteBehindEvent[] = [];
    engine.onEvent((event) => events.push(event));
    engine.run();
    flushable.put("a", 1);
    committer.down = new FencedError("commit: a later owner has opened the account");
    await expect(engine.flush()).rejects.toBeInstanceOf(FencedError);
    const { length } = committer.tried;
    await expect(engine.flush()).rejects.toBeInstanceOf(FencedError);
    await expect(engine.commitWith([])).rejects.toBeInstanceOf(FencedError);
    await expect(engine.ready()).rejects.toBeInstanceOf(FencedError);
    await host.scheduler.advance(600_000);
    expect(committer.tried.length).toBe(length);
    expect(() => engine.assertOpen()).toThrow(FencedError);
    expect(engine.health().state).toBe("fenced");
    expect(events.map(({ kind }) => kind)).toEqual(["fenced"]);
    await expect(engine.close()).rejects.toBeInstanceOf(FencedError);
  });

  test("isolates errors of listeners and calls no removed one", async () => {
    const { engine, flushable, host } = engineHarness();
    let heard = 0;
    engine.onEvent(() => {
      throw new Error("listener bug");
    });
    const remove = engine.onEvent(() => {
      heard += 1;
    });
    flushable.put("a", 1);
    await engine.flush();
    remove();
    flushable.put("a", 2);
    await engine.flush();
    expect(heard).toBe(1);
    expect(host.logger.messages("error")).toEqual([
      "write-behind: a listener threw",
      "write-behind: a listener threw",
    ]);
    expect(host.logger.text).not.toContain("listener bug");
  });
});

describe("WriteBehind.close", () => {
  test("flushes, rejects later calls, and runs once", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run();
    flushable.put("a", 1, "may");
    const closing = engine.close();
    expect(engine.close()).toBe(closing);
    await expect(engine.flush()).rejects.toBeInstanceOf(ClosedError);
    await closing;
    expect(committer.rows.get("a")).toBe(1);
    expect(engine.health().state).toBe("closed");
    await expect(engine.commitWith([])).rejects.toBeInstanceOf(ClosedError);
    expect(() => engine.assertOpen()).toThrow(ClosedError);
    expect(host.scheduler.scheduled).toEqual([]);
  });

  test("reports unsaved items, without counting towards halting", async () => {
    const { engine, flushable, committer } = engineHarness();
    flushable.put("a", 1);
    flushable.put("b", 1);
    committer.down = bad();
    await expect(engine.close()).rejects.toThrow(
      "close: 2 items could not be saved: commit: connection lost",
    );
    expect(engine.health()).toMatchObject({ consecutiveFailures: 0, pending: { must: 2 } });
  });

  test("retries refused items and reports the remaining ones", async () => {
    const { engine, flushable, committer } = engineHarness();
    committer.poison.add("a").add("b");
    flushable.put("a", 1);
    flushable.put("b", 1);
    await expect(engine.flush()).rejects.toBeInstanceOf(RefusedError);
    committer.poison.delete("a");
    await expect(engine.close()).rejects.toThrow(/^close: 1 items could not be saved/);
    expect([...committer.rows.keys()]).toEqual(["a"]);
  });
});

describe("WriteBehind.ready", () => {
  test("lets writers wait for room and continue in order", async () => {
    const { engine, flushable, committer } = engineHarness({ maxPendingItems: 2 });
    await engine.ready();
    flushable.put("a", 1);
    await engine.ready();
    flushable.put("b", 1);
    committer.hold();
    const order: string[] = [];
    const writer = async (key: string) => {
      await engine.ready();
      order.push(key);
      flushable.put(key, 1);
    };
    const writers = ["c", "d", "e", "f", "g"].map(writer);
    await Promise.resolve();
    expect(order).toEqual([]);
    expect(engine.health().waitingWriters).toBe(5);
    committer.release();
    await Promise.all(writers);
    expect(order).toEqual(["c", "d", "e", "f", "g"]);
    expect(engine.health().waitingWriters).toBe(0);
  });

  test("counts bytes and rejects a wait that is too long", async () => {
    const { engine, flushable, committer, host } = engineHarness({ maxPendingBytes: 10, maxWaitMs: 1_000 });
    flushable.put("a", 1);
    committer.down = bad();
    const waiting = engine.ready();
    const outcome = expect(waiting).rejects.toBeInstanceOf(LimitError);
    await host.scheduler.advance(1_000);
    await outcome;
    expect(flushable.dirtyKeys).toEqual(["a"]);
    committer.down = undefined;
    await engine.flush();
    await engine.ready();
  });

  test("neither spins nor waits forever for room of refused items", async () => {
    const { engine, flushable, committer, host } = engineHarness({ maxPendingItems: 1, maxWaitMs: 1_000 });
    committer.poison.add("a");
    flushable.put("a", 1);
    const outcome = expect(engine.ready()).rejects.toBeInstanceOf(LimitError);
    await host.scheduler.advance(1_000);
    await outcome;
    expect(committer.tried.length).toBeLessThan(5);
  });

  test("rejects waiting writers on close", async () => {
    const { engine, flushable, committer } = engineHarness({ maxPendingItems: 1 });
    flushable.put("a", 1);
    committer.down = bad();
    const outcome = expect(engine.ready()).rejects.toBeInstanceOf(ClosedError);
    await expect(engine.close()).rejects.toBeInstanceOf(BackendError);
    await outcome;
  });
});

describe("WriteBehind.health", () => {
  test("reports dirty items and their age", async () => {
    const { engine, flushable, host } = engineHarness();
    expect(engine.health()).toMatchObject({ pending: { must: 0, may: 0 }, oldestDirtyAgeMs: undefined });
    flushable.put("a", 1, "may");
    host.clock.advance(250);
    flushable.put("b", 1, "must");
    expect(engine.health()).toMatchObject({ pending: { must: 1, may: 1, bytes: 20 }, oldestDirtyAgeMs: 250 });
  });
});

describe("WriteBehind options", () => {
  test("reject values out of range", () => {
    expect(() => engineHarness({ haltAfter: 0 })).toThrow(RangeError);
    expect(() => engineHarness({ maxAgeMs: 1.5 })).toThrow(RangeError);
    const { engine } = engineHarness();
    expect(() => engine.run(0)).toThrow(RangeError);
  });
});
