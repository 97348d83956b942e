/**
 * `holdfast verify` over the damage matrix: every damage that changes what can be read is found, but for
 * bytes inside a value that has no second copy (a record that still decodes, a key). What it does not find
 * changes none of the keys of rows and nothing of the device.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";
import { DamagedFiles } from "./damaged_files.ts";
import { type Damage, makeBase } from "./damages.ts";
import { matrixOf } from "./matrix.ts";

const SIZE = dose({
  short: { step: 1_024, random: 40, pairs: 20, pages: 5 },
  long: { step: 4, random: 1_000, pairs: 1_000, pages: 1 },
});

interface Outcome {
  readonly error?: string;
  readonly found?: readonly string[];
  readonly content?: string;
  readonly keys?: string;
}

let files: DamagedFiles;
let folder: string;
let program: NodeProgram;

beforeAll(async () => {
  files = await DamagedFiles.create();
  folder = mkdtempSync(join(tmpdir(), "holdfast-verify-"));
  await makeBase(join(folder, "base.db"));
  program = await buildProgram("test/damage/verify_opener.ts");
});

afterAll(() => {
  files.remove();
  program.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function outcomesOf(damages: readonly Damage[]): Promise<Outcome[]> {
  const list = join(folder, "damages.json");
  writeFileSync(list, JSON.stringify(damages));
  const outcomes: Outcome[] = [];
  while (outcomes.length < damages.length) {
    const child = program.start([
      ...[join(folder, "base.db"), folder, list],
      ...[String(outcomes.length), String(damages.length)],
    ]);
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += String(chunk);
    });
    child.stderr.resume();
    await new Promise((done) => child.on("close", done));
    for (const line of text.split("\n")) {
      const [, json] = /^\d+ (.*)$/.exec(line) ?? [];
      if (json !== undefined) outcomes.push(JSON.parse(json) as Outcome);
    }
    if (outcomes.length < damages.length) outcomes.push({ error: "abort" });
  }
  return outcomes;
}

test(
  "finds every damage that changes what can be read",
  async () => {
    const raw = readFileSync(join(folder, "base.db"));
    const matrix = matrixOf(files, SIZE, 1);
    const none: Damage = { kind: "flip", at: raw.length - 1, mask: 0 };
    const [sound] = await outcomesOf([none]);
    // Random keys and records of a base are no real ones: what is found of them is no damage.
    const known = new Set(sound?.found);
    const missed: string[] = [];
    const counts = { found: 0, same: 0, value: 0 };
    for (const [kind, damages] of Object.entries(matrix)) {
      for (const [index, outcome] of (await outcomesOf(damages)).entries()) {
        const isFound = outcome.error !== undefined || outcome.found?.some((text) => !known.has(text));
        if (outcome.error === "abort")
          missed.push(`${kind}: the process ended: ${JSON.stringify(damages[index])}`);
        else if (isFound) counts.found += 1;
        else if (outcome.content === sound?.content) counts.same += 1;
        else if (outcome.keys === sound?.keys) counts.value += 1;
        else missed.push(`${kind}: ${JSON.stringify(damages[index])}`);
      }
    }
    const { found, same, value } = counts;
    process.stderr.write(
      `verified ${found + same + value + missed.length} damages: ${found} found, ${same} change nothing that is read, ${value} change a value without a second copy, ${missed.length} missed\n`,
    );
    expect(missed).toEqual([]);
    expect(found).toBeGreaterThan(40);
    expect(same).toBeGreaterThan(0);
    // A base file has few bytes of which no check knows what they should be.
    expect(value).toBeLessThan((found + same) / 10);
  },
  DOSED_TIMEOUT_MS,
);
