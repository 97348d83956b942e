/**
 * Users, their devices and their groups: LIDs and phone numbers, device lists, group members, and the holders
 * of our sender keys. `directory(account)` opens it; `account.lid` has only the mappings of LIDs to phone
 * numbers.
 *
 * @module
 */

export type {
  AccountLids,
  CommitLearnt,
  LearnOptions,
  LearnReport,
  LearnRequest,
  LearntMapping,
  LidPnCache,
  LidPnStats,
  LidWatcher,
  MappedUser,
  MappingRefusal,
  OwnJids,
  OwnUsers,
  ResolvedPhone,
} from "../directory/lid/mod.ts";
export {
  type DeviceChange,
  type DeviceRegistry,
  type DeviceReport,
  type Directory,
  directory,
  type GroupCache,
  type GroupInfo,
  type KeyDistribution,
  lidIn,
  type Participant,
  type ParticipantChange,
  type ParticipantResult,
  phoneNumberIn,
  type SenderKeyDevices,
  type SyncedDevices,
} from "../directory/mod.ts";
