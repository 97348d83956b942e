import { KEY_BYTES } from "../bytes/mod.ts";
import { requireObject } from "../errors/mod.ts";
import {
  bytesFieldSize,
  DELIMITED,
  uint32FieldSize,
  VARINT,
  varintSize,
  WireReader,
  WireWriter,
} from "../protobuf/mod.ts";
import { copyBytes, requireUint32 } from "./_arguments.ts";

/** Length of the initialisation vector of a message. */
const IV_BYTES = 16;

const INDEX = (1 << 3) | VARINT;
const CIPHER_KEY = (2 << 3) | DELIMITED;
const MAC_KEY = (3 << 3) | DELIMITED;
const IV = (4 << 3) | DELIMITED;
const SEED_NUMBER = 100;
const SEED = (SEED_NUMBER << 3) | DELIMITED;

/** Fields 1 to 4. */
const KNOWN = 0b1_1110;

const DECODE = "decode session";

/**
 * The keys of a skipped message. The standard fields are the three derived keys. Their seed is a private
 * field, which some clients need and others do not have. An absent key is `undefined`.
 */
export interface MessageKey {
  /** Counter of the message. */
  readonly index: number;
  /** 32 bytes. */
  readonly cipherKey?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly macKey?: Uint8Array | undefined;
  /** 16 bytes. */
  readonly iv?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly seed?: Uint8Array | undefined;
}

/** A message key in a chain: its counter, and its encoded message, including unknown fields. */
export interface StoredKey {
  /** Counter of the message in its chain. */
  readonly index: number;
  /** The encoded message, which the chain owns. */
  readonly bytes: Uint8Array;
}

/**
 * Reads the message key that the reader has entered without decoding it, because most skipped keys are never
 * used.
 *
 * @throws {CorruptError | WrongLengthError}
 */
export function readStoredKey(reader: WireReader): StoredKey {
  const bytes = reader.remaining();
  return { index: skipStoredKey(reader), bytes };
}

/** As `readStoredKey`, and returns only the counter. */
export function skipStoredKey(reader: WireReader): number {
  let index = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === INDEX) index = reader.uint32();
    else if (tag === IV) reader.skipKey("iv", IV_BYTES);
    else if (tag === CIPHER_KEY || tag === MAC_KEY || tag === SEED)
      reader.skipKey("a message key", KEY_BYTES);
    else if (tag >>> 3 === SEED_NUMBER) throw reader.corrupt(`field ${SEED_NUMBER} has the wrong wire type`);
    else reader.unknown(tag, KNOWN, undefined);
  }
  return index;
}

/** Decodes a stored key. The keys are copies. */
export function openStoredKey(stored: StoredKey): MessageKey {
  const reader = new WireReader(stored.bytes, DECODE);
  const key: { -readonly [Name in keyof MessageKey]: MessageKey[Name] } = { index: stored.index };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === CIPHER_KEY) key.cipherKey = ownOrAbsent(reader.bytes());
    else if (tag === MAC_KEY) key.macKey = ownOrAbsent(reader.bytes());
    else if (tag === IV) key.iv = ownOrAbsent(reader.bytes());
    else if (tag === SEED) key.seed = ownOrAbsent(reader.bytes());
    else reader.skip(tag & 7);
  }
  return key;
}

/** Encodes a caller's key. @throws {TypeError | RangeError} */
export function storeKey(key: MessageKey): StoredKey {
  requireObject("keep message key: the key", key);
  const index = requireUint32("keep message key: index", key.index);
  const cipherKey = copyOptional(key.cipherKey, KEY_BYTES);
  const macKey = copyOptional(key.macKey, KEY_BYTES);
  const iv = copyOptional(key.iv, IV_BYTES);
  const seed = copyOptional(key.seed, KEY_BYTES);
  const size =
    uint32FieldSize(index) +
    bytesFieldSize(cipherKey) +
    bytesFieldSize(macKey) +
    bytesFieldSize(iv) +
    (seed === undefined ? 0 : varintSize(SEED) + 1 + KEY_BYTES);
  const writer = new WireWriter(size);
  writer.uint32Field(INDEX, index);
  writer.bytesField(CIPHER_KEY, cipherKey);
  writer.bytesField(MAC_KEY, macKey);
  writer.bytesField(IV, iv);
  writer.bytesField(SEED, seed);
  return { index, bytes: writer.bytes };
}

function copyOptional(value: Uint8Array | undefined, length: number): Uint8Array | undefined {
  return value === undefined ? undefined : copyBytes("keep message key", value, length);
}

function ownOrAbsent(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.length === 0 ? undefined : new Uint8Array(bytes);
}
