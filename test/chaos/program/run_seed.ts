import { clientOf, nodeRuntimes } from "../clients/node_runtime.ts";
import { type ChaosPlan, type ChaosReport, replayCommand, runChaos } from "../machine.ts";
import { type ChaosPlace, openPlace } from "../places/places.ts";
import type { ChaosCounts } from "../world/counts.ts";
import { ChaosViolation } from "../world/violation.ts";
import { keepPlan, TakenSteps } from "./kept_plan.ts";
import { flagsOf, type Options } from "./options.ts";
import { shrink } from "./shrink.ts";

/** What became of one seed. */
export interface Outcome {
  readonly seed: number;
  readonly text: string;
  readonly isViolation: boolean;
  /** What the run did until it ended; undefined when its process ended with it. */
  readonly counts: ChaosCounts | undefined;
}

/** Runs one seed. */
export type SeedRunner = (seed: number) => Promise<Outcome>;

/** What runs seeds in this process. */
export interface OpenRunner extends AsyncDisposable {
  readonly run: SeedRunner;
  /**
   * The outcome of the seed that is running now, if nothing in this process will end it: it waits for an
   * answer that never comes.
   */
  readonly stuck: () => Outcome | undefined;
}

/** Makes this process ready to run seeds. From then on only `console.log` prints. */
export async function openRunner(options: Options): Promise<OpenRunner> {
  const { steps, off, isTraced } = options;
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const) console[method] = () => {};
  const takeUnhandled = listenForUnhandled();
  const newRuntime = await nodeRuntimes();
  const place = await openPlace(options.place satisfies ChaosPlace);
  let running: { readonly seed: number; step: number } | undefined;
  const runOnce = async (
    current: { readonly seed: number; step: number },
    plan?: ChaosPlan,
    told = isTraced ? (line: string) => console.log(line) : undefined,
  ): Promise<ChaosReport> => {
    const { seed } = current;
    return await runChaos(newRuntime(options.client ?? clientOf(seed), await place.create()), {
      ...{ seed, steps, plan, off, takeUnhandled },
      flags: flagsOf(options),
      told,
      stepped: (step) => {
        current.step = step;
      },
    });
  };
  const run = async (seed: number): Promise<Outcome> => {
    const current = { seed, step: 0 };
    running = current;
    const beganAt = performance.now();
    try {
      const { counts, digest } = await runOnce(current);
      const again = options.isTwice ? await runOnce(current) : undefined;
      if (again !== undefined && again.digest !== digest)
        throw new Error(`two runs differ: trace ${digest} and ${again.digest}`);
      const seconds = ((performance.now() - beganAt) / 1_000).toFixed(1);
      const twice = again === undefined ? "" : " twice";
      const text = `seed ${seed}: ${counts.sends} sends, trace ${digest}${twice}, ${seconds} s`;
      return { seed, text, isViolation: false, counts };
    } catch (error) {
      if (!(error instanceof ChaosViolation)) return failed(options, current, error);
      return failed(options, current, await reduced(error, (...planned) => runOnce(current, ...planned)));
    } finally {
      running = undefined;
    }
  };
  /** The violation of the plan that was asked for, or of the shortest one. */
  const reduced = async (
    found: ChaosViolation,
    runPlan: (plan: ChaosPlan, told?: (line: string) => void) => Promise<unknown>,
  ): Promise<unknown> => {
    const { plan, isShrunk, keep } = options;
    if (plan === undefined && isShrunk) {
      const shrunk = await shrink(found, runPlan);
      if (keep === undefined) return shrunk.violation;
      const taken = new TakenSteps();
      const { seed, step, reason, starts } = shrunk.violation;
      await runPlan({ steps: shrunk.steps, starts }, taken.told).catch(() => {});
      const path = keepPlan(keep, {
        ...{ found: "", reason, seed },
        client: options.client ?? clientOf(seed),
        ...{ over: options.place, last: step, steps: taken.of({ starts }) },
      });
      console.log(`kept in ${path}: write there which fault it found`);
      return shrunk.violation;
    }
    if (plan === undefined) return found;
    const planned = runPlan({ steps: plan, starts: found.starts });
    return await planned.then(
      () => new Error("these steps of the plan do not fail, the whole run does", { cause: found }),
      (error: unknown) => error,
    );
  };
  return {
    run,
    stuck: () => running && failed(options, running, new Error("it waits for what never comes")),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

/** The outcome of a run that went wrong, whatever with. */
export function failed(
  options: Options,
  { seed, step }: { readonly seed: number; readonly step?: number },
  error: unknown,
): Outcome {
  const counts = error instanceof ChaosViolation ? error.counts : undefined;
  const cause = error instanceof Error && error.cause instanceof Error ? `\ncause: ${error.cause.stack}` : "";
  const at = `seed ${seed}${step === undefined ? "" : `, step ${step}`}`;
  const { plan, ...rest } = options;
  const planned = plan === undefined ? [] : ["--plan", [...plan].join(",")];
  const replay = replayCommand({ ...rest, seed, flags: [...planned, ...flagsOf(options)] });
  const text = error instanceof ChaosViolation ? error.message : `${at}: ${String(error)}\nreplay: ${replay}`;
  return { seed, text: `${text}${cause}`, isViolation: true, counts };
}

/** Returns what takes the last error that rejected and that was not handled. */
function listenForUnhandled(): () => unknown {
  let unhandled: unknown;
  process.on("unhandledRejection", (error) => {
    unhandled = error;
  });
  return () => {
    const error = unhandled;
    unhandled = undefined;
    return error;
  };
}
