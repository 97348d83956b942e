/**
 * LID mappings, device lists, group members, and the devices that hold our sender keys.
 *
 * @module
 */
export {
  type DeviceChange,
  DeviceRegistry,
  type DeviceReport,
  type SyncedDevices,
} from "./devices/mod.ts";
export { type Directory, directory, migrationOf } from "./directory.ts";
export {
  GroupCache,
  type GroupInfo,
  type KeyDistribution,
  lidIn,
  type Participant,
  type ParticipantChange,
  type ParticipantResult,
  phoneNumberIn,
  SenderKeyDevices,
} from "./groups/mod.ts";
export type { UserMigration } from "./migration.ts";
