import { describe, expect, test } from "vitest";
import { FakeCommitter, sessionPut } from "../../test/support/account/engine.ts";
import { BackendError, RefusedError } from "../errors/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { type RoundPlan, runRound } from "./flush_round.ts";
import type { DirtyItem, Flushable, Outcome, Urgency } from "./flushable.ts";
import { RefusedItems } from "./refused_items.ts";

/** A flushable whose items stay dirty as they are, whatever the outcome. */
class FixedFlushable implements Flushable {
  readonly name: string;
  readonly items: DirtyItem[];
  readonly outcomes: Outcome[] = [];
  collectError: unknown;
  outcomeError: Error | undefined;

  constructor(name: string, keys: string, urgency: Urgency = "must") {
    this.name = name;
    this.items = [...keys].map((key) => ({
      key,
      generation: 1,
      urgency,
      writes: [sessionPut(key, 1)],
      checked: true,
    }));
  }

  pending() {
    return { must: this.items.length, may: 0, bytes: 0, oldestAtMs: undefined };
  }

  collect(only?: (key: string, urgency: Urgency) => boolean): readonly DirtyItem[] {
    if (this.collectError !== undefined) throw this.collectError;
    return this.items.filter(({ key, urgency }) => only?.(key, urgency) ?? true);
  }

  applyOutcome(outcome: Outcome): void {
    this.outcomes.push(outcome);
    if (this.outcomeError !== undefined) throw this.outcomeError;
  }
}

const PAUSE_MS = 1_000;

/** Rounds over some flushables. */
function rounds(...flushables: Flushable[]) {
  const committer = new FakeCommitter();
  const host = fakeHost();
  const refused = new RefusedItems(PAUSE_MS);
  const context = { committer, host, refused, maxCommits: 256 };
  const plan: RoundPlan = { flushables, select: undefined, direct: [], last: false, probe: false };
  return {
    committer,
    host,
    refused,
    round: (changes: Partial<RoundPlan> = {}) => runRound(context, { ...plan, ...changes }),
    tried: () => committer.tried.map((keys) => keys.join("")),
  };
}

function version(key: string, generation = 1) {
  return { key, generation };
}

describe("runRound", () => {
  test("commits all flushables together and applies each outcome once", async () => {
    const [one, two] = [new FixedFlushable("one", "ab"), new FixedFlushable("two", "c")];
    const { host, round, tried } = rounds(one, two);
    const result = await round();
    expect(tried()).toEqual(["abc"]);
    expect(one.outcomes).toEqual([{ committed: [version("a"), version("b")], isolated: [], failed: [] }]);
    expect(two.outcomes).toEqual([{ committed: [version("c")], isolated: [], failed: [] }]);
    expect(result.reportFor(undefined)).toMatchObject({ committed: 3, writes: 3, rows: 3, isolated: [] });
    expect([result.commits, result.failure, result.newlyRefused]).toEqual([1, undefined, []]);
    expect(host.logger.messages("error")).toEqual([]);
  });

  test("collects only what is selected, and reports only what each caller selected", async () => {
    const one = new FixedFlushable("one", "ab");
    const two = new FixedFlushable("two", "a", "now");
    const { round, tried } = rounds(one, two);
    const result = await round({
      select: (flushable, key, urgency) => (flushable === "one" && key === "b") || urgency === "now",
    });
    expect(tried()).toEqual(["ba"]);
    expect(result.reportFor(undefined).committed).toBe(2);
    expect(result.reportFor((_flushable, _key, urgency) => urgency === "now").committed).toBe(1);
    expect(result.reportFor((flushable) => flushable === "one")).toMatchObject({ committed: 1, rows: 1 });
    expect(result.reportFor((_flushable, key) => key === "c")).toMatchObject({ committed: 0, bytes: 0 });
    expect(result.reportFor(undefined)).toBe(result.reportFor(undefined));
  });

  test("isolates a refused item and remembers it until it changes", async () => {
    const one = new FixedFlushable("one", "ab");
    const { committer, refused, round, tried } = rounds(one);
    committer.poison.add("a");
    const first = await round();
    const item = { flushable: "one", key: "a", generation: 1, reason: "refused" };
    expect(first.newlyRefused).toMatchObject([item]);
    expect(first.reportFor(undefined)).toMatchObject({ committed: 1, isolated: [item] });
    expect(one.outcomes[0]).toMatchObject({
      committed: [version("b")],
      isolated: [{ ...version("a"), error: expect.any(RefusedError) }],
      failed: [],
    });
    // It rests, and is reported again without news.
    const second = await round();
    expect(tried()).toEqual(["ab", "b", "b"]);
    expect(second.newlyRefused).toEqual([]);
    expect(second.reportFor(undefined).isolated).toMatchObject([item]);
    expect(one.outcomes[1]).toMatchObject({ isolated: [version("a")], failed: [] });
    // After a change it is sent with the others again.
    one.items[0] = { ...(one.items[0] as DirtyItem), generation: 2 };
    committer.poison.clear();
    expect((await round()).reportFor(undefined).committed).toBe(2);
    expect(tried().at(-1)).toBe("ab");
    expect(refused.list()).toEqual([]);
  });

  test("suspects a refused item that changed before the others", async () => {
    const one = new FixedFlushable("one", "abc");
    const { committer, round, tried } = rounds(one);
    committer.style = "unnamed";
    committer.poison.add("b");
    await round();
    one.items[1] = { ...(one.items[1] as DirtyItem), generation: 2 };
    committer.tried.length = 0;
    expect((await round()).newlyRefused).toMatchObject([{ key: "b", generation: 2 }]);
    expect(tried()).toEqual(["abc", "ac", "b"]);
  });

  test("retries refused items alone, at most 16 in a round, and 1,024 in the last one", async () => {
    const keys = Array.from({ length: 1_030 }, (_, index) => `k${index}`);
    const one = new FixedFlushable("one", "");
    for (const key of keys) {
      one.items.push({ key, generation: 1, urgency: "must", writes: [sessionPut(key, 1)], checked: true });
    }
    const { committer, host, refused, round } = rounds(one);
    const error = new RefusedError("commit: constraint");
    for (const item of one.items) refused.refused({ flushable: one, item }, error, host.clock.nowMs());
    expect((await round()).commits).toBe(0);
    host.clock.advance(PAUSE_MS);
    expect((await round()).commits).toBe(16);
    expect(committer.tried.every((tried) => tried.length === 1)).toBe(true);
    for (const item of one.items) refused.refused({ flushable: one, item }, error, host.clock.nowMs());
    expect((await round({ last: true })).commits).toBe(1_024);
  });

  test("leaves items failed, and forgets no refusal, when the backend fails", async () => {
    const one = new FixedFlushable("one", "ab");
    const { committer, round } = rounds(one);
    const down = new BackendError("commit: down");
    committer.down = down;
    const result = await round();
    expect([result.failure, result.commits]).toEqual([down, 0]);
    expect([result.errorFor(undefined), result.errorFor(() => false)]).toEqual([down, undefined]);
    expect(one.outcomes).toEqual([{ committed: [], isolated: [], failed: [version("a"), version("b")] }]);
    expect(result.reportFor(undefined).isolated).toMatchObject([
      { reason: "unresolved" },
      { key: "b", error: down },
    ]);
  });

  test("probes the backend only when nothing else was sent", async () => {
    const one = new FixedFlushable("one", "a");
    const { committer, round, tried } = rounds(one);
    await round({ probe: true });
    expect(tried()).toEqual(["a"]);
    one.items.length = 0;
    await round();
    expect(tried()).toEqual(["a"]);
    expect((await round({ probe: true })).commits).toBe(1);
    expect(tried()).toEqual(["a", ""]);
    one.items.push(...new FixedFlushable("", "b").items);
    committer.down = new BackendError("commit: down");
    await round({ probe: true });
    expect(tried()).toEqual(["a", "", "b"]);
  });

  test("sends direct commits without items", async () => {
    const { round, tried } = rounds();
    const unit = { writes: [sessionPut("x", 1)], checked: true };
    const result = await round({ direct: [unit] });
    expect(tried()).toEqual(["x"]);
    expect(result.direct.get(unit)).toEqual({ kind: "committed", changed: [1] });
  });

  test("commits nothing when a flushable throws, and gives an outcome to those that were collected", async () => {
    for (const thrown of [new Error("broken"), "no error"]) {
      const [one, two] = [new FixedFlushable("one", "a"), new FixedFlushable("two", "b")];
      two.collectError = thrown;
      const { committer, refused, round } = rounds(one, two);
      refused.refused({ flushable: two, item: version("b") as DirtyItem }, new RefusedError("r"), 0);
      const result = await round({ probe: true });
      expect(committer.tried).toEqual([]);
      expect(result.failure).toBeInstanceOf(Error);
      if (thrown instanceof Error) expect(result.failure).toBe(thrown);
      expect(one.outcomes).toEqual([{ committed: [], isolated: [], failed: [version("a")] }]);
      expect(two.outcomes).toEqual([]);
      expect(result.errorFor(() => false)).toBe(result.failure);
      expect(result.reportFor(undefined).isolated).toMatchObject([
        { key: "a", reason: "unresolved", error: result.failure },
      ]);
      // What was not collected may still be dirty.
      expect(refused.list()).toHaveLength(1);
    }
  });

  test("forgets refusals of items that are clean, except in a round for some items", async () => {
    const one = new FixedFlushable("one", "a");
    const { refused, round } = rounds(one);
    refused.refused({ flushable: one, item: version("gone") as DirtyItem }, new RefusedError("r"), 0);
    await round({ select: () => true });
    expect(refused.list()).toHaveLength(1);
    await round();
    expect(refused.list()).toEqual([]);
  });

  test("goes on when a flushable rejects its outcome, and logs it", async () => {
    const [one, two] = [new FixedFlushable("one", "a"), new FixedFlushable("two", "b")];
    one.outcomeError = new Error("secret");
    const { host, round } = rounds(one, two);
    await round();
    expect(two.outcomes).toHaveLength(1);
    expect(host.logger.entries).toMatchObject([{ fields: { flushable: "one", error: "Error" } }]);
  });

  test("measures its time", async () => {
    const one = new FixedFlushable("one", "a");
    const { committer, host, round } = rounds(one);
    committer.hold();
    const running = round();
    await Promise.resolve();
    host.clock.advance(30);
    committer.release();
    expect((await running).reportFor(undefined).durationMs).toBe(30);
  });
});

describe("RoundResult.errorFor", () => {
  test("is an error only when none of the selected items is durable", async () => {
    const one = new FixedFlushable("one", "ab");
    const { committer, round } = rounds(one);
    committer.poison.add("a");
    const result = await round();
    expect(result.errorFor(undefined)).toBeUndefined();
    expect(result.errorFor((_flushable, key) => key === "b")).toBeUndefined();
    expect(result.errorFor((_flushable, key) => key === "a")).toBeInstanceOf(RefusedError);
    expect(result.errorFor(() => false)).toBeUndefined();
  });

  test("prefers the failure of the round to a refusal", async () => {
    const one = new FixedFlushable("one", "ab");
    const { committer, round } = rounds(one);
    const down = new BackendError("commit: down");
    committer.poison.add("a");
    committer.failures.push(undefined, down);
    const result = await round();
    expect(result.reportFor(undefined).isolated.map(({ reason }) => reason)).toEqual([
      "refused",
      "unresolved",
    ]);
    expect(result.errorFor((_flushable, key) => key === "a")).toBe(down);
  });
});
