/**
 * Which LID belongs to which phone number.
 *
 * @module
 */
export type { LearntMapping } from "./learnt_mapping.ts";
export {
  type AccountLids,
  type CachedMapping,
  type CommitLearnt,
  type LearnOptions,
  type LearnReport,
  type LearnRequest,
  LidPnCache,
  type LidPnCacheParts,
  type LidPnStats,
  type MappedUser,
  type ResolvedPhone,
} from "./lid_pn_cache.ts";
export { type MappingRefusal, type OwnJids, OwnUsers } from "./own_users.ts";
