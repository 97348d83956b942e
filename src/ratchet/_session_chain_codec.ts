import { KEY_BYTES, KEY_TYPE, PUBLIC_KEY_BYTES } from "../bytes/mod.ts";
import {
  bytesFieldSize,
  DELIMITED,
  delimitedSize,
  uint32FieldSize,
  VARINT,
  WireReader,
  type WireWriter,
} from "../protobuf/mod.ts";
import { readStoredKey, type StoredKey, skipStoredKey } from "./message_key.ts";
import {
  MAX_MESSAGE_KEYS,
  SessionChain,
  type SessionChainParts,
  type StoredChainKey,
} from "./session_chain.ts";

const RATCHET_KEY = (1 << 3) | DELIMITED;
const RATCHET_KEY_PRIVATE = (2 << 3) | DELIMITED;
const CHAIN_KEY = (3 << 3) | DELIMITED;
const MESSAGE_KEY = (4 << 3) | DELIMITED;
const KNOWN_OF_CHAIN = 0b1_1110;

const INDEX = (1 << 3) | VARINT;
const KEY = (2 << 3) | DELIMITED;
const CLOSED_NUMBER = 110;
const CLOSED = (CLOSED_NUMBER << 3) | VARINT;
const KNOWN_OF_KEY = 0b110;
/** Two bytes for the tag and one for the value. */
const CLOSED_FIELD_BYTES = 3;

/** Reads a public key of 33 bytes, or an empty one. @throws {CorruptError | WrongLengthError} */
export function readPublicKey(reader: WireReader, what: string): Uint8Array {
  return reader.key(what, PUBLIC_KEY_BYTES, KEY_TYPE);
}

/**
 * Reads the chain that the reader has entered. Keys are views of the reader's memory.
 *
 * @throws {CorruptError | WrongLengthError}
 */
export function readChain(reader: WireReader): SessionChain {
  const encoded = reader.remaining();
  let ratchetKey: Uint8Array | undefined;
  let ratchetKeyPrivate: Uint8Array | undefined;
  let chainKey: StoredChainKey | undefined;
  let rest: number[] | undefined;
  const messageKeys: StoredKey[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    switch (tag) {
      case RATCHET_KEY:
        ratchetKey = readPublicKey(reader, "a ratchet key");
        break;
      case RATCHET_KEY_PRIVATE:
        ratchetKeyPrivate = reader.key("a private ratchet key", KEY_BYTES);
        break;
      case CHAIN_KEY:
        if (chainKey !== undefined) throw reader.corrupt("a chain has two keys");
        chainKey = readChainKey(reader);
        break;
      case MESSAGE_KEY: {
        if (messageKeys.length === MAX_MESSAGE_KEYS)
          throw reader.corrupt("a chain has too many message keys");
        const outer = reader.enter();
        messageKeys.push(readStoredKey(reader));
        reader.leave(outer);
        break;
      }
      default:
        rest = reader.unknown(tag, KNOWN_OF_CHAIN, rest);
    }
  }
  const unknown = reader.join(rest);
  return new SessionChain({ ratchetKey, ratchetKeyPrivate, chainKey, messageKeys, unknown, encoded });
}

/**
 * Checks the chain that the reader has entered, as `readChain` does, without views: to create one takes longer
 * than to check a key.
 *
 * @returns The length of its ratchet key; `undefined` when it has none.
 * @throws {CorruptError | WrongLengthError}
 */
export function skipChain(reader: WireReader): number | undefined {
  let ratchetKeyBytes: number | undefined;
  let hasChainKey = false;
  let messageKeys = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === RATCHET_KEY) ratchetKeyBytes = reader.skipKey("a ratchet key", PUBLIC_KEY_BYTES, KEY_TYPE);
    else if (tag === RATCHET_KEY_PRIVATE) reader.skipKey("a private ratchet key", KEY_BYTES);
    else if (tag === CHAIN_KEY) {
      if (hasChainKey) throw reader.corrupt("a chain has two keys");
      hasChainKey = true;
      const outer = reader.enter();
      skipChainKey(reader);
      reader.leave(outer);
    } else if (tag === MESSAGE_KEY) {
      if (messageKeys === MAX_MESSAGE_KEYS) throw reader.corrupt("a chain has too many message keys");
      messageKeys += 1;
      const outer = reader.enter();
      skipStoredKey(reader);
      reader.leave(outer);
    } else reader.unknown(tag, KNOWN_OF_CHAIN, undefined);
  }
  return ratchetKeyBytes;
}

/** The chain that the reader has entered, which is checked. Its parts are decoded when they are used. */
export function packedChain(reader: WireReader): SessionChain {
  return SessionChain.packed(reader.place(), partsOf);
}

function partsOf(packed: Uint8Array): SessionChainParts {
  return readChain(new WireReader(packed, "decode session")).parts;
}

/** Size of a chain without its tag and length. */
export function chainSize(chain: SessionChain): number {
  if (chain.encoded !== undefined) return chain.encoded.length;
  const { parts } = chain;
  let size =
    bytesFieldSize(parts.ratchetKey) + bytesFieldSize(parts.ratchetKeyPrivate) + parts.unknown.length;
  if (parts.chainKey !== undefined) size += delimitedSize(chainKeySize(parts.chainKey));
  for (const key of parts.messageKeys) size += delimitedSize(key.bytes.length);
  return size;
}

/** Writes a chain as a field with this tag. */
export function writeChain(writer: WireWriter, tag: number, chain: SessionChain): void {
  writer.varint(tag);
  writer.varint(chainSize(chain));
  if (chain.encoded !== undefined) {
    writer.raw(chain.encoded);
    return;
  }
  const { parts } = chain;
  writer.bytesField(RATCHET_KEY, parts.ratchetKey);
  writer.bytesField(RATCHET_KEY_PRIVATE, parts.ratchetKeyPrivate);
  const { chainKey } = parts;
  if (chainKey !== undefined) {
    writer.varint(CHAIN_KEY);
    writer.varint(chainKeySize(chainKey));
    writer.uint32Field(INDEX, chainKey.index);
    writer.bytesField(KEY, chainKey.key);
    writer.boolField(CLOSED, chainKey.closed);
    writer.raw(chainKey.unknown);
  }
  for (const key of parts.messageKeys) writer.bytesField(MESSAGE_KEY, key.bytes);
  writer.raw(parts.unknown);
}

function readChainKey(reader: WireReader): StoredChainKey {
  const outer = reader.enter();
  let index: number | undefined;
  let key: Uint8Array | undefined;
  let closed: boolean | undefined;
  let rest: number[] | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === INDEX) index = reader.uint32();
    else if (tag === KEY) key = reader.key("a chain key", KEY_BYTES);
    else if (tag === CLOSED) closed = reader.bool();
    else if (tag >>> 3 === CLOSED_NUMBER)
      throw reader.corrupt(`field ${CLOSED_NUMBER} has the wrong wire type`);
    else rest = reader.unknown(tag, KNOWN_OF_KEY, rest);
  }
  const unknown = reader.join(rest);
  reader.leave(outer);
  return { index, key, closed, unknown };
}

/** As `readChainKey`, of the key that the reader has entered, without a view of it. */
function skipChainKey(reader: WireReader): void {
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === INDEX) reader.uint32();
    else if (tag === KEY) reader.skipKey("a chain key", KEY_BYTES);
    else if (tag === CLOSED) reader.bool();
    else if (tag >>> 3 === CLOSED_NUMBER)
      throw reader.corrupt(`field ${CLOSED_NUMBER} has the wrong wire type`);
    else reader.unknown(tag, KNOWN_OF_KEY, undefined);
  }
}

function chainKeySize(chainKey: StoredChainKey): number {
  return (
    uint32FieldSize(chainKey.index) +
    bytesFieldSize(chainKey.key) +
    (chainKey.closed === undefined ? 0 : CLOSED_FIELD_BYTES) +
    chainKey.unknown.length
  );
}
