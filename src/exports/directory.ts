/**
 * Who is who, on which devices, in which groups: LIDs and phone numbers, device lists, group members, and who holds our sender
 * keys.
 *
 * @module
 */
export {
  addParticipants,
  type DeviceChange,
  DeviceRegistry,
  type DeviceReport,
  type Directory,
  directory,
  GroupCache,
  type GroupInfo,
  type KeyDistribution,
  lidIn,
  type Participant,
  type ParticipantChange,
  type ParticipantResult,
  type PatchedDevices,
  patchDeviceAdd,
  patchDeviceRemove,
  patchDeviceUpdate,
  phoneNumberIn,
  removeParticipants,
  SenderKeyDevices,
  type SyncedDevices,
} from "../directory/mod.ts";
