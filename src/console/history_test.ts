import { describe, expect, test } from "vitest";
import { Histories, MAX_KEPT } from "./history.ts";

const point = (atMs: number) => ({ atMs, tookMs: 1, items: 1, rows: 1 });

describe("Histories", () => {
  test("keep the newest points and happenings of an account", () => {
    const histories = new Histories();
    for (let atMs = 1; atMs <= MAX_KEPT + 20; atMs += 1) {
      histories.addFlush("a", point(atMs));
      histories.addHappening("a", { atMs, kind: "opened", text: `${atMs}` });
    }
    const { flushes, timeline } = histories.of("a");
    expect([flushes.length, flushes[0]?.atMs, flushes.at(-1)?.atMs]).toEqual([MAX_KEPT, 21, MAX_KEPT + 20]);
    expect([timeline.length, timeline[0]?.text]).toEqual([MAX_KEPT, "21"]);
    const { bytes } = histories;
    histories.addFlush("a", point(1_000));
    expect(histories.bytes).toBe(bytes);
    histories.delete("a");
    expect(histories.bytes).toBe(0);
    expect(histories.of("a")).toEqual({ flushes: [], timeline: [] });
  });

  test("drop the account that was quiet the longest when all are too large", () => {
    const histories = new Histories(640);
    for (const name of ["a", "b", "c"])
      for (let atMs = 0; atMs < 5; atMs += 1) histories.addFlush(name, point(atMs));
    expect(histories.bytes).toBeLessThanOrEqual(640);
    expect(["a", "b", "c"].map((name) => histories.of(name).flushes.length)).toEqual([0, 5, 5]);
    // One account alone is bounded by its own number.
    for (let atMs = 0; atMs < 50; atMs += 1) histories.addFlush("c", point(atMs));
    expect(histories.of("c").flushes).toHaveLength(55);
    expect(histories.of("b").flushes).toHaveLength(0);
  });

  test("drop what is an hour old, and cut long texts", () => {
    const histories = new Histories();
    histories.addFlush("a", point(0));
    histories.addHappening("b", { atMs: 3_600_001, kind: "action", text: "x".repeat(5_000) });
    expect(histories.of("a").flushes).toHaveLength(0);
    expect(histories.of("b").timeline[0]?.text).toHaveLength(300);
  });
});
