/**
 * Who is in which group, and who holds our sender key there.
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
  type KeyHolders,
  SenderKeyDevices,
} from "./sender_key_devices.ts";
