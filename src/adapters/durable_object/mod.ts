/**
 * An account in the storage of a Durable Object: the backend over its SQLite, and a scheduler over its one
 * alarm.
 *
 * @module
 */
export { AlarmScheduler, type AlarmSchedulerOptions } from "./alarm_scheduler.ts";
export {
  type DurableObjectBackendOptions,
  durableObjectBackend,
  openObjectBackend,
} from "./durable_object_backend.ts";
export { firstRow } from "./first_row.ts";
export { durableObjectDriver } from "./object_driver.ts";
export { mapObjectError } from "./object_errors.ts";
export { OBJECT_LIMITS, requireWithinLimits } from "./object_limits.ts";
export type { AlarmStorageLike, ObjectStorageLike, SqlCursorLike, SqlStorageLike } from "./object_storage.ts";
