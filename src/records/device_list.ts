import { requireObjects } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { requireParts, requireTime } from "./_arguments.ts";
import { StoredMessage } from "./_stored_message.ts";
import { DeviceListSchema, type DeviceListEntry as StoredEntry } from "./gen/device_list.ts";

/** One device of a user. */
export interface DeviceListEntry {
  /** Number of the device, 0 … 2^32−1; 0 is the primary device. */
  readonly deviceId: number;
  /** Its index in the signed list of key indexes; absent for the primary device and where none was sent. */
  readonly keyIndex?: number | undefined;
  /** Whether the device is run by a host for the user. Absent if it was not told. */
  readonly isHosted?: boolean | undefined;
}

/** The known devices of a user. */
export interface DeviceListRecord {
  /** The canonical user part: the LID if it is known, else the phone number. */
  readonly user: string;
  /** The devices, in the order in which they were told. */
  readonly devices: readonly DeviceListEntry[];
  /** Unix seconds. */
  readonly timestamp: number;
  /** The server's hash of the participants, as text. Absent if it was not told. */
  readonly phash?: string | undefined;
  /**
   * Identifies the user's registration, 0 … 2^32−1: another one means another identity. Absent if it was not
   * told.
   */
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
