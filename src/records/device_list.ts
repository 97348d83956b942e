import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { requireInteger, StoredMessage } from "./_field.ts";
import {
  DeviceListEntrySchema,
  DeviceListSchema,
  type DeviceListEntry as StoredEntry,
} from "./gen/holdfast/v1/device_list_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

const MAX_UINT32 = 0xffff_ffff;

/** One device of a user. */
export interface DeviceListEntry {
  readonly deviceId: number;
  readonly keyIndex?: number | undefined;
  readonly isHosted?: boolean | undefined;
}

/** The known devices of a user. */
export interface DeviceListRecord {
  /** The canonical user part: the LID where it is known, else the phone number. */
  readonly user: string;
  readonly devices: readonly DeviceListEntry[];
  /** Unix seconds. */
  readonly timestamp: number;
  readonly phash?: string | undefined;
  readonly rawId?: number | undefined;
}

/** Encodes a device list. The order of devices is kept. @throws {RangeError} When a number is out of range. */
export function encodeDeviceList(record: DeviceListRecord): Uint8Array {
  const action = "encode device list";
  const timestamp = requireInteger(action, "timestamp", record.timestamp, [0, Number.MAX_SAFE_INTEGER]);
  const init: MessageInitShape<typeof DeviceListSchema> = {
    user: record.user,
    devices: record.devices.map((device) => entryFields(action, device)),
    timestamp: BigInt(timestamp),
  };
  if (record.phash !== undefined) init.phash = record.phash;
  if (record.rawId !== undefined)
    init.rawId = requireInteger(action, "raw id", record.rawId, [0, MAX_UINT32]);
  return encodeMessage(DeviceListSchema, create(DeviceListSchema, init));
}

/** Decodes a device list. @throws {CorruptError} When the bytes do not decode or a part is missing or out of range. */
export function decodeDeviceList(bytes: Uint8Array): DeviceListRecord {
  const action = "decode device list";
  const message = decodeMessage(DeviceListSchema, bytes, action);
  const stored = new StoredMessage<typeof DeviceListSchema>(message, action);
  const field = DeviceListSchema.field;
  stored.require(field.user);
  return {
    user: message.user,
    devices: message.devices.map((device) => readEntry(action, device)),
    timestamp: stored.integer(field.timestamp, message.timestamp),
    ...(stored.has(field.phash) ? { phash: message.phash } : {}),
    ...(stored.has(field.rawId) ? { rawId: message.rawId } : {}),
  };
}

function entryFields(
  action: string,
  device: DeviceListEntry,
): MessageInitShape<typeof DeviceListEntrySchema> {
  const uint32 = (what: string, value: number) => requireInteger(action, what, value, [0, MAX_UINT32]);
  const init: MessageInitShape<typeof DeviceListEntrySchema> = {
    deviceId: uint32("device id", device.deviceId),
  };
  if (device.keyIndex !== undefined) init.keyIndex = uint32("key index", device.keyIndex);
  if (device.isHosted !== undefined) init.isHosted = device.isHosted;
  return init;
}

function readEntry(action: string, message: StoredEntry): DeviceListEntry {
  const stored = new StoredMessage<typeof DeviceListEntrySchema>(message, action);
  const field = DeviceListEntrySchema.field;
  stored.require(field.deviceId);
  return {
    deviceId: message.deviceId,
    ...(stored.has(field.keyIndex) ? { keyIndex: message.keyIndex } : {}),
    ...(stored.has(field.isHosted) ? { isHosted: message.isHosted } : {}),
  };
}
