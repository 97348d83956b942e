/**
 * The core's dependencies on its environment: time, timers, randomness, a logger and a notifier.
 *
 * @module
 */
export { builtinModule } from "./builtin_module.ts";
export { type Clock, nowSeconds } from "./clock.ts";
export type { Host } from "./host.ts";
export { type LogFields, type Logger, type LogLevel, silentLogger } from "./logger.ts";
export { type Listener, Notifier } from "./notifier.ts";
export type { Pacer, StartPacer } from "./pacer.ts";
export type { Random } from "./random.ts";
export type { ScheduledTask, Scheduler, TaskOptions } from "./scheduler.ts";
export {
  aesGcm,
  consoleWarnings,
  defaultScheduler,
  digest,
  endOfTurn,
  processScheduler,
  systemClock,
  systemHost,
  systemRandom,
  TimerScheduler,
  Turns,
} from "./system.ts";
export { warningLogger } from "./warning_logger.ts";
export { isWorkerd } from "./workerd.ts";
