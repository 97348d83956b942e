/** `npm run chaos`: many seeds, many steps. Ends with one line of counts, and with 1 when something went wrong. */
import { parseArgs } from "node:util";
import { addCounts, newCounts } from "./counts.ts";
import type { ChaosProtection } from "./life.ts";
import { runChaos } from "./machine.ts";
import { nodeRuntimes } from "./node_runtime.ts";
import { ChaosViolation } from "./violation.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "8" },
    steps: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
    without: { type: "string", multiple: true, default: [] },
  },
});

const seeds = Number(values.seeds);
const first = Number(values.seed);
const off = values.without as ChaosProtection[];

// libsignal-node prints whole sessions.
for (const method of ["info", "warn", "error"] as const) console[method] = () => {};
let unhandled: unknown;
process.on("unhandledRejection", (error) => {
  unhandled = error;
});
const takeUnhandled = (): unknown => {
  const error = unhandled;
  unhandled = undefined;
  return error;
};
const told = values.trace ? (line: string): void => console.log(line) : undefined;
const total = newCounts();
let violations = 0;
const newRuntime = await nodeRuntimes();
for (let seed = first; seed < first + seeds; seed += 1) {
  const beganAt = performance.now();
  try {
    const { counts, digest } = await runChaos(newRuntime(), {
      seed,
      steps: Number(values.steps),
      off,
      takeUnhandled,
      told,
    });
    addCounts(total, counts);
    console.log(`seed ${seed}: ${digest} in ${((performance.now() - beganAt) / 1_000).toFixed(1)} s`);
  } catch (error) {
    if (!(error instanceof ChaosViolation)) throw error;
    violations += 1;
    console.log(error.message);
    if (error.cause !== undefined) console.log(error.cause);
  }
}
console.log(`${JSON.stringify(total)} violations ${violations}`);
if (violations > 0) process.exitCode = 1;
