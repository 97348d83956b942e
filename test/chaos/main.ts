/**
 * `npm run chaos`: many seeds, many steps. It ends with one line of counts, and with 1 when something went
 * wrong.
 */
import { fileURLToPath } from "node:url";
import { readOptions, USAGE } from "./program/options.ts";
import { type Outcome, openRunner } from "./program/run_seed.ts";
import { isWorker, serveSeeds, shareSeeds } from "./program/share_seeds.ts";
import { addCounts, countsLine, newCounts } from "./world/counts.ts";

const args = process.argv.slice(2);
const options = readOptions(args);
const total = newCounts();
let done = 0;
let violations = 0;

function report({ text, isViolation, counts }: Outcome): void {
  done += 1;
  if (isViolation) violations += 1;
  if (counts !== undefined) addCounts(total, counts);
  console.log(`${done}/${options.seeds.length} ${text}`);
}

function finish(): void {
  console.log(`${countsLine(total)}, ${violations} violations`);
  if (violations > 0) process.exitCode = 1;
}

async function runSeeds(): Promise<void> {
  await using runner = await openRunner(options);
  process.on("beforeExit", () => {
    const stuck = runner.stuck();
    if (stuck === undefined) return;
    report(stuck);
    finish();
    process.exit();
  });
  for (const seed of options.seeds) report(await runner.run(seed));
}

async function main(): Promise<void> {
  if (options.isHelp) return console.log(USAGE);
  if (isWorker()) return await serveSeeds(options);
  if (options.workers === 1) await runSeeds();
  else await shareSeeds(options, { program: fileURLToPath(import.meta.url), args, report });
  finish();
}

await main();
