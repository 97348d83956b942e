// Generated from proto/holdfast/v1/device_list.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** One device of a user. */
export interface DeviceListEntry extends Message {
  deviceId?: number | undefined;
  keyIndex?: number | undefined;
  isHosted?: boolean | undefined;
}

export const DeviceListEntrySchema: MessageSchema<DeviceListEntry> = {
  fields: [
    { number: 1, name: "deviceId", kind: "uint32" },
    { number: 2, name: "keyIndex", kind: "uint32" },
    { number: 3, name: "isHosted", kind: "bool" },
  ],
};

/** The known devices of a user. */
export interface DeviceList extends Message {
  user?: string | undefined;
  devices: DeviceListEntry[];
  /** Unix seconds. */
  timestamp?: bigint | undefined;
  phash?: string | undefined;
  rawId?: number | undefined;
}

export const DeviceListSchema: MessageSchema<DeviceList> = {
  fields: [
    { number: 1, name: "user", kind: "string" },
    { number: 2, name: "devices", kind: () => DeviceListEntrySchema, repeated: true },
    { number: 3, name: "timestamp", kind: "int64" },
    { number: 4, name: "phash", kind: "string" },
    { number: 5, name: "rawId", kind: "uint32" },
  ],
};
