import { expect, test } from "vitest";
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

test("a flush writes must and may, reports what it wrote, and leaves nothing dirty", async () => {
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

test("without anything dirty a flush commits nothing", async () => {
  const { engine, committer } = engineHarness();
  expect(await engine.flush()).toMatchObject({ committed: 0, writes: 0 });
  expect(committer.tried).toEqual([]);
});

test("a failed flush rejects and leaves everything dirty; the next one writes it", async () => {
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

test("what changes during a flush stays dirty and is written by the next", async () => {
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

test("callers of one turn share a flush; callers during it share the one that waits", async () => {
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

test("a partial flush writes what is selected, and a narrow caller of a shared one learns only of its own", async () => {
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

test("commitWith lands with what is dirty in one commit, after it, and tells rows per write", async () => {
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

test("what changed before commitWith lands with it even while another caller's writes already wait", async () => {
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

test("a failed commitWith lands nothing, leaves the rest dirty and is not tried again", async () => {
  const { engine, flushable, committer } = engineHarness();
  flushable.put("a", 1);
  committer.failures.push(new AmbiguousError("commit: answer lost"));
  await expect(engine.commitWith([sessionPut("own", 1)])).rejects.toBeInstanceOf(AmbiguousError);
  await engine.flush();
  expect([...committer.rows.keys()]).toEqual(["a"]);
});

test("a malformed write of a caller is refused at once, and costs nobody else anything", async () => {
  const { engine, committer } = engineHarness();
  await expect(engine.commitWith([{ kind: "session.delete", address: "" }])).rejects.toBeInstanceOf(
    TypeError,
  );
  await expect(engine.commitWith([{ kind: "preKey.remove", id: 0 }])).rejects.toBeInstanceOf(RangeError);
  expect(committer.tried).toEqual([]);
});

test("a refused write of a caller rejects to it, and what is dirty is saved all the same", async () => {
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

test("a poison item does not block a caller's writes", async () => {
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

test("poison beyond what one flush may spend still does not block a caller's writes", async () => {
  const { engine, flushable, committer } = engineHarness({ maxCommitsPerFlush: 3 });
  for (let index = 0; index < 8; index += 1) {
    flushable.put(`bad${index}`, 1);
    committer.poison.add(`bad${index}`);
  }
  expect(await engine.commitWith([sessionPut("own", 3)])).toEqual([1]);
  expect(committer.rows.get("own")).toBe(3);
  expect(committer.tried.length).toBeLessThanOrEqual(5);
});

test("two flushables land in one commit, and their names are unique", async () => {
  const { engine, flushable, committer, host } = engineHarness();
  const other = new FakeFlushable("other", host.clock);
  engine.addFlushable(other);
  expect(() => engine.addFlushable(new FakeFlushable("other", host.clock))).toThrow(TypeError);
  flushable.put("a", 1);
  other.put("b", 2);
  await engine.flush();
  expect(committer.tried).toEqual([["a", "b"]]);
});

test("a flushable that throws while it is collected fails the flush alone", async () => {
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

test("ten failures in a row halt: gates reject, flushes still try, and a success resumes", async () => {
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

test("a later owner ends it: nothing is tried again, and everything says so", async () => {
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

test("a listener that throws disturbs nobody, and a removed one hears nothing", async () => {
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

test("close flushes, refuses what comes later, and is one close however often it is called", async () => {
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

test("a failed last flush is reported with what is left, and does not count towards halting", async () => {
  const { engine, flushable, committer } = engineHarness();
  flushable.put("a", 1);
  flushable.put("b", 1);
  committer.down = bad();
  await expect(engine.close()).rejects.toThrow("close: 2 items could not be saved: commit: connection lost");
  expect(engine.health()).toMatchObject({ consecutiveFailures: 0, pending: { must: 2 } });
});

test("close gives refused items a last try and names what is left", async () => {
  const { engine, flushable, committer } = engineHarness();
  committer.poison.add("a").add("b");
  flushable.put("a", 1);
  flushable.put("b", 1);
  await expect(engine.flush()).rejects.toBeInstanceOf(RefusedError);
  committer.poison.delete("a");
  await expect(engine.close()).rejects.toThrow(/^close: 1 items could not be saved/);
  expect([...committer.rows.keys()]).toEqual(["a"]);
});

test("writers wait while too much is dirty and go on, in order, when a flush has made room", async () => {
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

test("bytes count too, and a writer that waits too long is told so; nothing is dropped", async () => {
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

test("writers that wait for room which only refused items take do not spin, and end by time", async () => {
  const { engine, flushable, committer, host } = engineHarness({ maxPendingItems: 1, maxWaitMs: 1_000 });
  committer.poison.add("a");
  flushable.put("a", 1);
  const outcome = expect(engine.ready()).rejects.toBeInstanceOf(LimitError);
  await host.scheduler.advance(1_000);
  await outcome;
  expect(committer.tried.length).toBeLessThan(5);
});

test("closing ends the waits of writers", async () => {
  const { engine, flushable, committer } = engineHarness({ maxPendingItems: 1 });
  flushable.put("a", 1);
  committer.down = bad();
  const outcome = expect(engine.ready()).rejects.toBeInstanceOf(ClosedError);
  await expect(engine.close()).rejects.toBeInstanceOf(BackendError);
  await outcome;
});

test("health tells what is dirty and for how long", async () => {
  const { engine, flushable, host } = engineHarness();
  expect(engine.health()).toMatchObject({ pending: { must: 0, may: 0 }, oldestDirtyAgeMs: undefined });
  flushable.put("a", 1, "may");
  host.clock.advance(250);
  flushable.put("b", 1, "must");
  expect(engine.health()).toMatchObject({ pending: { must: 1, may: 1, bytes: 20 }, oldestDirtyAgeMs: 250 });
});

test("a policy that makes no sense is refused", () => {
  expect(() => engineHarness({ haltAfter: 0 })).toThrow(RangeError);
  expect(() => engineHarness({ maxAgeMs: 1.5 })).toThrow(RangeError);
  const { engine } = engineHarness();
  expect(() => engine.run(0)).toThrow(RangeError);
});
