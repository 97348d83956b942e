import { Buffer } from "node:buffer";
import { DELIMITED, VARINT, WireReader } from "../../protobuf/mod.ts";

/** The two sides of the conversation. */
export const SIDES = ["alice", "bob"] as const;
export type SideName = (typeof SIDES)[number];

/** A message in transit. `number` counts the messages of its author from 0. */
export interface Frame {
  readonly author: SideName;
  readonly number: number;
  readonly type: "pkmsg" | "msg";
  /** In base64, since a frame passes from one process to the next. */
  readonly ciphertext: string;
}

/** Fields of Signal's messages, as `number * 8 + wire type`. */
const RATCHET_KEY = 1 * 8 + DELIMITED;
const COUNTER = 2 * 8 + VARINT;
const INNER_MESSAGE = 4 * 8 + DELIMITED;

/** The version before a message, and the MAC behind one that has no pre-key. */
const VERSION_BYTES = 1;
const MAC_BYTES = 8;

/** Names the key that encrypted a frame: its ratchet key and counter. Two equal names are one key, used twice. */
export function messageKeyName({ author, type, ciphertext }: Frame): string {
  const outer = Buffer.from(ciphertext, "base64");
  const message = type === "pkmsg" ? innerMessage(outer) : outer;
  const reader = new WireReader(message.subarray(VERSION_BYTES, message.length - MAC_BYTES), "read frame");
  let ratchetKey = "";
  let counter = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === RATCHET_KEY) ratchetKey = Buffer.from(reader.bytes()).toString("base64");
    else if (tag === COUNTER) counter = reader.uint32();
    else reader.skip(tag & 7);
  }
  return `${author} ${ratchetKey} ${counter}`;
}

/** The message in one that sets up a session. */
function innerMessage(outer: Uint8Array): Uint8Array {
  const reader = new WireReader(outer.subarray(VERSION_BYTES), "read frame");
  let inner: Uint8Array = outer;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === INNER_MESSAGE) inner = reader.bytes();
    else reader.skip(tag & 7);
  }
  return inner;
}
