// Generated from proto/holdfast/v1/pre_key.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** A one-time pre-key. */
export interface PreKeyRecordStructure extends Message {
  id?: number | undefined;
  publicKey?: Uint8Array | undefined;
  privateKey?: Uint8Array | undefined;
}

export const PreKeyRecordStructureSchema: MessageSchema<PreKeyRecordStructure> = {
  fields: [
    { number: 1, name: "id", kind: "uint32" },
    { number: 2, name: "publicKey", kind: "bytes" },
    { number: 3, name: "privateKey", kind: "bytes" },
  ],
};

/** A signed pre-key. */
export interface SignedPreKeyRecordStructure extends Message {
  id?: number | undefined;
  publicKey?: Uint8Array | undefined;
  privateKey?: Uint8Array | undefined;
  signature?: Uint8Array | undefined;
  timestamp?: bigint | undefined;
}

export const SignedPreKeyRecordStructureSchema: MessageSchema<SignedPreKeyRecordStructure> = {
  fields: [
    { number: 1, name: "id", kind: "uint32" },
    { number: 2, name: "publicKey", kind: "bytes" },
    { number: 3, name: "privateKey", kind: "bytes" },
    { number: 4, name: "signature", kind: "bytes" },
    { number: 5, name: "timestamp", kind: "fixed64" },
  ],
};
