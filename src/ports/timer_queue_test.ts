import { describe, expect, test } from "vitest";
import { FakeClock, SeededRandom } from "../testing/mod.ts";
import { type QueuedTimer, TimerQueue } from "./timer_queue.ts";

/** A queue over one fake timer, and the times at which its timers fired. */
function queueWorld() {
  const clock = new FakeClock();
  const host: {
    armed: { run: () => void; atMs: number; isAwaited: boolean } | undefined;
    started: number;
  } = {
    armed: undefined,
    started: 0,
  };
  const queue = new TimerQueue(clock, (run, delayMs, isAwaited) => {
    const armed = { run, isAwaited, atMs: clock.nowMs() + Math.max(0, delayMs) };
    host.armed = armed;
    host.started += 1;
    return () => {
      if (host.armed === armed) host.armed = undefined;
    };
  });
  const fired: [name: string, atMs: number][] = [];
  const startMs = clock.nowMs();
  return {
    queue,
    host,
    fired,
    startMs,
    clock,
    timer: (name: string): QueuedTimer => ({
      dueAtMs: 0,
      place: -1,
      fire: () => fired.push([name, clock.nowMs() - startMs]),
    }),
    advanceTo: (ms: number) => {
      while (host.armed !== undefined && host.armed.atMs <= startMs + ms) {
        const { run, atMs } = host.armed;
        host.armed = undefined;
        clock.advance(Math.max(0, atMs - clock.nowMs()));
        run();
      }
      clock.advance(startMs + ms - clock.nowMs());
    },
  };
}

describe("TimerQueue", () => {
  test("keeps the process alive for what is due within a minute, behind a timer that was far away", () => {
    const here = queueWorld();
    const { queue, host, startMs } = here;
    queue.set(here.timer("far"), startMs + 70_000);
    expect(host.armed?.isAwaited).toBe(false);
    here.advanceTo(66_000);
    queue.set(here.timer("later"), startMs + 140_000);
    expect(host).toMatchObject({ started: 1, armed: { isAwaited: false } });
    queue.set(here.timer("save"), startMs + 71_000);
    expect(host).toMatchObject({ started: 2, armed: { isAwaited: true } });
  });

  test("fires timers in the order of their due times, over one timer of the host", () => {
    const here = queueWorld();
    const { queue, fired, startMs } = here;
    for (const ms of [50, 10, 30, 20, 40]) queue.set(here.timer(`${ms}`), startMs + ms);
    expect(here.host.started).toBe(2);
    here.advanceTo(35);
    expect(fired).toEqual([
      ["10", 10],
      ["20", 20],
      ["30", 30],
    ]);
    here.advanceTo(100);
    expect(fired.length).toBe(5);
    expect(queue.size).toBe(0);
    expect(here.host.armed).toBeUndefined();
  });

  test("moves and removes timers, and stops the host's timer with the last one", () => {
    const here = queueWorld();
    const { queue, fired, startMs } = here;
    const [a, b] = [here.timer("a"), here.timer("b")];
    queue.set(a, startMs + 10);
    queue.set(b, startMs + 20);
    queue.set(a, startMs + 30);
    queue.delete(b);
    queue.delete(b);
    here.advanceTo(25);
    expect(fired).toEqual([]);
    here.advanceTo(40);
    expect(fired).toEqual([["a", 30]]);
    queue.set(b, startMs + 99);
    queue.delete(b);
    expect(here.host.armed).toBeUndefined();
  });

  test("waits for the rest when the host's timer fires early, and replaces one that is lost", () => {
    const here = queueWorld();
    const { queue, fired, startMs, host } = here;
    queue.set(here.timer("a"), startMs + 10);
    const early = host.armed;
    host.armed = undefined;
    early?.run();
    expect(fired).toEqual([]);
    here.advanceTo(10);
    expect(fired).toEqual([["a", 10]]);
    queue.set(here.timer("b"), startMs + 20);
    host.armed = undefined;
    here.advanceTo(5_000);
    queue.set(here.timer("c"), startMs + 6_000);
    here.advanceTo(5_001);
    expect(fired.map(([name]) => name)).toEqual(["a", "b"]);
  });

  test("keeps the order through random changes", () => {
    const random = new SeededRandom(7);
    const here = queueWorld();
    const { queue, startMs } = here;
    const timers = Array.from({ length: 40 }, (_, index) => here.timer(String(index)));
    const due = new Map<QueuedTimer, number>();
    for (let step = 0; step < 4_000; step += 1) {
      const timer = random.pick(timers);
      if (random.oneIn(3)) {
        queue.delete(timer);
        due.delete(timer);
      } else {
        const atMs = startMs + 1 + random.below(1_000);
        queue.set(timer, atMs);
        due.set(timer, atMs);
      }
      expect(queue.size).toBe(due.size);
      const first = due.size === 0 ? undefined : Math.min(...due.values());
      expect(here.host.armed?.atMs).toBe(first);
    }
    const expected = [...due.values()].map((atMs) => atMs - startMs).sort((a, b) => a - b);
    here.advanceTo(2_000);
    expect(here.fired.map(([, atMs]) => atMs)).toEqual(expected);
  });
});
