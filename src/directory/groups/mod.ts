/**
 * Members of groups, and the devices that hold our sender keys.
 *
 * @module
 */
export { GroupCache, type ParticipantResult } from "./group_cache.ts";
export {
  addParticipants,
  type GroupInfo,
  lidIn,
  type Participant,
  type ParticipantChange,
  phoneNumberIn,
  removeParticipants,
} from "./group_info.ts";
export {
  type KeyDistribution,
  type KeyMarks,
  SenderKeyDevices,
} from "./sender_key_devices.ts";
