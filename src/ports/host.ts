import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Notifier } from "./notifier.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** The core's dependencies on its environment. */
export interface Host {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  /**
   * Creates a notifier for one waiting part of an account, such as its saver or writers that wait for room.
   */
  readonly createNotifier: () => Notifier;
}
