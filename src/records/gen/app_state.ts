// Generated from proto/holdfast/v1/app_state.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** A key of app-state synchronisation. */
export interface AppStateSyncKey extends Message {
  keyData?: Uint8Array | undefined;
  /** An encoded `AppStateSyncKeyFingerprint`. */
  fingerprint?: Uint8Array | undefined;
  timestamp?: bigint | undefined;
}

export const AppStateSyncKeySchema: MessageSchema<AppStateSyncKey> = {
  fields: [
    { number: 1, name: "keyData", kind: "bytes" },
    { number: 2, name: "fingerprint", kind: "bytes" },
    { number: 3, name: "timestamp", kind: "int64" },
  ],
};

/** Which devices an app-state key was made for. */
export interface AppStateSyncKeyFingerprint extends Message {
  rawId?: number | undefined;
  currentIndex?: number | undefined;
  deviceIndexes: number[];
}

export const AppStateSyncKeyFingerprintSchema: MessageSchema<AppStateSyncKeyFingerprint> = {
  fields: [
    { number: 1, name: "rawId", kind: "uint32" },
    { number: 2, name: "currentIndex", kind: "uint32" },
    { number: 3, name: "deviceIndexes", kind: "uint32", repeated: true },
  ],
};

/** One entry of `map<string, bytes>`, written out: the same bytes, and no name can be mistaken for a property of an object. */
export interface HashState_Entry extends Message {
  key?: string | undefined;
  value?: Uint8Array | undefined;
}

export const HashState_EntrySchema: MessageSchema<HashState_Entry> = {
  fields: [
    { number: 1, name: "key", kind: "string" },
    { number: 2, name: "value", kind: "bytes" },
  ],
};

/** State of one collection. */
export interface HashState extends Message {
  version?: bigint | undefined;
  /** 128 bytes. */
  hash?: Uint8Array | undefined;
  /** Value MACs by index MAC (base64). */
  map: HashState_Entry[];
  macMismatchFatal?: boolean | undefined;
}

export const HashStateSchema: MessageSchema<HashState> = {
  fields: [
    { number: 1, name: "version", kind: "uint64" },
    { number: 2, name: "hash", kind: "bytes" },
    { number: 3, name: "map", kind: () => HashState_EntrySchema, repeated: true },
    { number: 4, name: "macMismatchFatal", kind: "bool" },
  ],
};
