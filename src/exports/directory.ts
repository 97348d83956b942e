/**
 * Who is who, on which devices, in which groups: LIDs and phone numbers, device lists, group members, and who
 * holds our sender keys. `directory(account)` opens it; `account.lid` reads the mapping between LIDs and
 * phone numbers alone.
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
