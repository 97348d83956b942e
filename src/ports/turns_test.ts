import { describe, expect, test } from "vitest";
import { Turns } from "./mod.ts";

describe("Turns.start", () => {
  test("runs works that rest at the same time in turns of their own", async () => {
    const turns = new Turns();
    let [round, isOver] = [0, false];
    const count = (): void => {
      round += 1;
      if (!isOver) setImmediate(count);
    };
    count();
    const rounds = await Promise.all(
      ["first", "second", "third"].map(async () => {
        await turns.start().rest();
        return round;
      }),
    );
    isOver = true;
    // The event loop went round between any two of them.
    expect(rounds).toEqual([rounds[0], Number(rounds[0]) + 1, Number(rounds[0]) + 2]);
  });

  test("is due after 10 ms, and again 10 ms after a rest", async () => {
    const pacer = new Turns().start();
    expect(pacer.isDue).toBe(false);
    const endsAtMs = Date.now() + 10;
    while (Date.now() < endsAtMs);
    expect(pacer.isDue).toBe(true);
    await pacer.rest();
    expect(pacer.isDue).toBe(false);
  });
});
