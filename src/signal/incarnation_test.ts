import { describe, expect, test } from "vitest";
import { haveSession, send, world } from "../../test/support/signal/cache_world.ts";
import { SeededRandom } from "../testing/mod.ts";
import { epochOfIncarnation, newIncarnation } from "./incarnation.ts";

const ALICE = "100000000000001@lid.0";

describe("newIncarnation", () => {
  test("contains both epochs and 64 random bits", () => {
    const name = newIncarnation(new SeededRandom(1), { restoreEpoch: 7, ownerEpoch: 0xabc });
    expect(name).toMatch(/^0000000700000abc[0-9a-f]{16}$/);
    expect(epochOfIncarnation(name)).toBe(7);
  });

  test("differs by owner epoch when randomness repeats", () => {
    const names = [1, 2, 2 ** 32 + 3].map((ownerEpoch) =>
      newIncarnation(new SeededRandom(1), { restoreEpoch: 0, ownerEpoch }),
    );
    expect(new Set(names).size).toBe(3);
    expect(names[2]?.slice(8, 16)).toBe("00000003");
  });
});

describe("epochOfIncarnation", () => {
  test("reads incarnations of 96 random bits", () => {
    expect(epochOfIncarnation(`00000005${"f".repeat(24)}`)).toBe(5);
  });
});

describe("SignalStoreCache after a restart with the same randomness", () => {
  test("repeats no counter, because the owner epoch differs", async () => {
    let here = world({ ownerEpoch: 1 });
    await haveSession(here, ALICE);
    const sent: number[] = [];
    for (let n = 0; n < 10; n += 1) sent.push((await send(here, ALICE)).counter);
    const { incarnation } = here.cache;
    here = world({ ownerEpoch: 2 }, here.rows);
    expect(here.cache.incarnation.slice(16)).toBe(incarnation.slice(16));
    expect(sent).not.toContain((await send(here, ALICE)).counter);
  });
});
