// Generated from proto/holdfast/v1/device.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** One certificate of the server's Noise certificate chain. Times are Unix seconds. */
export interface ServerCert extends Message {
  /** 32 bytes. */
  key?: Uint8Array | undefined;
  notBefore?: bigint | undefined;
  notAfter?: bigint | undefined;
}

export const ServerCertSchema: MessageSchema<ServerCert> = {
  fields: [
    { number: 1, name: "key", kind: "bytes" },
    { number: 2, name: "notBefore", kind: "int64" },
    { number: 3, name: "notAfter", kind: "int64" },
  ],
};

/** The server's Noise certificate chain. */
export interface ServerCertChain extends Message {
  intermediate?: ServerCert | undefined;
  leaf?: ServerCert | undefined;
}

export const ServerCertChainSchema: MessageSchema<ServerCertChain> = {
  fields: [
    { number: 1, name: "intermediate", kind: () => ServerCertSchema },
    { number: 2, name: "leaf", kind: () => ServerCertSchema },
  ],
};

/** One entry of `map<string, bytes>`, written out: the same bytes, and no name can be mistaken for a property of an object. */
export interface DeviceExtra_Entry extends Message {
  key?: string | undefined;
  value?: Uint8Array | undefined;
}

export const DeviceExtra_EntrySchema: MessageSchema<DeviceExtra_Entry> = {
  fields: [
    { number: 1, name: "key", kind: "string" },
    { number: 2, name: "value", kind: "bytes" },
  ],
};

/** Named opaque bytes that an adapter needs back. */
export interface DeviceExtra extends Message {
  values: DeviceExtra_Entry[];
}

export const DeviceExtraSchema: MessageSchema<DeviceExtra> = {
  fields: [
    { number: 1, name: "values", kind: () => DeviceExtra_EntrySchema, repeated: true },
  ],
};
