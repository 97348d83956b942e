/**
 * A process whose accounts commit together is killed with SIGKILL at random moments. What was durable stays, of
 * each account, and nothing is stored of a later round than the one that ran. Does not cover the loss of power.
 */
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { dose } from "../support/dose.ts";
import type { FromFleet } from "./fleet.ts";
import { programForFile } from "./program_for_file.ts";

const ACCOUNTS = 12;
const KILLS = dose({ short: 4, long: 60 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_201);

const program = programForFile("test/process/fleet.ts");

describe("accounts that commit together", () => {
  test(`lose nothing that was durable when the process is killed (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED);
    const path = join(program.folder, "fleet.db");
    let durable = 0;
    let commits = 0;
    for (let kill = 0; kill <= KILLS; kill += 1) {
      const child = program.start([path, String(ACCOUNTS)]);
      const exit = once(child, "exit");
      const roundsToLive = 1 + random.below(40);
      let lived = 0;
      let isOpened = false;
      for await (const line of createInterface({ input: child.stdout })) {
        const said = JSON.parse(line) as FromFleet;
        if (said.kind === "found") {
          isOpened = true;
          for (const round of said.rounds) {
            expect(round).toBeGreaterThanOrEqual(durable);
            expect(round).toBeLessThanOrEqual(durable + 1);
          }
          // A transaction is applied whole: so all accounts have the same round.
          expect(new Set(said.rounds).size).toBe(1);
          continue;
        }
        durable = said.round;
        commits += 1;
        lived += 1;
        // In the middle of a later round, wherever that is by now.
        if (lived === roundsToLive) setTimeout(() => child.kill("SIGKILL"), random.below(4));
      }
      const [, signal] = await exit;
      expect({ isOpened, signal }).toEqual({ isOpened: true, signal: "SIGKILL" });
    }
    expect(commits).toBeGreaterThan(KILLS);
  });
});
