import { describe, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import type { AccountOp } from "./account_model.ts";
import { FAULTS } from "./faulty_services.ts";
import { type HistoryReport, runHistory } from "./run_history.ts";
import {
  fileHistoryService,
  memoryHistoryService,
  type OpenService,
  workerHistoryService,
} from "./services.ts";

const STEPS = 20;

/** Seeds within which a fault of the service must be noticed. The first few have done it so far. */
const SEEDS_WITH_FAULT = 100;

const SERVICES: readonly {
  readonly name: string;
  readonly seeds: number;
  readonly open: (seed: number) => Promise<OpenService>;
  /** Commits that must be carried out, for each step. Defaults to 1. */
  readonly share?: number;
}[] = [
  { name: "over memory", seeds: dose({ short: 3, long: 400 }), open: memoryHistoryService },
  { name: "over a file", seeds: dose({ short: 1, long: 100 }), open: fileHistoryService },
  {
    name: "as a Worker that is killed",
    seeds: dose({ short: 1, long: 20 }),
    open: workerHistoryService,
    // How much is carried out between kills is a matter of time.
    share: 1 / 2,
  },
];

describe("the answers of a service have an order", () => {
  for (const { name, seeds, open, share = 1 } of SERVICES) {
    test(`${name}: ${seeds} × ${STEPS} steps of five clients`, { timeout: DOSED_TIMEOUT_MS }, async () => {
      const reports: HistoryReport[] = [];
      for (let seed = 1; seed <= seeds; seed += 1) {
        await using service = await open(seed);
        const report = await runHistory(service, { seed, steps: STEPS });
        expect(report.finding).toBeUndefined();
        reports.push(report);
      }
      // The runs must have been worth something.
      const undecided = reports.filter(({ isUndecided }) => isUndecided).length;
      expect(undecided).toBeLessThanOrEqual(seeds / 20);
      const ops = reports.flatMap(({ history }) => history.map(({ op }) => op));
      const count = (isCounted: (op: AccountOp) => boolean): number => ops.filter(isCounted).length;
      const commits = (outcome: string): number =>
        count((op) => op.kind === "commit" && op.outcome.kind === outcome);
      expect(commits("done")).toBeGreaterThan(seeds * STEPS * share);
      expect(commits("fenced")).toBeGreaterThan(0);
      expect(commits("unknown")).toBeGreaterThan(seeds);
      expect(count((op) => op.kind === "read")).toBeGreaterThan(seeds * STEPS);
      expect(count((op) => op.kind === "command" && op.outcome === "done")).toBeGreaterThan(0);
    });
  }
});

describe("there is no order for a service that", () => {
  for (const [fault, around] of Object.entries(FAULTS)) {
    test(fault, { timeout: DOSED_TIMEOUT_MS }, async () => {
      let finding: string | undefined;
      for (let seed = 1; seed <= SEEDS_WITH_FAULT && finding === undefined; seed += 1) {
        await using service = await memoryHistoryService(seed, around);
        ({ finding } = await runHistory(service, { seed, steps: STEPS }));
      }
      expect(finding).toMatch(/^seed \d+: no order of the operations explains /);
    });
  }
});
