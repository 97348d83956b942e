/**
 * Which devices users have.
 *
 * @module
 */
export {
  type DeviceChange,
  type PatchedDevices,
  patchDeviceAdd,
  patchDeviceRemove,
  patchDeviceUpdate,
} from "./device_patch.ts";
export {
  type CachedDevices,
  DeviceRegistry,
  type DeviceRegistryParts,
  type DeviceReport,
  type SessionRemover,
  type SyncedDevices,
  type UserNames,
} from "./device_registry.ts";
