import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { DeviceListEntry } from "../../backend/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { HashStateSchema } from "../../records/gen/holdfast/v1/app_state_pb.ts";
import {
  type DeviceListEntrySchema,
  DeviceListSchema,
} from "../../records/gen/holdfast/v1/device_list_pb.ts";
import { decodeMessage, encodeMessage } from "../../records/mod.ts";

const MAX_UINT32 = 0xffff_ffff;

/**
 * Encodes the devices of a user as a `DeviceList` without the parts that have columns of their own.
 *
 * @throws {RangeError} When a number is no unsigned 32-bit integer.
 */
export function encodeDevices(devices: readonly DeviceListEntry[]): Uint8Array {
  const entries = devices.map((device) => {
    const entry: MessageInitShape<typeof DeviceListEntrySchema> = {
      deviceId: requireUint32("device id", device.deviceId),
    };
    if (device.keyIndex !== undefined) entry.keyIndex = requireUint32("key index", device.keyIndex);
    if (device.isHosted !== undefined) entry.isHosted = device.isHosted;
    return entry;
  });
  return encodeMessage(DeviceListSchema, create(DeviceListSchema, { devices: entries }));
}

/** Decodes the devices of a user. @throws {CorruptError} When the bytes do not decode or a device has no id. */
export function decodeDevices(bytes: Uint8Array): DeviceListEntry[] {
  const { devices } = decodeMessage(DeviceListSchema, bytes, "read device list");
  return devices.map((device) => {
    if (!Object.hasOwn(device, "deviceId")) throw new CorruptError("read device list: a device has no id");
    return {
      deviceId: device.deviceId,
      ...(Object.hasOwn(device, "keyIndex") ? { keyIndex: device.keyIndex } : {}),
      ...(Object.hasOwn(device, "isHosted") ? { isHosted: device.isHosted } : {}),
    };
  });
}

/** Encodes the index values of a collection as a `HashState` without the parts that have columns of their own. */
export function encodeIndexValues(values: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const map = [...values].map(([key, value]) => ({ key, value: new Uint8Array(value) }));
  return encodeMessage(HashStateSchema, create(HashStateSchema, { map }));
}

/** Decodes the index values of a collection, in the order in which they were given. @throws {CorruptError} */
export function decodeIndexValues(bytes: Uint8Array): Map<string, Uint8Array> {
  const { map } = decodeMessage(HashStateSchema, bytes, "read collection");
  return new Map(map.map(({ key, value }) => [key, new Uint8Array(value)]));
}

/** @throws {RangeError} When the number is no unsigned 32-bit integer. */
export function requireUint32(what: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_UINT32) return value;
  throw new RangeError(`${what} is ${value}, expected an integer from 0 to ${MAX_UINT32}`);
}
