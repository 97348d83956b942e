/**
 * The device of an account: its keys and settings, the commands that change them, and the manager that keeps
 * them.
 *
 * @module
 */
export { type RedactedDevice, redactDevice } from "../backend/mod.ts";
export { applyCommand } from "./apply_command.ts";
export { type ClientExpirationNotice, decideClientExpiration } from "./client_expiration.ts";
export {
  createDevice,
  generateSignedPreKey,
  type NewSignedPreKey,
} from "./create_device.ts";
export type { BackupSource, DebugSnapshot, SnapshotBackup, SnapshotSink } from "./debug_snapshot.ts";
export type { DeviceCommand, DeviceCommandKind, DeviceCommandOf } from "./device_command.ts";
export {
  type ClientProfile,
  type DeviceProps,
  type DeviceRuntime,
  type DeviceState,
  INITIAL_RUNTIME,
} from "./device_state.ts";
export { type FreeRun, findFreeRun } from "./free_run.ts";
export {
  hasSameIdentity,
  refuseIdentityChange,
} from "./identity_guard.ts";
export { generateKeyPair, keyPairOf, signalPublicKey } from "./key_pair.ts";
export {
  type DeviceCompanion,
  type DeviceDraft,
  PersistenceManager,
} from "./persistence_manager.ts";
export { advanceId, distance, laterId, nextId, type PreKeyWatermarks } from "./pre_key_ids.ts";
export { makePreKeys, type PublicPreKey } from "./pre_keys.ts";
export {
  isSoundPair,
  isSoundSignature,
  refuseUnsoundKey,
  unsoundKeyOf,
  unsoundPairOf,
  withSoundKeys,
} from "./sound_keys.ts";
export { takeSnapshot } from "./take_snapshot.ts";
export { sameValue } from "./value.ts";
export { signXeddsa } from "./xeddsa.ts";
