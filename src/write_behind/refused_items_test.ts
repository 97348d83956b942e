import { describe, expect, test } from "vitest";
import { RefusedError } from "../errors/mod.ts";
import type { Flushable, Urgency } from "./flushable.ts";
import { type CollectedItem, RefusedItems } from "./refused_items.ts";

const PAUSE_MS = 1_000;
const HOUR_MS = 3_600_000;

function collected(key: string, generation = 1, urgency: Urgency = "must", name = "f"): CollectedItem {
  return { flushable: { name } as Flushable, item: { key, generation, urgency, writes: [] } };
}

function refusal(): RefusedError {
  return new RefusedError("commit: constraint");
}

describe("RefusedItems.standing", () => {
  test("is fresh, resting, due or changed", () => {
    const items = new RefusedItems(PAUSE_MS);
    expect(items.standing(collected("a"), 0)).toBe("fresh");
    items.refused(collected("a"), refusal(), 0);
    expect(items.standing(collected("a"), PAUSE_MS - 1)).toBe("resting");
    expect(items.standing(collected("a"), PAUSE_MS)).toBe("due");
    expect(items.standing(collected("a", 2), 0)).toBe("changed");
    expect(items.standing(collected("b"), PAUSE_MS)).toBe("fresh");
    expect(items.standing(collected("a", 1, "must", "other"), PAUSE_MS)).toBe("fresh");
  });
});

describe("RefusedItems.refused", () => {
  test("doubles the pause up to an hour, and starts again with a change", () => {
    const items = new RefusedItems(PAUSE_MS);
    const pauses: unknown[] = [];
    for (let tries = 0; tries < 14; tries += 1) {
      const isFirst = items.refused(collected("a"), refusal(), 500);
      expect(isFirst).toBe(tries === 0);
      pauses.push((items.nextRetryAtMs() ?? 0) - 500);
    }
    expect(pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(pauses.slice(11)).toEqual([2_048_000, HOUR_MS, HOUR_MS]);
    expect(items.refused(collected("a", 2), refusal(), 500)).toBe(true);
    expect(items.nextRetryAtMs()).toBe(500 + PAUSE_MS);
  });

  test("keeps the latest error of an item", () => {
    const items = new RefusedItems(PAUSE_MS);
    expect(items.errorOf(collected("a"))).toBeUndefined();
    const [first, second] = [refusal(), refusal()];
    items.refused(collected("a"), first, 0);
    items.refused(collected("a"), second, 0);
    expect(items.errorOf(collected("a"))).toBe(second);
    expect(items.errorOf(collected("b"))).toBeUndefined();
  });
});

describe("RefusedItems.accepted", () => {
  test("removes the item of this flushable alone", () => {
    const items = new RefusedItems(PAUSE_MS);
    items.accepted(collected("a"));
    items.refused(collected("a"), refusal(), 0);
    items.refused(collected("a", 1, "must", "other"), refusal(), 0);
    items.accepted(collected("a"));
    expect(items.list().map(({ flushable }) => flushable)).toEqual(["other"]);
  });
});

describe("RefusedItems.keepOnly", () => {
  test("removes what is not collected any more", () => {
    const items = new RefusedItems(PAUSE_MS);
    items.keepOnly([]);
    for (const key of ["a", "b", "c"]) items.refused(collected(key), refusal(), 0);
    items.keepOnly([collected("b", 9), collected("d")]);
    expect(items.list().map(({ key }) => key)).toEqual(["b"]);
    items.keepOnly([]);
    expect(items.list()).toEqual([]);
    expect(items.nextRetryAtMs()).toBeUndefined();
  });
});

describe("RefusedItems.count", () => {
  test("counts `now` items with those that must be saved", () => {
    const items = new RefusedItems(PAUSE_MS);
    expect([items.count("must"), items.count("may")]).toEqual([0, 0]);
    for (const [key, urgency] of [
      ["a", "must"],
      ["b", "now"],
      ["c", "may"],
    ] as const) {
      items.refused(collected(key, 1, urgency), refusal(), 0);
    }
    expect([items.count("must"), items.count("may")]).toEqual([2, 1]);
  });
});

describe("RefusedItems.nextRetryAtMs", () => {
  test("is the earliest of all", () => {
    const items = new RefusedItems(PAUSE_MS);
    expect(items.nextRetryAtMs()).toBeUndefined();
    items.refused(collected("a"), refusal(), 50);
    items.refused(collected("b"), refusal(), 20);
    items.refused(collected("c"), refusal(), 70);
    expect(items.nextRetryAtMs()).toBe(20 + PAUSE_MS);
  });
});

describe("RefusedItems.list", () => {
  test("has the refused state of each item", () => {
    const items = new RefusedItems(PAUSE_MS);
    const error = refusal();
    items.refused(collected("a", 3), error, 0);
    expect(items.list()).toEqual([{ flushable: "f", key: "a", generation: 3, reason: "refused", error }]);
  });
});
