// Generated from proto/holdfast/v1/plain_value.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** A member of an object, or an entry of a map. */
export interface PlainValue_Entry extends Message {
  name?: Uint8Array | undefined;
  value?: PlainValue | undefined;
}

export const PlainValue_EntrySchema: MessageSchema<PlainValue_Entry> = {
  fields: [
    { number: 1, name: "name", kind: "bytes" },
    { number: 2, name: "value", kind: () => PlainValueSchema },
  ],
};

export interface PlainValue_List extends Message {
  items: PlainValue[];
}

export const PlainValue_ListSchema: MessageSchema<PlainValue_List> = {
  fields: [
    { number: 1, name: "items", kind: () => PlainValueSchema, repeated: true },
  ],
};

export interface PlainValue_Entries extends Message {
  entries: PlainValue_Entry[];
}

export const PlainValue_EntriesSchema: MessageSchema<PlainValue_Entries> = {
  fields: [
    { number: 1, name: "entries", kind: () => PlainValue_EntrySchema, repeated: true },
  ],
};

/** A plain value: what the reads of a backend take and answer, and its writes. With no field it is the value that is not there. */
export interface PlainValue extends Message {
  /** At most one of these is there. They are no oneof, which the generated description has no room for. */
  boolean?: boolean | undefined;
  number?: number | undefined;
  text?: Uint8Array | undefined;
  bytes?: Uint8Array | undefined;
  /** Decimal digits: an integer that a double may not hold. */
  integer?: string | undefined;
  list?: PlainValue_List | undefined;
  object?: PlainValue_Entries | undefined;
  map?: PlainValue_Entries | undefined;
}

export const PlainValueSchema: MessageSchema<PlainValue> = {
  fields: [
    { number: 1, name: "boolean", kind: "bool" },
    { number: 2, name: "number", kind: "double" },
    { number: 3, name: "text", kind: "bytes" },
    { number: 4, name: "bytes", kind: "bytes" },
    { number: 5, name: "integer", kind: "string" },
    { number: 6, name: "list", kind: () => PlainValue_ListSchema },
    { number: 7, name: "object", kind: () => PlainValue_EntriesSchema },
    { number: 8, name: "map", kind: () => PlainValue_EntriesSchema },
  ],
};
