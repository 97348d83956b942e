import { describe, expect, test } from "vitest";
import { FakeClock } from "../testing/mod.ts";
import { CacheEntry, CLEAN, type EntryOwner, MAY, MUST, NOW } from "./cache_entry.ts";
import { ChangeSignal } from "./change_signal.ts";
import { type AnyEntry, DirtySet, urgencyOf } from "./dirty_set.ts";

const PAUSE_MS = 8_000;

function dirtySet() {
  const clock = new FakeClock(1_000);
  const notified: string[] = [];
  const dirtied: string[] = [];
  const signal = new ChangeSignal(clock, (urgency) => notified.push(urgency));
  const owner = { becameDirty: ({ key }: AnyEntry) => dirtied.push(key) } as unknown as EntryOwner<unknown>;
  const entry = (key: string, bytes = 10): AnyEntry => {
    const made = new CacheEntry<unknown>(owner, key, key);
    made.bytes = bytes;
    return made;
  };
  return { clock, notified, dirtied, entry, dirty: new DirtySet(clock, signal, PAUSE_MS) };
}

describe("urgencyOf", () => {
  test("names the urgencies", () => {
    const { entry } = dirtySet();
    const made = entry("a");
    const named = ([MAY, MUST, NOW] as const).map((urgency) => {
      made.urgency = urgency;
      return urgencyOf(made);
    });
    expect(named).toEqual(["may", "must", "now"]);
  });
});

describe("DirtySet.change", () => {
  test("counts entries, bytes and the oldest change", () => {
    const { clock, dirty, dirtied, entry } = dirtySet();
    expect(dirty.pending()).toEqual({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined });
    dirty.change(entry("a"), MAY);
    clock.advance(5);
    dirty.change(entry("b", 30), MUST);
    expect(dirty.pending()).toEqual({ must: 1, may: 1, bytes: 40, oldestAtMs: 1_000 });
    expect(dirty.bytes).toBe(40);
    expect([...dirty.entries].map(({ key }) => key)).toEqual(["a", "b"]);
    expect(dirtied).toEqual(["a", "b"]);
  });

  test("numbers every change", () => {
    const { dirty, entry } = dirtySet();
    const [a, b] = [entry("a"), entry("b")];
    dirty.change(a, MAY);
    dirty.change(b, MAY);
    expect([a.generation, b.generation]).toEqual([1, 2]);
    dirty.change(a, MAY);
    expect(a.generation).toBe(3);
  });

  test("raises the urgency, and never lowers it", () => {
    const { dirty, dirtied, entry, notified } = dirtySet();
    const a = entry("a");
    for (const urgency of [MAY, MUST, MAY, NOW, MUST] as const) dirty.change(a, urgency);
    expect([a.urgency, a.freshUrgency]).toEqual([NOW, NOW]);
    expect(dirty.pending()).toEqual({ must: 1, may: 0, bytes: 10, oldestAtMs: 1_000 });
    expect(dirtied).toEqual(["a"]);
    expect(notified.filter((urgency) => urgency !== "may")).toEqual(["must", "now"]);
  });

  test("notifies of an urgent change that the engine may be missing while it writes the one before", () => {
    const { dirty, entry, notified } = dirtySet();
    const a = entry("a");
    dirty.change(a, NOW);
    dirty.change(a, NOW);
    expect(notified.filter((urgency) => urgency === "now")).toEqual(["now"]);
    dirty.collected(a);
    dirty.change(a, NOW);
    expect(notified.filter((urgency) => urgency === "now")).toEqual(["now", "now"]);
    // A less urgent one is part of the next flush anyway.
    dirty.collected(a);
    dirty.change(a, MUST);
    expect(notified.filter((urgency) => urgency !== "may")).toEqual(["now", "now"]);
  });

  test("sees a pause between repeated changes", () => {
    const { clock, dirty, entry } = dirtySet();
    const a = entry("a");
    dirty.change(a, MAY);
    const before = dirty.pauses.count();
    clock.advance(PAUSE_MS);
    dirty.change(a, MAY);
    clock.advance(PAUSE_MS - 1);
    expect(dirty.pauses.count()).toBe(before + 1);
  });
});

describe("DirtySet.committed", () => {
  test("removes an entry that has not changed since it was collected", () => {
    const { dirty, entry } = dirtySet();
    const a = entry("a");
    dirty.change(a, MUST);
    dirty.collected(a);
    expect(dirty.committed(a, a.generation)).toBe(true);
    expect(dirty.pending()).toEqual({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined });
    expect([a.urgency, a.freshUrgency, a.countedBytes]).toEqual([CLEAN, CLEAN, 0]);
  });

  test("keeps what changed later, with the urgency and the age of the later change", () => {
    const { clock, dirty, entry } = dirtySet();
    const a = entry("a");
    dirty.change(a, MUST);
    const { generation } = a;
    dirty.collected(a);
    clock.advance(7);
    a.bytes = 25;
    dirty.change(a, MAY);
    expect(dirty.pending()).toMatchObject({ must: 1, oldestAtMs: 1_000 });
    expect(dirty.committed(a, generation)).toBe(false);
    expect(a.urgency).toBe(MAY);
    expect(dirty.pending()).toEqual({ must: 0, may: 1, bytes: 25, oldestAtMs: 1_007 });
  });

  test("keeps an urgent later change urgent", () => {
    const { dirty, entry } = dirtySet();
    const a = entry("a");
    dirty.change(a, MAY);
    const { generation } = a;
    dirty.collected(a);
    dirty.change(a, MUST);
    dirty.committed(a, generation);
    expect(dirty.pending()).toMatchObject({ must: 1, may: 0 });
    const later = a.generation;
    dirty.collected(a);
    dirty.change(a, MUST);
    dirty.committed(a, later);
    expect(dirty.pending()).toMatchObject({ must: 1, may: 0 });
  });

  test("takes the oldest of the changes after the last collect as the age", () => {
    const { clock, dirty, entry } = dirtySet();
    const a = entry("a");
    dirty.change(a, MAY);
    const { generation } = a;
    dirty.collected(a);
    clock.advance(7);
    dirty.change(a, MAY);
    clock.advance(7);
    dirty.change(a, MUST);
    dirty.committed(a, generation);
    expect(dirty.pending()).toEqual({ must: 1, may: 0, bytes: 10, oldestAtMs: 1_007 });
  });
});

describe("DirtySet.pending", () => {
  test("finds the next oldest change after a removal, in any order", () => {
    const { clock, dirty, entry } = dirtySet();
    const [a, b, c] = [entry("a"), entry("b"), entry("c")];
    for (const one of [a, b, c]) {
      dirty.change(one, MAY);
      clock.advance(1);
    }
    dirty.collected(b);
    const { generation } = b;
    dirty.change(b, MAY);
    dirty.committed(b, generation);
    expect(dirty.pending()).toMatchObject({ must: 0, may: 3, oldestAtMs: 1_000 });
    dirty.remove(a);
    // That of b is later than that of c, although b is before c in the set.
    expect(dirty.pending().oldestAtMs).toBe(1_002);
    dirty.remove(c);
    expect(dirty.pending().oldestAtMs).toBe(1_003);
    dirty.remove(b);
    expect(dirty.pending().oldestAtMs).toBeUndefined();
    clock.advance(10);
    dirty.change(a, MAY);
    expect(dirty.pending().oldestAtMs).toBe(1_013);
  });
});

describe("DirtySet.remove", () => {
  test("subtracts an entry once", () => {
    const { dirty, entry } = dirtySet();
    const [a, b] = [entry("a"), entry("b", 30)];
    dirty.change(a, MUST);
    dirty.change(b, MUST);
    dirty.remove(a);
    dirty.remove(a);
    expect(dirty.pending()).toMatchObject({ must: 1, may: 0, bytes: 30 });
    const other = entry("c");
    other.urgency = MUST;
    dirty.remove(other);
    expect(other.urgency).toBe(MUST);
    expect(dirty.pending()).toMatchObject({ must: 1, may: 0, bytes: 30 });
  });

  test("subtracts no `may` entry from those that must be saved", () => {
    const { dirty, entry } = dirtySet();
    const a = entry("a");
    dirty.change(a, MAY);
    dirty.change(entry("b"), MUST);
    dirty.remove(a);
    expect(dirty.pending()).toMatchObject({ must: 1, may: 0 });
  });
});

describe("DirtySet.recount", () => {
  test("follows the size of an entry", () => {
    const { dirty, entry } = dirtySet();
    const a = entry("a");
    dirty.change(a, MAY);
    for (const bytes of [70, 5]) {
      a.bytes = bytes;
      dirty.recount(a);
      expect(dirty.bytes).toBe(bytes);
    }
  });
});

describe("DirtySet.clear", () => {
  test("removes everything and keeps counting generations", () => {
    const { dirty, entry } = dirtySet();
    const [a, b] = [entry("a"), entry("b")];
    dirty.change(a, MUST);
    dirty.change(b, MAY);
    dirty.clear();
    expect(dirty.entries.size).toBe(0);
    expect(dirty.pending()).toEqual({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined });
    expect([a.isDirty, b.isDirty]).toEqual([false, false]);
    dirty.change(a, MAY);
    expect(a.generation).toBe(3);
  });
});
