/**
 * An account in the storage of a Durable Object: the backend over its SQLite, and a scheduler over its alarm.
 *
 * @module
 */
export {
  AlarmScheduler,
  type AlarmSchedulerOptions,
  type AlarmStorageLike,
  type DurableObjectBackendOptions,
  durableObjectBackend,
  durableObjectDriver,
  type ObjectStorageLike,
  type SqlCursorLike,
  type SqlStorageLike,
} from "../adapters/durable_object/mod.ts";
