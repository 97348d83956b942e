/**
 * Mappings between LIDs and phone numbers.
 *
 * @module
 */
export { type AccountLids, learningLidCache, lidCache } from "./account_lids.ts";
export { attachedLids } from "./attached_lids.ts";
export { ContactHashes } from "./contact_hashes.ts";
export type { LearntMapping } from "./learnt_mapping.ts";
export {
  type CachedMapping,
  type CommitLearnt,
  type LearnOptions,
  type LearnReport,
  type LearnRequest,
  LidPnCache,
  type LidPnCacheParts,
  type LidPnStats,
  type LidWatcher,
  type MappedUser,
  type ResolvedPhone,
} from "./lid_pn_cache.ts";
export { type MappingRefusal, type OwnJids, OwnUsers } from "./own_users.ts";
