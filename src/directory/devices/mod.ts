/**
 * Device lists of users.
 *
 * @module
 */
export type { DeviceChange } from "./device_patch.ts";
export {
  type CachedDevices,
  DeviceRegistry,
  type DeviceReport,
  type SyncedDevices,
} from "./device_registry.ts";
