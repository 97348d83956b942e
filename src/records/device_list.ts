import { requireObjects } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { requireParts, requireTime } from "./_arguments.ts";
import { StoredMessage } from "./_stored_message.ts";
import { DeviceListSchema, type DeviceListEntry as StoredEntry } from "./gen/device_list.ts";

/** One device of a user. */
export interface DeviceListEntry {
  readonly deviceId: number;
  readonly keyIndex?: number | undefined;
  readonly isHosted?: boolean | undefined;
}

/** The known devices of a user. */
export interface DeviceListRecord {
  /** The canonical user part: the LID if it is known, else the phone number. */
  readonly user: string;
  readonly devices: readonly DeviceListEntry[];
  /** Unix seconds. */
  readonly timestamp: number;
  readonly phash?: string | undefined;
  readonly rawId?: number | undefined;
}

/** Encodes a device list in the order of its devices. @throws {RangeError} When a number is out of range. */
export function encodeDeviceList(record: DeviceListRecord): Uint8Array {
  const action = "encode device list";
  requireParts(action, record);
  requireObjects(`${action}: devices`, record.devices);
  const { user, devices, phash, rawId } = record;
  const timestamp = requireTime(action, "timestamp", record.timestamp);
  return encodeMessage(
    DeviceListSchema,
    { user, devices: devices.map(entryFields), timestamp, phash, rawId },
    action,
  );
}

/**
 * Decodes a device list. @throws {CorruptError} When the bytes do not decode or a part is missing or out of
 * range.
 */
export function decodeDeviceList(bytes: Uint8Array): DeviceListRecord {
  const action = "decode device list";
  const message = decodeMessage(DeviceListSchema, bytes, action);
  const stored = new StoredMessage(message, action);
  const { phash, rawId } = message;
  return {
    user: stored.require("user"),
    devices: message.devices.map((device) => readEntry(action, device)),
    timestamp: stored.integer("timestamp"),
    ...(phash === undefined ? {} : { phash }),
    ...(rawId === undefined ? {} : { rawId }),
  };
}

/** Encodes only the devices, for stores that keep the other fields in columns. @throws {RangeError} */
export function encodeDevices(devices: readonly DeviceListEntry[]): Uint8Array {
  return encodeMessage(DeviceListSchema, { devices: devices.map(entryFields) }, "encode devices");
}

/**
 * Decodes the result of `encodeDevices`. @throws {CorruptError} When the bytes do not decode or a device has
 * no id.
 */
export function decodeDevices(bytes: Uint8Array): DeviceListEntry[] {
  const action = "decode devices";
  return decodeMessage(DeviceListSchema, bytes, action).devices.map((device) => readEntry(action, device));
}

function entryFields({ deviceId, keyIndex, isHosted }: DeviceListEntry): StoredEntry {
  return { deviceId, keyIndex, isHosted };
}

function readEntry(action: string, message: StoredEntry): DeviceListEntry {
  const { keyIndex, isHosted } = message;
  return {
    deviceId: new StoredMessage(message, action).require("deviceId"),
    ...(keyIndex === undefined ? {} : { keyIndex }),
    ...(isHosted === undefined ? {} : { isHosted }),
  };
}
