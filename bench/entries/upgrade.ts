import { killUpgrades } from "../../test/upgrade/killed_upgrades.ts";
import type { BenchEntry } from "../harness/entry.ts";

const KILLS = 200;
const SEED = 1;

/** Kills after which something that was stored or acknowledged is not there. */
async function killsLost(): Promise<number> {
  const { lost } = await killUpgrades(KILLS, SEED);
  for (const fault of lost) process.stderr.write(`${fault}\n`);
  return lost.length;
}

export const entries: readonly BenchEntry[] = [
  {
    name: "migration.kills_lost",
    kind: "count",
    isLong: true,
    unit: "kills",
    limit: { max: 0 },
    against:
      "200 processes that open a file of the release before, convert a collection of 5,000 mutations and change it, killed at random moments and between two commits",
    run: killsLost,
  },
];
