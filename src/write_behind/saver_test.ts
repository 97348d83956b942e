import { describe, expect, test } from "vitest";
import { engineHarness, FakeCommitter, FakeFlushable } from "../../test/support/account/engine.ts";
import { BackendError } from "../errors/mod.ts";
import { Notifier } from "../ports/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import type { WriteBehindPolicy } from "./options.ts";
import { WriteBehind } from "./write_behind.ts";

describe("Saver", () => {
  test("writes must changes within the interval in one commit", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    flushable.put("a", 1);
    await host.scheduler.advance(3_000);
    flushable.put("b", 1);
    flushable.put("c", 1, "may");
    await host.scheduler.advance(1_999);
    expect(committer.tried).toEqual([]);
    await host.scheduler.advance(1);
    expect(committer.tried).toEqual([["a", "b", "c"]]);
    await host.scheduler.advance(600_000);
    expect(committer.tried.length).toBe(1);
  });

  test("schedules and writes nothing while nothing is dirty", async () => {
    const { engine, committer, host } = engineHarness();
    engine.run();
    await host.scheduler.advance(600_000);
    expect(committer.tried).toEqual([]);
    expect(host.scheduler.scheduled).toEqual([]);
  });

  test("writes items at once that were dirty before it started", async () => {
    for (const urgency of ["must", "may"] as const) {
      const { engine, flushable, committer, host } = engineHarness();
      flushable.put("a", 1, urgency);
      await host.scheduler.advance(600_000);
      expect(committer.tried).toEqual([]);
      engine.run();
      await host.scheduler.runDue();
      expect(committer.tried).toEqual([["a"]]);
    }
  });

  test("writes may changes after a pause", async () => {
    const { engine, flushable, committer, host } = engineHarness({ idleMs: 8_000 });
    engine.run();
    for (let change = 0; change < 4; change += 1) {
      flushable.put("a", change, "may");
      await host.scheduler.advance(7_000);
    }
    expect(committer.tried).toEqual([]);
    await host.scheduler.advance(1_000);
    expect(committer.tried).toEqual([["a"]]);
  });

  test("writes may changes without a pause once per maximum age", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run();
    for (let second = 0; second < 600; second += 1) {
      flushable.put("a", second % 250, "may");
      await host.scheduler.advance(1_000);
    }
    expect(committer.tried.length).toBe(10);
  });

  test("starts a new interval for changes during or after a partial flush", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    flushable.put("a", 1);
    committer.hold();
    const advancing = host.scheduler.advance(5_000);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect(engine.health().state).toBe("saving");
    flushable.put("a", 2);
    committer.release();
    await advancing;
    await host.scheduler.advance(5_000);
    expect(committer.rows.get("a")).toBe(2);
    flushable.put("a", 3);
    flushable.put("b", 3);
    await host.scheduler.advance(4_000);
    await engine.flushOnly((_source, key) => key === "a");
    await host.scheduler.advance(1_000);
    expect(committer.tried.slice(-2)).toEqual([["a"], ["b"]]);
  });

  test("retries with growing, capped, random pauses until a success", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    const pauses: number[] = [];
    let lastMs = host.clock.nowMs() + 5_000;
    engine.onEvent((event) => {
      if (event.kind !== "failed") return;
      expect(host.clock.nowMs()).toBe(lastMs);
      pauses.push(event.retryAtMs - host.clock.nowMs());
      lastMs = event.retryAtMs;
    });
    engine.run(5_000);
    flushable.put("a", 1);
    committer.down = new BackendError("commit: connection lost");
    await host.scheduler.advance(600_000);
    expect(engine.health().state).toBe("halted");
    expect(pauses.length).toBeGreaterThan(20);
    for (const [index, pause] of pauses.entries()) {
      const longest = Math.min(30_000, 1_000 * 2 ** index);
      expect(pause).toBeGreaterThanOrEqual(longest / 2);
      expect(pause).toBeLessThanOrEqual(longest);
    }
    expect(new Set(pauses.slice(10)).size).toBeGreaterThan(5);
    committer.down = undefined;
    await host.scheduler.advance(30_000);
    expect(engine.health().state).toBe("idle");
    expect(committer.rows.get("a")).toBe(1);
  });

  test("resumes by a probe when only refused items are dirty", async () => {
    const { engine, flushable, committer, host } = engineHarness({ haltAfter: 2 });
    engine.run();
    flushable.put("a", 1);
    committer.down = new BackendError("commit: connection lost");
    await host.scheduler.advance(20_000);
    expect(engine.health().state).toBe("halted");
    committer.poison.add("a");
    committer.down = undefined;
    await host.scheduler.advance(30_000);
    expect(engine.health().state).toBe("idle");
    expect(flushable.dirtyKeys).toEqual(["a"]);
    expect(committer.tried.at(-1)).toEqual([]);
  });

  test("flushes refused items only for their own retry", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run();
    committer.poison.add("bad");
    flushable.put("bad", 1);
    await host.scheduler.advance(5_000);
    expect(committer.tried).toEqual([["bad"]]);
    await host.scheduler.advance(3_600_000);
    // Pauses of 1, 2, 4, 8, 16 and 32 minutes end within the hour.
    expect(committer.tried.length).toBe(6);
    committer.poison.clear();
    flushable.put("bad", 2);
    await host.scheduler.advance(5_000);
    expect(committer.rows.get("bad")).toBe(2);
  });

  test("ignores a task that runs too early", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    flushable.put("a", 1);
    host.scheduler.schedule("write-behind.save", host.clock.nowMs());
    await host.scheduler.runDue();
    expect(committer.tried).toEqual([]);
    await host.scheduler.advance(5_000);
    expect(committer.tried).toEqual([["a"]]);
  });

  test("flushes on stop and can run again", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    const handle = engine.run();
    expect(() => engine.run()).toThrow(TypeError);
    flushable.put("a", 1, "may");
    const stopping = handle.stop();
    expect(handle.stop()).toBe(stopping);
    await stopping;
    expect(committer.rows.get("a")).toBe(1);
    flushable.put("b", 1);
    await host.scheduler.advance(600_000);
    expect(committer.rows.has("b")).toBe(false);
    {
      await using _again = engine.run();
    }
    expect(committer.rows.get("b")).toBe(1);
  });

  test("rejects a stop that cannot save, and the engine keeps working", async () => {
    const { engine, flushable, committer } = engineHarness();
    const handle = engine.run();
    flushable.put("a", 1);
    committer.failures.push(new BackendError("commit: connection lost"));
    await expect(handle.stop()).rejects.toThrow("stop saver: 1 items could not be saved");
    expect(engine.health().consecutiveFailures).toBe(0);
    expect((await engine.flush()).committed).toBe(1);
  });

  test("checks a change of unknown urgency when due", async () => {
    const { engine, flushable, committer, host } = engineHarness({ idleMs: 8_000 });
    engine.run(5_000);
    flushable.put("a", 1, "may");
    engine.notify();
    await host.scheduler.advance(7_999);
    expect(committer.tried).toEqual([]);
    await host.scheduler.advance(1);
    expect(committer.tried).toEqual([["a"]]);
  });

  test("saves a flushable that is added dirty", async () => {
    for (const urgency of ["must", "may"] as const) {
      const { engine, committer, host } = engineHarness();
      engine.run(5_000);
      const late = new FakeFlushable("late", host.clock);
      late.put("a", 1, urgency);
      engine.addFlushable(late);
      await host.scheduler.advance(urgency === "must" ? 5_000 : 8_000);
      expect(committer.tried).toEqual([["a"]]);
    }
  });

  test("retries after the clock stepped back", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run();
    committer.failures.push(new BackendError("commit: connection lost"));
    flushable.put("a", 1);
    await host.scheduler.advance(5_000);
    expect(committer.rows.size).toBe(0);
    host.clock.set(host.clock.nowMs() - 3_600_000);
    flushable.put("a", 2);
    await host.scheduler.advance(5_000);
    expect([...committer.rows]).toEqual([["a", 2]]);
    await engine.close();
  });

  test("saves within the interval after the clock stepped back", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    flushable.put("a", 1);
    host.clock.set(host.clock.nowMs() - 3_600_000);
    flushable.put("b", 1);
    await host.scheduler.advance(5_000);
    expect(committer.tried).toEqual([["a", "b"]]);
  });

  test("releases reserves in a pause and writes the result at once", async () => {
    const { engine, flushable, committer, host } = engineHarness({ idleMs: 8_000, maxAgeMs: 60_000 });
    let rests = 0;
    Object.assign(flushable, {
      release: () => {
        rests += 1;
        flushable.put("exact", rests, "may");
      },
    });
    engine.run(5_000);
    flushable.put("a", 1);
    await host.scheduler.advance(5_000);
    expect([committer.tried, rests]).toEqual([[["a"]], 0]);
    // Nothing is dirty, but `notify` requested a pause.
    engine.notify("may");
    await host.scheduler.advance(7_999);
    expect(rests).toBe(0);
    await host.scheduler.advance(1);
    expect([committer.tried, rests]).toEqual([[["a"], ["exact"]], 1]);
    await host.scheduler.advance(600_000);
    expect(rests).toBe(1);
  });

  test("releases reserves in a pause after a flush on request", async () => {
    const { engine, flushable, host } = engineHarness({ idleMs: 8_000 });
    let rests = 0;
    Object.assign(flushable, {
      release: () => {
        rests += 1;
      },
    });
    engine.run(5_000);
    // A reserve of a clean item, then a change of another one that is flushed at once.
    engine.notify("may");
    await host.scheduler.advance(1_000);
    flushable.put("a", 1);
    await engine.flush();
    await host.scheduler.advance(7_999);
    expect(rests).toBe(0);
    await host.scheduler.advance(1);
    expect(rests).toBe(1);
    await host.scheduler.advance(600_000);
    expect([rests, host.scheduler.scheduled]).toEqual([1, []]);
  });

  test("renews reserves before a flush at the maximum age, and before no other", async () => {
    const { engine, flushable, committer, host } = engineHarness({ idleMs: 8_000, maxAgeMs: 60_000 });
    let renewed = 0;
    Object.assign(flushable, {
      renew: () => {
        renewed += 1;
        throw new Error("bug");
      },
    });
    engine.run(5_000);
    flushable.put("a", 1, "may");
    await host.scheduler.advance(8_000);
    expect([committer.tried.length, renewed]).toEqual([1, 0]);
    flushable.put("a", 2);
    await host.scheduler.advance(5_000);
    await engine.flush();
    flushable.put("a", 3);
    await engine.flush();
    expect([committer.tried.length, renewed]).toEqual([3, 0]);
    for (let second = 0; second <= 61; second += 1) {
      flushable.put("a", 10 + second, "may");
      await host.scheduler.advance(1_000);
    }
    expect([committer.tried.length, renewed]).toEqual([4, 1]);
    expect(host.logger.messages("error").length).toBe(1);
    await engine.close();
    expect(renewed).toBe(1);
  });

  test("releases nothing in a pause while saving fails", async () => {
    const { engine, flushable, committer, host } = engineHarness({ idleMs: 8_000 });
    let releases = 0;
    Object.assign(flushable, {
      release: () => {
        releases += 1;
      },
    });
    engine.run(5_000);
    flushable.put("a", 1);
    committer.down = new BackendError("commit: connection lost");
    await host.scheduler.advance(600_000);
    expect(releases).toBe(0);
    committer.down = undefined;
    await host.scheduler.advance(30_000);
    expect(committer.rows.get("a")).toBe(1);
    flushable.put("a", 2, "may");
    await host.scheduler.advance(8_000);
    expect(releases).toBe(1);
  });

  test("releases reserves before the last flush and logs errors", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.addFlushable({
      name: "broken",
      pending: () => ({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined }),
      collect: () => [],
      applyOutcome: () => {},
      release: () => {
        throw new Error("broken");
      },
    });
    Object.assign(flushable, { release: () => flushable.put("exact", 1, "may") });
    await engine.close();
    expect(committer.tried).toEqual([["exact"]]);
    expect(host.logger.entries.map(({ message }) => message)).toContain(
      "write-behind: a flushable threw while releasing its reserve",
    );
  });
});
describe("Saver and now changes", () => {
  test("writes them within 50 ms without less urgent changes", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    flushable.put("pairing", 1, "now");
    flushable.put("session", 1, "must");
    flushable.put("advance", 1, "may");
    await host.scheduler.advance(50);
    expect(committer.tried).toEqual([["pairing"]]);
    await host.scheduler.advance(4_950);
    expect(committer.tried).toEqual([["pairing"], ["session", "advance"]]);
  });

  test("commits changes of several turns together", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    for (let turn = 0; turn < 10; turn += 1) {
      flushable.put(`${turn}`, 1, "now");
      await host.scheduler.advance(3);
    }
    await host.scheduler.advance(20);
    expect(committer.tried.map((keys) => keys.length)).toEqual([10]);
  });

  test("keeps one flush in flight and one waiting", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    flushable.put("first", 1, "now");
    committer.hold();
    const advancing = host.scheduler.advance(50);
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(engine.health().state).toBe("saving");
    for (let change = 0; change < 2_048; change += 1) flushable.put(`${change}`, 1, "now");
    flushable.put("first", 2, "now");
    committer.release();
    await advancing;
    await host.scheduler.advance(50);
    expect(committer.tried.map((keys) => keys.length)).toEqual([1, 2_049]);
    expect([committer.rows.get("first"), committer.maxRunning]).toEqual([2, 1]);
  });

  test("writes them with the retry while saving fails", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    committer.down = new BackendError("commit: connection lost");
    flushable.put("a", 1, "now");
    await host.scheduler.advance(50);
    const { retryAtMs } = engine.health();
    flushable.put("b", 1, "now");
    await host.scheduler.advance(50);
    expect(committer.tried).toEqual([["a"]]);
    committer.down = undefined;
    await host.scheduler.advance((retryAtMs ?? 0) - host.clock.nowMs());
    expect(committer.tried).toEqual([["a"], ["a", "b"]]);
  });

  test("leaves no timer after the write", async () => {
    const { engine, flushable, host } = engineHarness();
    engine.run(5_000);
    flushable.put("a", 1, "now");
    await host.scheduler.advance(50);
    await host.scheduler.advance(5_000);
    expect(host.scheduler.scheduled).toEqual([]);
  });

  test("writes changes at once that were made before it started", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    flushable.put("a", 1, "now");
    engine.run();
    await host.scheduler.runDue();
    expect(committer.tried).toEqual([["a"]]);
  });
});

describe("Saver and the notifier", () => {
  test("uses the host's notifier, once for the changes of a turn", async () => {
    const host = fakeHost();
    const notifications: number[] = [];
    class Counted extends Notifier {
      override notify(count: number): number {
        const woken = super.notify(count);
        notifications.push(woken);
        return woken;
      }
    }
    const committer = new FakeCommitter();
    const engine = new WriteBehind({ committer, host: { ...host, createNotifier: () => new Counted() } });
    const flushable = new FakeFlushable("fake", host.clock);
    flushable.engine = engine;
    engine.addFlushable(flushable);
    engine.run();
    for (let change = 0; change < 100; change += 1) flushable.put(`${change}`, 1, "now");
    await host.scheduler.advance(50);
    // The other notifier, for writers that wait for room, wakes no listener.
    expect(notifications.filter((woken) => woken > 0)).toEqual([1]);
    expect(committer.tried.map((keys) => keys.length)).toEqual([100]);
  });

  test("keeps a change made while the saver wakes", async () => {
    const { engine, flushable, committer, host } = engineHarness();
    engine.run(5_000);
    flushable.put("a", 1, "may");
    for (let turn = 0; turn < 12; turn += 1) {
      for (let hop = 0; hop < turn; hop += 1) await Promise.resolve();
      flushable.put(`${turn}`, 1, "now");
      await host.scheduler.advance(50);
      expect(committer.rows.get(`${turn}`)).toBe(1);
    }
  });
});

/** What the saver decides with `slowTurnMs`: by turns of the event loop. */
describe("Saver by turns", () => {
  const SAVE = "write-behind.save";
  const ALARM = "write-behind.save.alarm";

  /** An engine that has begun a turn, and what it releases and renews. */
  function byTurns(policy: Partial<WriteBehindPolicy> = {}) {
    const harness = engineHarness({ slowTurnMs: 3_000, ...policy });
    const counts = { released: 0, renewed: 0 };
    Object.assign(harness.flushable, {
      release: () => {
        counts.released += 1;
      },
      renew: () => {
        counts.renewed += 1;
      },
    });
    harness.engine.run(5_000);
    const { scheduler, clock } = harness.host;
    const dueInMs = (name: string): number | undefined => {
      const dueAtMs = scheduler.dueAtMs(name);
      return dueAtMs === undefined ? undefined : dueAtMs - clock.nowMs();
    };
    return { ...harness, counts, dueInMs };
  }

  test("flushes and rests at the end of a slow turn, and schedules nothing", async () => {
    for (const urgency of ["now", "must", "may"] as const) {
      const { flushable, committer, host, counts } = byTurns();
      for (let turn = 1; turn <= 3; turn += 1) {
        flushable.put("a", turn, urgency);
        flushable.put("b", turn, "may");
        await host.scheduler.advance(0);
        expect([committer.tried.length, counts.released]).toEqual([turn, turn]);
        expect(host.scheduler.scheduled).toEqual([]);
        await host.scheduler.advance(3_000);
      }
      expect(counts.renewed).toBe(0);
    }
  });

  test("plans a pause and an alarm for what another turn leaves dirty", async () => {
    for (const [urgency, timerMs, alarmMs] of [
      ["must", 5_000, 5_000],
      ["may", 8_000, 60_000],
    ] as const) {
      const { flushable, committer, host, counts, dueInMs } = byTurns();
      flushable.put("a", 0, "may");
      await host.scheduler.advance(1_000);
      flushable.put("a", 1, urgency);
      await host.scheduler.advance(0);
      expect([committer.tried.length, counts.released]).toEqual([1, 1]);
      expect([dueInMs(SAVE), dueInMs(ALARM)]).toEqual([timerMs, alarmMs]);
      await host.scheduler.advance(8_000);
      expect([committer.tried.length, dueInMs(SAVE)]).toEqual([2, undefined]);
      await host.scheduler.advance(60_000);
      expect([committer.tried.length, host.scheduler.scheduled]).toEqual([2, []]);
    }
  });

  test("plans nothing for what a turn has committed itself", async () => {
    const { engine, flushable, committer, host } = byTurns();
    for (let turn = 0; turn < 10; turn += 1) {
      flushable.put("a", turn);
      void engine.flushOnly(() => true);
      await host.scheduler.advance(0);
      expect([committer.tried.length, host.scheduler.scheduled]).toEqual([turn + 1, []]);
      await host.scheduler.advance(1_000);
    }
  });

  test("waits for the commits of a turn before it decides", async () => {
    const { engine, flushable, committer, host } = byTurns();
    flushable.put("a", 0);
    await host.scheduler.advance(1_000);
    flushable.put("a", 1);
    committer.hold();
    const publishing = engine.flushOnly(() => true);
    const deciding = host.scheduler.advance(0);
    for (let hops = 0; hops < 20; hops += 1) await Promise.resolve();
    expect(host.scheduler.scheduled).toEqual([]);
    committer.release();
    await Promise.all([publishing, deciding]);
    expect([committer.tried.length, host.scheduler.scheduled]).toEqual([2, []]);
  });

  test("does not move the alarm, which flushes, renews, and is planned again while changes go on", async () => {
    const { flushable, committer, host, counts } = byTurns();
    const alarms: number[] = [];
    const { schedule } = host.scheduler;
    host.scheduler.schedule = (name, dueAtMs) => {
      if (name === ALARM) alarms.push(dueAtMs);
      schedule.call(host.scheduler, name, dueAtMs);
    };
    const startMs = host.clock.nowMs();
    for (let second = 0; second < 200; second += 1) {
      flushable.put("a", second, "may");
      await host.scheduler.advance(1_000);
    }
    // The first turn is slow, so the second one is the first that plans it.
    expect(alarms.map((atMs) => atMs - startMs)).toEqual([61_000, 121_000, 181_000, 241_000]);
    expect([committer.tried.length, counts.renewed, counts.released]).toEqual([4, 3, 1]);
    await host.scheduler.advance(100_000);
    expect([alarms.length, counts.released, host.scheduler.scheduled]).toEqual([4, 3, []]);
  });

  test("moves the alarm to an earlier time for a more urgent change", async () => {
    const { flushable, host, dueInMs } = byTurns();
    for (const [urgency, alarmMs] of [
      ["may", undefined],
      ["may", 60_000],
      ["must", 5_000],
      ["must", 4_000],
    ] as const) {
      flushable.put(urgency, 1, urgency);
      await host.scheduler.advance(0);
      expect(dueInMs(ALARM)).toBe(alarmMs);
      await host.scheduler.advance(1_000);
    }
  });

  test("flushes by the alarm alone while timers do not run", async () => {
    const { flushable, committer, host, dueInMs } = byTurns();
    const { schedule } = host.scheduler;
    let hasTimers = true;
    host.scheduler.schedule = (name, dueAtMs) => {
      // The end of a turn is no timer that waits.
      if (hasTimers || name === ALARM || dueAtMs <= host.clock.nowMs())
        schedule.call(host.scheduler, name, dueAtMs);
    };
    flushable.put("a", 0, "may");
    await host.scheduler.advance(1_000);
    hasTimers = false;
    for (const urgency of ["may", "must"] as const) {
      const { length } = committer.tried;
      flushable.put("a", 1, urgency);
      await host.scheduler.advance(urgency === "may" ? 59_999 : 4_999);
      expect(committer.tried.length).toBe(length);
      await host.scheduler.advance(1);
      expect(committer.tried.length).toBe(length + 1);
      flushable.put("a", 2, "may");
      await host.scheduler.advance(1_000);
    }
    await host.scheduler.advance(60_000);
    expect([flushable.dirtyKeys, dueInMs(ALARM)]).toEqual([[], undefined]);
  });

  test("goes on trying by alarm and by timer while saving fails", async () => {
    const { flushable, committer, host, counts, dueInMs } = byTurns();
    committer.down = new BackendError("commit: connection lost");
    flushable.put("a", 1);
    await host.scheduler.advance(0);
    expect(dueInMs(ALARM)).toBe(60_000);
    await host.scheduler.advance(300_000);
    expect(committer.tried.length).toBeLessThan(40);
    expect(counts.released).toBe(1);
    committer.down = undefined;
    await host.scheduler.advance(60_000);
    expect([flushable.dirtyKeys, host.scheduler.scheduled]).toEqual([[], []]);
  });

  test("ends with the saver", async () => {
    const { engine, flushable, host } = byTurns();
    for (let turn = 0; turn < 2; turn += 1) {
      flushable.put("a", turn, "may");
      await host.scheduler.advance(0);
    }
    expect(host.scheduler.scheduled.toSorted()).toEqual([SAVE, ALARM]);
    await engine.close();
    expect(host.scheduler.scheduled).toEqual([]);
  });
});
