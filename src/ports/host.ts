import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Notifier } from "./notifier.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** The core's dependencies on its environment. */
export interface Host {
  /** The time, in milliseconds. All expiries and ages are measured with it. */
  readonly clock: Clock;
  /** Runs the named background tasks at their due times. */
  readonly scheduler: Scheduler;
  /** Source of keys, ids and tokens. It must be fit for keys. */
  readonly random: Random;
  /** Takes warnings and errors, which contain no secrets. */
  readonly logger: Logger;
  /**
   * Creates a notifier for one waiting part of an account, such as its saver or writers that wait for room.
   */
  readonly createNotifier: () => Notifier;
}
