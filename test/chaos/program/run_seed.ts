import { clientOf, nodeRuntimes } from "../clients/node_runtime.ts";
import { replayCommand, runChaos } from "../machine.ts";
import { type ChaosPlace, openPlace } from "../places/places.ts";
import type { ChaosCounts } from "../world/counts.ts";
import { ChaosViolation } from "../world/violation.ts";
import { flagsOf, type Options } from "./options.ts";

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
  const run = async (seed: number): Promise<Outcome> => {
    const current = { seed, step: 0 };
    running = current;
    const beganAt = performance.now();
    try {
      const { counts, digest } = await runChaos(
        newRuntime(options.client ?? clientOf(seed), await place.create()),
        {
          seed,
          steps,
          off,
          flags: flagsOf(options),
          takeUnhandled,
          told: isTraced ? (line) => console.log(line) : undefined,
          stepped: (step) => {
            current.step = step;
          },
        },
      );
      const seconds = ((performance.now() - beganAt) / 1_000).toFixed(1);
      const text = `seed ${seed}: ${counts.sends} sends, trace ${digest}, ${seconds} s`;
      return { seed, text, isViolation: false, counts };
    } catch (error) {
      return failed(options, current, error);
    } finally {
      running = undefined;
    }
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
  const replay = replayCommand({ ...options, seed, flags: flagsOf(options) });
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
