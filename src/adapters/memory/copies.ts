import {
  DEVICE,
  DEVICE_LIST,
  type Device,
  type DeviceListRecord,
  TC_TOKEN,
  type TcTokenEntry,
} from "../../backend/mod.ts";
import { copyOf } from "../../rules/mod.ts";

/** Copies bytes on their way in and out, so that neither side can change the other's bytes. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  // A new plain Uint8Array: slice() of a Buffer would be another Buffer over the same memory.
  return new Uint8Array(bytes);
}

/** A device list, copied deeply. */
export const copyDeviceList: (record: DeviceListRecord) => DeviceListRecord = copyOf(DEVICE_LIST);

/** A token entry, copied deeply. */
export const copyTcToken: (entry: TcTokenEntry) => TcTokenEntry = copyOf(TC_TOKEN);

/** A device, copied deeply. Unknown fields are not stored. */
export const copyDevice: (device: Device) => Device = copyOf(DEVICE);
