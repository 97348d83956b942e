import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { ChaosClientKind } from "../clients/node_runtime.ts";
import type { ChaosOptions, ChaosPlan, ChaosReport } from "../machine.ts";
import type { ChaosPlace } from "../places/places.ts";

/** Where plans are kept, from the root of the checkout. */
const FOLDER = "test/chaos/plans";

/** One step of a kept plan. */
export interface KeptStep {
  readonly step: number;
  /** Numbers that the run had drawn before it. */
  readonly start: number;
  /** What it does. */
  readonly name: string;
}

/** The few steps that a violation was shrunk to, as a file: what it found must not come back. */
export interface KeptPlan {
  /** Which fault it found. Written by hand. */
  readonly found: string;
  /** What was wrong, as the run said it. */
  readonly reason: string;
  readonly seed: number;
  readonly client: ChaosClientKind;
  readonly over: ChaosPlace;
  /** The last step of the run. */
  readonly last: number;
  readonly steps: readonly KeptStep[];
}

/** Every kept plan, with its name. */
export function readKeptPlans(): readonly (KeptPlan & { readonly name: string })[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  return files.sort().map((file) => ({
    name: basename(file, ".json"),
    ...(JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as KeptPlan),
  }));
}

/** Writes a plan. @returns The path of its file. */
export function keepPlan(name: string, plan: KeptPlan): string {
  const path = join(FOLDER, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(plan, undefined, 2)}\n`);
  return path;
}

/** Reads from what a run tells which steps it took. */
export class TakenSteps {
  readonly #names = new Map<number, string>();

  readonly told = (line: string): void => {
    const [, step, name] = /^step (\d+): (.*)$/.exec(line) ?? [];
    if (step !== undefined && name !== undefined) this.#names.set(Number(step), name);
  };

  /** The steps of a plan that were taken. */
  of({ starts }: Pick<ChaosPlan, "starts">): readonly KeptStep[] {
    return [...this.#names].map(([step, name]) => ({ step, start: starts[step - 1] ?? 0, name }));
  }
}

/**
 * Runs a kept plan.
 *
 * @throws {ChaosViolation} When what it found is back.
 * @throws {Error} When it takes other steps than those that it was kept for.
 */
export async function replayKept(
  { seed, last, steps }: KeptPlan,
  run: (options: ChaosOptions) => Promise<ChaosReport>,
): Promise<void> {
  const starts: number[] = [];
  for (const { step, start } of steps) starts[step - 1] = start;
  const taken = new TakenSteps();
  const plan = { steps: new Set(steps.map(({ step }) => step)), starts };
  await run({ seed, steps: last, plan, told: taken.told });
  const names = taken.of(plan).map(({ name }) => name);
  const kept = steps.map(({ name }) => name);
  if (names.join() !== kept.join())
    throw new Error(`replay: the steps are now ${names.join()}; shrink the fault again, or remove the plan`);
}
