import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Notifier } from "./notifier.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Everything that the core takes from its surroundings. */
export interface Host {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  /** Makes what wakes one waiting part of an account: its saver, writers that wait for room. */
  readonly createNotifier: () => Notifier;
}
