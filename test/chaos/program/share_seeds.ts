/** Seeds that are shared by several processes, each of which runs one at a time. */
import { type ChildProcess, fork } from "node:child_process";
import type { Options } from "./options.ts";
import { failed, type Outcome, openRunner } from "./run_seed.ts";

/** Set in the environment of a process that runs seeds for another one. */
const IS_WORKER = "HOLDFAST_CHAOS_WORKER";

/** What the processes run, and where their outcomes go. */
export interface Sharing {
  /** The file that serves seeds with {@link serveSeeds}. */
  readonly program: string;
  readonly args: readonly string[];
  readonly report: (outcome: Outcome) => void;
}

/** Whether this process was started by {@link shareSeeds}. */
export function isWorker(): boolean {
  return process.env[IS_WORKER] === "1";
}

/**
 * Hands the seeds to `workers` processes and reports each outcome. A process that ends before it has reported
 * its seed is reported as a violation and replaced.
 *
 */
export async function shareSeeds(options: Options, sharing: Sharing): Promise<void> {
  const waiting = [...options.seeds];
  const work = async (): Promise<void> => {
    while (waiting.length > 0) await runWorker(options, sharing, () => waiting.shift());
  };
  await Promise.all(Array.from({ length: options.workers }, work));
}

/** Runs one process until it has nothing to do, or ends. Resolves when it has ended. */
function runWorker(
  options: Options,
  { program, args, report }: Sharing,
  next: () => number | undefined,
): Promise<void> {
  const child: ChildProcess = fork(program, args, {
    env: { ...process.env, [IS_WORKER]: "1" },
  });
  let seed: number | undefined;
  const goOn = (): void => {
    seed = next();
    if (seed === undefined) child.disconnect();
    else child.send({ seed });
  };
  child.on("message", (outcome: Outcome) => {
    report(outcome);
    // A process in which something never ends is given nothing else.
    seed = undefined;
    if (child.connected && !outcome.isViolation) goOn();
    else if (child.connected) child.disconnect();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (seed !== undefined)
        report(failed(options, { seed }, new Error(`its process ended with ${signal ?? code}`)));
      resolve();
    });
    goOn();
  });
}

/** Runs the seeds that another process sends, until it goes. */
export async function serveSeeds(options: Options): Promise<void> {
  await using runner = await openRunner(options);
  const gone = new Promise<void>((resolve) => process.on("disconnect", resolve));
  const tell = (outcome: Outcome, told: () => void = () => {}): void => {
    // To a process that is gone, sending would end this one with an error.
    if (process.connected) process.send?.(outcome, undefined, undefined, told);
  };
  process.on("message", ({ seed }: { seed: number }) => {
    // While a seed runs, only the run keeps this process alive: so it ends if the run never does.
    process.channel?.unref();
    void runner.run(seed).then((outcome) => {
      process.channel?.ref();
      tell(outcome);
    });
  });
  process.on("beforeExit", () => {
    const stuck = runner.stuck();
    if (stuck !== undefined) tell(stuck, () => process.exit());
  });
  await gone;
}
