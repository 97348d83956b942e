/**
 * The chaos state machine: thousands of steps, chosen by a seed, over one account with real Signal peers,
 * with everything going wrong that may. It stops at the first thing that must never happen.
 *
 * The same seed decides alike: the keys that the libraries draw differ from run to run, and no decision
 * depends on them.
 */

import type { Protection } from "../support/protections/names.ts";
import { leaveOut } from "../support/protections/protections.ts";
import { STEPS, type Step } from "./steps/steps.ts";
import type { ChaosRuntime } from "./world/chaos_runtime.ts";
import type { ChaosCounts } from "./world/counts.ts";
import { populate } from "./world/people.ts";
import { ChaosViolation } from "./world/violation.ts";
import { World } from "./world/world.ts";

/** How a run goes. */
export interface ChaosOptions {
  readonly seed: number;
  readonly steps: number;
  /** The steps that are taken. Defaults to all. */
  readonly plan?: ChaosPlan | undefined;
  /** Protections that are left out, to see that the run notices. */
  readonly off?: readonly Protection[] | undefined;
  /** What else the command that repeats the run needs. */
  readonly flags?: readonly string[] | undefined;
  /** Where `npm run chaos` cannot repeat the run: what can. */
  readonly replay?: string | undefined;
  /** Told of everything, to follow a run. */
  readonly told?: ((line: string) => void) | undefined;
  /** Called with the number of each step before it runs. */
  readonly stepped?: ((step: number) => void) | undefined;
  /** Asked after each step for something that rejected and that nobody awaited. */
  readonly takeUnhandled?: (() => unknown) | undefined;
}

/** A part of the steps of a run that failed. Each draws the numbers that it drew there. */
export interface ChaosPlan {
  readonly steps: ReadonlySet<number>;
  /** `ChaosViolation.starts` of that run. */
  readonly starts: readonly number[];
}

/** What a run did. */
export interface ChaosReport {
  readonly counts: ChaosCounts;
  /** Equal for equal decisions and outcomes. */
  readonly digest: string;
}

const TOTAL_WEIGHT = STEPS.reduce((sum, { weight }) => sum + weight, 0);

/** Steps between two moments at which everything is let come to an end. */
const STEPS_PER_REST = 250;

/**
 * Longest way that operations go on between two steps unless they go as far as they can, in turns of the
 * queue.
 */
const MAX_TURNS = 60;

/** Runs one seed. Rejects with a `ChaosViolation` when something went wrong. */
export async function runChaos(runtime: ChaosRuntime, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, off = [] } = options;
  using _ = leaveOut(off);
  const world = new World(runtime, { seed, off, told: options.told });
  populate(world);
  try {
    return await run(world, options);
  } finally {
    world.dispose();
  }
}

async function run(world: World, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, steps, plan } = options;
  await world.open();
  const starts: number[] = [];
  let step = 0;
  const check = (): void => {
    world.check();
    const unhandled = options.takeUnhandled?.();
    if (unhandled !== undefined) world.violate(`nobody handled: ${String(unhandled)}`, unhandled);
    if (world.violation === undefined) return;
    const { reason, cause } = world.violation;
    const { trace, counts } = world;
    throw new ChaosViolation(
      reason,
      { seed, step, trace, counts, starts: plan?.starts ?? starts, replay: replayCommand(options) },
      { cause },
    );
  };
  for (step = 1; step <= steps; step += 1) {
    options.stepped?.(step);
    if (plan?.steps.has(step) !== false) {
      if (plan !== undefined) world.random.seek(plan.starts[step - 1] ?? 0);
      starts.push(world.random.drawn);
      const chosen = choose(world);
      world.trace.add(`step ${step}: ${chosen.name}`);
      await take(world, chosen);
      check();
    }
    if (step % STEPS_PER_REST === 0 || step === steps) {
      await world.quiesce();
      await world.checkRows();
      check();
    }
  }
  world.end(world.incarnation);
  return { counts: world.counts, digest: world.trace.digest };
}

/** Takes a step. One that rejects is a violation, too: what it does may fail only where it says so. */
async function take(world: World, step: Step): Promise<void> {
  try {
    await step.run(world);
    await goOn(world);
  } catch (error) {
    world.violate(`step ${step.name}: ${String(error)}`, error);
  }
}

function choose(world: World): Step {
  let draw = world.random.below(TOTAL_WEIGHT);
  for (const step of STEPS) {
    draw -= step.weight;
    if (draw < 0) return step;
  }
  throw new RangeError("choose a step: the weights do not add up");
}

/**
 * Lets what was begun go on: mostly as far as it can, now and then only for a while, so that the next step
 * meets it half-way.
 */
async function goOn(world: World): Promise<void> {
  const { random } = world;
  if (!random.oneIn(3)) {
    await world.idle();
    await world.checkRows();
    return;
  }
  await world.goOn(random.below(MAX_TURNS));
}

/** The command that runs this seed again. */
export function replayCommand({
  seed,
  steps,
  plan,
  off = [],
  flags = [],
  replay,
}: Omit<ChaosOptions, "told" | "stepped" | "takeUnhandled">): string {
  const without = off.flatMap((protection) => ["--without", protection]);
  const planned = plan === undefined ? [] : ["--plan", [...plan.steps].join(",")];
  const rest = [...without, ...planned, ...flags].map((part) => ` ${part}`).join("");
  return replay ?? `npm run chaos -- --seeds 1 --steps ${steps} --seed ${seed}${rest}`;
}
