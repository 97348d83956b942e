import { describe, expect, test } from "vitest";
import { ALICE, haveSession, send, world } from "../../test/support/signal/cache_world.ts";
import { FakeClock } from "../testing/mod.ts";
import { PauseCount } from "./pause_count.ts";

describe("PauseCount", () => {
  test("counts a pause when it is over", () => {
    const clock = new FakeClock();
    const pauses = new PauseCount(clock, 500);
    const first = pauses.count();
    clock.advance(499);
    expect(pauses.count()).toBe(first);
    clock.advance(499);
    expect(pauses.count()).toBe(first);
    clock.advance(500);
    expect(pauses.count()).toBe(first + 1);
    expect(pauses.count()).toBe(first + 1);
  });

  /** The numbers of those of ten messages, `apartMs` apart, that wait for a commit with this `idleMs`. */
  async function waiting(idleMs: number | undefined, apartMs: number): Promise<number[]> {
    const here = world(idleMs === undefined ? {} : { policy: { idleMs } });
    await haveSession(here, ALICE);
    const waited: number[] = [];
    for (let n = 0; n < 10; n += 1) {
      here.host.clock.advance(apartMs);
      if ((await send(here, ALICE)).gated) waited.push(n);
    }
    return waited;
  }

  const EACH = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const GROWING = [0, 1, 3, 7];

  test.each([
    ["by default, eight seconds apart", undefined, 8_000, EACH],
    ["by default, a little less apart", undefined, 7_999, GROWING],
    ["with a shorter idle time, that far apart", 2_000, 2_000, EACH],
    ["with a longer idle time, eight seconds apart", 20_000, 8_000, GROWING],
    ["with a longer idle time, that far apart", 20_000, 20_000, EACH],
  ])("grows reservations only between pauses: %s", async (_, idleMs, apartMs, expected) => {
    expect(await waiting(idleMs, apartMs)).toEqual(expected);
  });
});
