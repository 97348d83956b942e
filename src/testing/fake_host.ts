import { requireObject } from "../errors/mod.ts";
import { type Host, Notifier } from "../ports/mod.ts";
import { FakeClock } from "./fake_clock.ts";
import { ManualScheduler } from "./manual_scheduler.ts";
import { RecordingLogger } from "./recording_logger.ts";
import { SeededRandom } from "./seeded_random.ts";

/** A `Host` whose parts a test can control and inspect. */
export interface FakeHost extends Host {
  /** A clock that the test moves. */
  readonly clock: FakeClock;
  /** A scheduler that the test advances, over the same clock. */
  readonly scheduler: ManualScheduler;
  /** Randomness that repeats with its seed. */
  readonly random: SeededRandom;
  /** A logger that keeps its entries. */
  readonly logger: RecordingLogger;
}

/** Options of `fakeHost`. */
export interface FakeHostOptions {
  /** Seed of the randomness. Defaults to 1. */
  readonly seed?: number | undefined;
  /** Start of the clock in milliseconds since the Unix epoch. */
  readonly startMs?: number | undefined;
}

/**
 * Creates a fake host for tests: a clock that only a test moves, a scheduler that runs on demand, seeded
 * randomness and a recording logger. It does not use the real host, so a test runs the same way on every
 * runtime.
 *
 * @example
 * ```ts
 * import { fakeHost } from "@holdfast/store/testing";
 *
 * const host = fakeHost({ seed: 42 });
 * host.scheduler.register("flush", async () => host.logger.log("info", "flushed"));
 * host.scheduler.schedule("flush", host.clock.nowMs() + 5_000);
 * await host.scheduler.advance(5_000);
 * if (host.logger.messages("info").length !== 1) throw new Error("did not flush");
 * ```
 */
export function fakeHost(options: FakeHostOptions = {}): FakeHost {
  requireObject("create host: options", options);
  const clock = new FakeClock(options.startMs);
  return {
    clock,
    scheduler: new ManualScheduler(clock),
    random: new SeededRandom(options.seed ?? 1),
    logger: new RecordingLogger(),
    createNotifier: () => new Notifier(),
  };
}
