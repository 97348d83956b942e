import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dose } from "../../test/support/dose.ts";
import { LimitError } from "../errors/mod.ts";
import { FakeClock } from "../testing/mod.ts";
import { KeyedLanes } from "./mod.ts";

function gate(): { open: () => void; opened: Promise<void> } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("KeyedLanes.run", () => {
  test("runs one key in order, keys in parallel, also after a failure", async () => {
    const lanes = new KeyedLanes({ clock: new FakeClock() });
    const events: string[] = [];
    const first = gate();
    const works = [0, 1, 2].map((n) =>
      lanes.run("a", async () => {
        events.push(`in ${n}`);
        if (n === 0) await first.opened;
        events.push(`out ${n}`);
        if (n === 1) throw new Error("boom");
        return n;
      }),
    );
    await lanes.run("b", async () => events.push("other"));
    expect([lanes.waiting("a"), lanes.waiting("b"), lanes.waiting("c")]).toEqual([3, 0, 0]);
    first.open();
    const outcomes = await Promise.allSettled(works);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(events).toEqual(["in 0", "other", "out 0", "in 1", "out 1", "in 2", "out 2"]);
    expect(lanes.waiting("a")).toBe(0);
  });

  test("rejects only the caller of work that throws at once", async () => {
    const lanes = new KeyedLanes({ clock: new FakeClock() });
    const failing = lanes.run("a", () => {
      throw new Error("at once");
    });
    await expect(failing).rejects.toThrow("at once");
    expect(await lanes.run("a", async () => "next")).toBe("next");
  });

  for (const capacity of dose({ short: [1_000], long: [5_000, 10_000] })) {
    test(`keeps lanes in use and idle lanes up to ${capacity}`, async () => {
      const lanes = new KeyedLanes({ capacity, clock: new FakeClock() });
      const holding = gate();
      let inside = 0;
      let overlaps = 0;
      const enter = (key: string) =>
        lanes.run(key, async () => {
          inside += 1;
          if (key === "held 0" && inside > 1) overlaps += 1;
          await holding.opened;
        });
      // More lanes are in use than the capacity.
      const held = Array.from({ length: capacity + 100 }, (_, n) => enter(`held ${n}`));
      const second = lanes.run("held 0", async () => inside);
      for (let n = 0; n < 3 * capacity; n += 1) void lanes.run(`idle ${n}`, async () => {});
      await new Promise<void>((resolve) => setImmediate(resolve));
      expect(inside).toBe(capacity + 100);
      expect([lanes.waiting("held 0"), lanes.waiting(`held ${capacity + 99}`)]).toEqual([2, 1]);
      holding.open();
      await Promise.all(held);
      expect(await second).toBe(capacity + 100);
      expect(overlaps).toBe(0);
      for (let n = 0; n < 4 * capacity; n += 1) await lanes.run(`later ${n}`, async () => {});
      expect(lanes.size).toBeLessThanOrEqual(capacity);
    });
  }

  test("never overlaps work of one key and runs each once, in order", async () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 5 }), turns: fc.integer({ min: 0, max: 6 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 60 }),
        async (capacity, steps) => {
          const lanes = new KeyedLanes({ capacity, clock: new FakeClock() });
          const busy = new Set<number>();
          const ran = new Map<number, number[]>();
          const running = steps.map(async ({ key, turns }, n) => {
            // They come at different times.
            for (let turn = 0; turn < n; turn += 1) await Promise.resolve();
            return await lanes.run(String(key), async () => {
              expect(busy.has(key)).toBe(false);
              busy.add(key);
              for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
              busy.delete(key);
              ran.set(key, [...(ran.get(key) ?? []), n]);
            });
          });
          await Promise.all(running);
          for (const [key, order] of ran) {
            expect(order).toEqual(steps.flatMap((one, n) => (one.key === key ? [n] : [])));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test("rejects work for a full lane", async () => {
    const lanes = new KeyedLanes({ clock: new FakeClock(), maxWaiting: 2 });
    const holding = gate();
    const works = [0, 1].map(() => lanes.run("a", () => holding.opened));
    await expect(lanes.run("a", async () => {})).rejects.toBeInstanceOf(LimitError);
    expect(await lanes.run("b", async () => "free")).toBe("free");
    holding.open();
    await Promise.all(works);
    expect(await lanes.run("a", async () => "free")).toBe("free");
  });

  test("rejects invalid options", () => {
    for (const options of [{ capacity: 0 }, { capacity: -1 }, { maxWaiting: 0 }, { maxWaiting: 1.5 }])
      expect(() => new KeyedLanes({ clock: new FakeClock(), ...options })).toThrow(RangeError);
  });
});
