/**
 * Files of accounts that are copied and put back: no key is used twice. What is moved, renamed or upgraded
 * burns nothing.
 */
import { mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { restoreCopies, SendingWorld } from "./restored_copies.ts";

const RESTORES = dose({ short: 8, long: 2_000 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_201);
const ACCOUNTS = dose({ short: 12, long: 100 });
const MOVES = dose({ short: 10, long: 200 });

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

let world: SendingWorld;
beforeEach(() => {
  world = new SendingWorld();
});
afterEach(() => world.remove());

describe.runIf(process.platform !== "win32")("a copy that is put back", { timeout: DOSED_TIMEOUT_MS }, () => {
  test(`repeats no key over ${RESTORES} restores (seed ${SEED})`, async () => {
    const { reused, sent, noticed } = await restoreCopies(RESTORES, SEED);
    expect(reused).toBe(0);
    expect(noticed).toBe(RESTORES);
    expect(sent).toBeGreaterThan(20 * RESTORES);
  });

  test(`repeats no key of ${ACCOUNTS} accounts that are opened one by one`, async () => {
    const names = Array.from({ length: ACCOUNTS }, (_, index) => `account ${index}`);
    for (const name of names) await world.use(3, name);
    world.copy();
    for (const name of names) await world.use(5, name);
    world.putBack("other");
    const half = ACCOUNTS / 2;
    for (const name of names.slice(0, half)) expect(await world.use(5, name), name).toBe(1);
    // The copy is used on, so that the second half is opened in a later life.
    await world.use(5, "account 0");
    for (const name of names.slice(half)) expect(await world.use(5, name), name).toBe(1);
    expect(world.reused).toBe(0);
  });
});

/** Whether files have birth times here that stay when the file is written. */
function hasBirthTimes(): boolean {
  const { birthtimeNs, ctimeNs } = statSync("package.json", { bigint: true });
  return birthtimeNs !== 0n && (birthtimeNs !== ctimeNs || process.platform === "linux");
}

describe.runIf(process.platform !== "win32")(
  "a folder that is copied with its witness",
  {
    timeout: DOSED_TIMEOUT_MS,
  },
  () => {
    test.runIf(hasBirthTimes())(`repeats no key in original and copy, over ${MOVES} copies`, async () => {
      let epoch = 0;
      await world.use(3);
      for (let n = 0; n < MOVES; n += 1) {
        // The birth time of the original is proven by a later opening.
        await world.use(3);
        const original = world.path;
        const copy = world.copyFolder(`copy-${n}`);
        await world.use(3);
        world.path = copy;
        epoch += 1;
        expect(await world.use(3)).toBe(epoch);
        world.path = original;
        await world.use(3);
        world.path = copy;
      }
      expect(world.reused).toBe(0);
    });
  },
);

describe.runIf(process.platform !== "win32")(
  "a database that is moved",
  { timeout: DOSED_TIMEOUT_MS },
  () => {
    test(`burns nothing over ${MOVES} moves`, async () => {
      let epochs = 0;
      await world.use(3);
      for (let n = 0; n < MOVES; n += 1) {
        const options = { originalIsStopped: n % 4 === 3 };
        if (options.originalIsStopped) world.path = world.copyFolder(String(n));
        else {
          // Alone or with its witness, in its folder or into another one.
          const folder = n % 2 === 0 ? dirname(world.path) : join(world.folder, String(n));
          mkdirSync(folder, { recursive: true });
          const next = join(folder, `bot-${n}.db`);
          renameSync(world.path, next);
          if (n % 3 > 0) renameSync(`${world.path}-witness`, `${next}-witness`);
          world.path = next;
        }
        epochs += await world.use(2, "bot", options);
      }
      expect(epochs).toBe(0);
      expect(world.reused).toBe(0);
    });
  },
);
