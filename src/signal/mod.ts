/**
 * Signal state in memory: sessions and sender keys as live objects over the storage format of Signal clients,
 * in a write-behind cache that never lets a message key be used twice.
 *
 * @module
 */

export {
  type SharedSignalState,
  type SignalAccount,
  type SignalCodecs,
  type SignalPolicy,
  sharedSignalState,
  signalCache,
} from "./account_cache.ts";
export { type CacheHolder, publishable, signalCacheStats } from "./attached_cache.ts";
export type { Durability } from "./counter_lease.ts";
export type { SessionSelection } from "./delete_sessions.ts";
export type { SignalIdentities } from "./identity_store.ts";
export { MAX_RESTORE_EPOCH, newIncarnation } from "./incarnation.ts";
export type { CacheChange } from "./joint_change.ts";
export type { MoveOptions, MoveReport } from "./move_user.ts";
export type { MovedUser } from "./moved_user.ts";

export { RewindError } from "./rewind_error.ts";

export type { SendableOptions, SignalCacheStats } from "./signal_cache_options.ts";
export type { SignalCacheCounts, SignalCacheEvent, SignalCacheListener } from "./signal_events.ts";
export type { PutOptions, SignalRecords, Ticket } from "./signal_records.ts";
export { SignalStoreCache } from "./signal_store_cache.ts";
export type { UserMappings } from "./state_places.ts";
export { openStoredRecord } from "./stored_record.ts";
export { SweptUsers } from "./swept_users.ts";
