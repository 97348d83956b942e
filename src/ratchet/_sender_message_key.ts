import { KEY_BYTES } from "../bytes/mod.ts";
import { requireObject, WrongLengthError } from "../errors/mod.ts";
import {
  bytesFieldSize,
  DELIMITED,
  uint32FieldSize,
  VARINT,
  WireReader,
  WireWriter,
} from "../protobuf/mod.ts";
import { copyBytes, requireUint32 } from "./_arguments.ts";
import type { StoredKey } from "./message_key.ts";

export const DECODE_SENDER_KEY = "decode sender key";

const ITERATION = (1 << 3) | VARINT;
const SEED = (2 << 3) | DELIMITED;
/** Fields 1 and 2. */
const KNOWN = 0b110;

/** The key of a skipped group message. */
export interface SenderMessageKey {
  /** Iteration of the message in its chain, 0 … 2^32−1. */
  readonly iteration: number;
  /** The seed from which the keys of the message are derived, 32 bytes. */
  readonly seed: Uint8Array;
}

/**
 * Reads the message key that the reader has entered, without copying it. @throws {CorruptError |
 * WrongLengthError}
 */
export function readSenderMessageKey(reader: WireReader): StoredKey {
  const bytes = reader.remaining();
  let index = 0;
  let seedBytes: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ITERATION) index = reader.uint32();
    else if (tag === SEED) seedBytes = reader.key("seed", KEY_BYTES).length;
    else reader.unknown(tag, KNOWN, undefined);
  }
  if (seedBytes === undefined) throw reader.corrupt("seed is missing");
  if (seedBytes === 0)
    throw new WrongLengthError(`${DECODE_SENDER_KEY}: seed is 0 bytes, expected ${KEY_BYTES}`);
  return { index, bytes };
}

/** A copy of the seed of a stored key. */
export function openSenderKey(stored: StoredKey): Uint8Array | undefined {
  const reader = new WireReader(stored.bytes, DECODE_SENDER_KEY);
  let seed: Uint8Array | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SEED) seed = new Uint8Array(reader.bytes());
    else reader.skip(tag & 7);
  }
  return seed;
}

/** Encodes a caller's key. @throws {TypeError | RangeError} */
export function storeSenderKey(key: SenderMessageKey): StoredKey {
  requireObject("keep sender message key: the key", key);
  const index = requireUint32("keep sender message key: iteration", key.iteration);
  const seed = copyBytes("keep sender message key: seed", key.seed);
  const writer = new WireWriter(uint32FieldSize(index) + bytesFieldSize(seed));
  writer.uint32Field(ITERATION, index);
  writer.bytesField(SEED, seed);
  return { index, bytes: writer.bytes };
}
