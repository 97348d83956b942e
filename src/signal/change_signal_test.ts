import { describe, expect, test } from "vitest";
import { FakeClock } from "../testing/mod.ts";
import { ChangeSignal } from "./change_signal.ts";

/** The notifications of `count` repeated changes, `everyMs` apart. */
function told(signal: { repeated(): void }, clock: FakeClock, count: number, everyMs: number): void {
  for (let n = 0; n < count; n += 1) {
    clock.advance(everyMs);
    signal.repeated();
  }
}

describe("ChangeSignal", () => {
  test("notifies at once of dirty or more urgent entries", () => {
    const urgencies: string[] = [];
    const signal = new ChangeSignal(new FakeClock(), (urgency) => urgencies.push(urgency));
    signal.turned("may");
    signal.turned("must");
    signal.turned("must");
    expect(urgencies).toEqual(["may", "must", "must"]);
  });

  test("notifies of rare changes one by one", () => {
    const clock = new FakeClock();
    let count = 0;
    const signal = new ChangeSignal(clock, () => {
      count += 1;
    });
    told(signal, clock, 100, 1_001);
    expect(count).toBe(100);
  });

  test("notifies less often of faster changes, until they become rare", () => {
    const clock = new FakeClock();
    let count = 0;
    const signal = new ChangeSignal(clock, () => {
      count += 1;
    });
    told(signal, clock, 64_000, 0);
    expect(count).toBeLessThan(1_020);
    expect(count).toBeGreaterThan(990);
    count = 0;
    // The started batch, and then every one.
    told(signal, clock, 64, 2_000);
    expect(count).toBeGreaterThanOrEqual(1);
    const after = count;
    told(signal, clock, 10, 2_000);
    expect(count).toBe(after + 10);
  });

  test("notifies many times a second at full speed", () => {
    const clock = new FakeClock();
    const times: number[] = [];
    const signal = new ChangeSignal(clock, () => times.push(clock.nowMs()));
    told(signal, clock, 10_000, 1);
    const gaps = times.slice(1).map((at, n) => at - (times[n] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(128);
  });
});
