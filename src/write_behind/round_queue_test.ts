import { describe, expect, test } from "vitest";
import { LimitError } from "../errors/mod.ts";
import type { FlushReport } from "./flush_report.ts";
import type { RoundResult } from "./flush_round.ts";
import type { Unit, UnitState } from "./isolating_commit.ts";
import { NOW_ITEMS, Round, RoundQueue } from "./round_queue.ts";

/** Callers of a round that is not awaited. */
function ignore(...calls: Promise<unknown>[]): void {
  for (const call of calls) void call.catch(() => {});
}

function unit(): Unit {
  return { writes: [] };
}

/** A result that knows the states of these direct commits. */
function result(direct: readonly [Unit, UnitState][], error?: Error, failure?: Error): RoundResult {
  const report = { committed: 1 } as FlushReport;
  const parts = { direct: new Map(direct), failure, errorFor: () => error, reportFor: () => report };
  return parts as unknown as RoundResult;
}

describe("Round.scope", () => {
  test("is what its callers together need", () => {
    const some = new Round();
    ignore(some.flush((_flushable, key) => key === "a", {}));
    expect(some.scope).toBe("some");
    ignore(some.flush(NOW_ITEMS, {}));
    expect(some.scope).toBe("now");
    ignore(some.flush(undefined, {}));
    expect(some.scope).toBe("all");
  });

  test("is everything for a direct commit", () => {
    const round = new Round();
    ignore(round.flush(NOW_ITEMS, {}), round.commitWith(unit()));
    expect([round.scope, round.select]).toEqual(["all", undefined]);
  });
});

describe("Round.select", () => {
  test("accepts what one of its callers accepts", () => {
    const round = new Round();
    ignore(
      round.flush((flushable, key) => flushable === "f" && key === "a", {}),
      round.flush(NOW_ITEMS, {}),
    );
    const { select } = round;
    expect(select?.("f", "a", "may")).toBe(true);
    expect(select?.("g", "a", "now")).toBe(true);
    expect(select?.("g", "a", "must")).toBe(false);
    expect(select?.("f", "b", "may")).toBe(false);
  });
});

describe("Round.flush", () => {
  test("is the last one, or a probe, when one of its callers says so", () => {
    const round = new Round();
    ignore(round.flush(undefined, {}));
    expect([round.last, round.probe]).toEqual([false, false]);
    ignore(round.flush(undefined, { last: true }), round.flush(undefined, { probe: true }));
    ignore(round.flush(undefined, { last: false, probe: false }));
    expect([round.last, round.probe]).toEqual([true, true]);
  });

  test("takes 16,384 callers of both kinds", () => {
    const round = new Round();
    for (let caller = 0; caller < 8_192; caller += 1) {
      ignore(round.flush(undefined, {}), round.commitWith(unit()));
    }
    expect(() => round.flush(undefined, {})).toThrow(LimitError);
    expect(() => round.commitWith(unit())).toThrow(LimitError);
  });
});

describe("Round.answer", () => {
  test("answers each direct commit by its own state", async () => {
    const round = new Round();
    const [committed, refused] = [unit(), unit()];
    const error = new Error("refused") as never;
    const calls = [round.flush(undefined, {}), round.commitWith(committed), round.commitWith(refused)];
    expect(round.direct).toEqual([committed, refused]);
    round.answer(
      result([
        [committed, { kind: "committed", changed: [1, 2] }],
        [refused, { kind: "refused", error }],
      ]),
    );
    expect(await Promise.allSettled(calls)).toEqual([
      { status: "fulfilled", value: { committed: 1 } },
      { status: "fulfilled", value: [1, 2] },
      { status: "rejected", reason: error },
    ]);
  });

  test("rejects a direct commit that was not reached with the failure of the round", async () => {
    const failure = new Error("down");
    for (const [reason, expected] of [
      [failure, failure],
      [undefined, new Error("commit: not reached")],
    ] as const) {
      const round = new Round();
      const calls = [round.flush(undefined, {}), round.commitWith(unit())];
      round.answer(result([], reason, reason));
      const [flushed, committed] = await Promise.allSettled(calls);
      expect(flushed?.status).toBe(reason === undefined ? "fulfilled" : "rejected");
      expect(committed).toEqual({ status: "rejected", reason: expected });
    }
  });
});

describe("Round.reject", () => {
  test("rejects every caller, or the direct commits alone", async () => {
    const round = new Round();
    const [flushed, committed] = [round.flush(undefined, {}), round.commitWith(unit())];
    const settled = Promise.allSettled([flushed, committed]);
    round.rejectDirect(new Error("first"));
    expect(round.direct).toEqual([]);
    round.reject(new Error("second"));
    const [one, two] = await settled;
    expect(one).toMatchObject({ reason: { message: "second" } });
    expect(two).toMatchObject({ reason: { message: "first" } });
    const next = new Round();
    const all = Promise.allSettled([next.flush(undefined, {}), next.commitWith(unit())]);
    next.reject(new Error("both"));
    expect((await all).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});

describe("RoundQueue", () => {
  /** A queue whose rounds end when the test says so. */
  function heldQueue() {
    const rounds: { round: Round; end: () => void }[] = [];
    const queue = new RoundQueue(
      (round) =>
        new Promise((end) => {
          rounds.push({ round, end: () => end() });
        }),
    );
    return { queue, rounds };
  }

  async function turn(): Promise<void> {
    for (let count = 0; count < 5; count += 1) await Promise.resolve();
  }

  test("shares a round between the callers of a turn, and runs one at a time", async () => {
    const { queue, rounds } = heldQueue();
    expect([queue.busy, queue.waiting]).toEqual([false, false]);
    const first = queue.join();
    expect(queue.join()).toBe(first);
    expect([queue.busy, queue.waiting]).toEqual([true, true]);
    await turn();
    expect([rounds.length, queue.busy, queue.waiting]).toEqual([1, true, false]);
    const second = queue.join();
    expect(second).not.toBe(first);
    expect(queue.join()).toBe(second);
    await turn();
    expect([rounds.length, queue.waiting]).toEqual([1, true]);
    rounds[0]?.end();
    await turn();
    expect(rounds.map(({ round }) => round)).toEqual([first, second]);
    rounds[1]?.end();
    await turn();
    expect([queue.busy, queue.waiting]).toEqual([false, false]);
    queue.join();
    await turn();
    expect(rounds).toHaveLength(3);
  });

  test("rejects direct commits of the waiting round only", async () => {
    const { queue } = heldQueue();
    queue.rejectDirect(new Error("none waits"));
    const running = queue.join().commitWith(unit());
    await turn();
    const waiting = queue.join().commitWith(unit());
    const rejected = expect(waiting).rejects.toThrow("stale");
    queue.rejectDirect(new Error("stale"));
    await rejected;
    expect(await Promise.race([running, Promise.resolve("runs")])).toBe("runs");
  });
});
