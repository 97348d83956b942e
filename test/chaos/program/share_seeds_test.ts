import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readOptions } from "./options.ts";
import type { Outcome } from "./run_seed.ts";
import { shareSeeds } from "./share_seeds.ts";

/** A process that is killed by seed 2, and finds a violation with seed 3. */
const PROGRAM = `process.on("message", ({ seed }) => {
  if (seed === 2) process.kill(process.pid, "SIGKILL");
  else process.send({ seed, text: "seed " + seed + ": served", isViolation: seed === 3 });
});`;

test("reports a killed process as a violation, and runs the other seeds", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-chaos-"));
  const program = join(folder, "program.mjs");
  await writeFile(program, PROGRAM);
  const outcomes: Outcome[] = [];
  const args = ["--seeds", "6", "--steps", "70", "--workers", "2", "--without", "gate"];
  try {
    await shareSeeds(readOptions(args), { program, args: [], report: (outcome) => outcomes.push(outcome) });
  } finally {
    await rm(folder, { recursive: true });
  }
  outcomes.sort((a, b) => a.seed - b.seed);
  expect(outcomes.map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(outcomes.filter(({ isViolation }) => isViolation).map(({ text }) => text)).toEqual([
    "seed 2: Error: its process ended with SIGKILL\nreplay: npm run chaos -- --seeds 1 --steps 70 --seed 2 --without gate",
    "seed 3: served",
  ]);
});
