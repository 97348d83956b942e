// Generated from proto/holdfast/v1/adv.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** Where the messages of an account are encrypted. */
export const ADVEncryptionType = {
  E2EE: 0,
  HOSTED: 1,
} as const;

/** The primary device's proof that a companion is its own. */
export interface ADVSignedDeviceIdentity extends Message {
  details?: Uint8Array | undefined;
  accountSignatureKey?: Uint8Array | undefined;
  accountSignature?: Uint8Array | undefined;
  deviceSignature?: Uint8Array | undefined;
}

export const ADVSignedDeviceIdentitySchema: MessageSchema<ADVSignedDeviceIdentity> = {
  fields: [
    { number: 1, name: "details", kind: "bytes" },
    { number: 2, name: "accountSignatureKey", kind: "bytes" },
    { number: 3, name: "accountSignature", kind: "bytes" },
    { number: 4, name: "deviceSignature", kind: "bytes" },
  ],
};

/** The primary device's signed list of companions. */
export interface ADVSignedKeyIndexList extends Message {
  /** An encoded `ADVKeyIndexList`. */
  details?: Uint8Array | undefined;
  accountSignature?: Uint8Array | undefined;
  accountSignatureKey?: Uint8Array | undefined;
}

export const ADVSignedKeyIndexListSchema: MessageSchema<ADVSignedKeyIndexList> = {
  fields: [
    { number: 1, name: "details", kind: "bytes" },
    { number: 2, name: "accountSignature", kind: "bytes" },
    { number: 3, name: "accountSignatureKey", kind: "bytes" },
  ],
};

/** Which companions are valid: those in `valid_indexes`, and those newer than `current_index`. */
export interface ADVKeyIndexList extends Message {
  rawId?: number | undefined;
  timestamp?: bigint | undefined;
  currentIndex?: number | undefined;
  validIndexes: number[];
  accountType?: number | undefined;
}

export const ADVKeyIndexListSchema: MessageSchema<ADVKeyIndexList> = {
  fields: [
    { number: 1, name: "rawId", kind: "uint32" },
    { number: 2, name: "timestamp", kind: "uint64" },
    { number: 3, name: "currentIndex", kind: "uint32" },
    { number: 4, name: "validIndexes", kind: "uint32", repeated: true },
    { number: 5, name: "accountType", kind: "int32" },
  ],
};
