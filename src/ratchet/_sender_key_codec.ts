import { KEY_BYTES, KEY_TYPE, PUBLIC_KEY_BYTES } from "../bytes/mod.ts";
import { WrongLengthError } from "../errors/mod.ts";
import {
  bytesFieldSize,
  DELIMITED,
  delimitedSize,
  uint32FieldSize,
  VARINT,
  type WireReader,
  type WireWriter,
} from "../protobuf/mod.ts";
import { DECODE_SENDER_KEY, readSenderMessageKey } from "./_sender_message_key.ts";
import type { StoredKey } from "./message_key.ts";
import { SenderKeyState, type SenderKeyStateParts } from "./sender_key_state.ts";
import { MAX_MESSAGE_KEYS } from "./session_chain.ts";

const KEY_ID = (1 << 3) | VARINT;
const CHAIN_KEY = (2 << 3) | DELIMITED;
const SIGNING_KEY = (3 << 3) | DELIMITED;
const MESSAGE_KEY = (4 << 3) | DELIMITED;
const KNOWN_OF_STATE = 0b1_1110;

const ITERATION = (1 << 3) | VARINT;
const SEED = (2 << 3) | DELIMITED;
const PUBLIC = (1 << 3) | DELIMITED;
const PRIVATE = (2 << 3) | DELIMITED;
const KNOWN_OF_KEY = 0b110;

interface ChainParts {
  readonly iteration: number | undefined;
  readonly seed: Uint8Array;
  readonly unknown: Uint8Array;
}

interface SigningParts {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array | undefined;
  readonly unknown: Uint8Array;
}

/**
 * Reads the state that the reader has entered. Keys are views of the reader's memory.
 *
 * @throws {CorruptError | WrongLengthError}
 */
export function readSenderKeyState(reader: WireReader): SenderKeyState {
  const encoded = reader.remaining();
  let keyId: number | undefined;
  let chain: ChainParts | undefined;
  let signing: SigningParts | undefined;
  let rest: number[] | undefined;
  const messageKeys: StoredKey[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === KEY_ID) keyId = reader.uint32();
    else if (tag === CHAIN_KEY) {
      if (chain !== undefined) throw reader.corrupt("a state has two chain keys");
      chain = readChain(reader);
    } else if (tag === SIGNING_KEY) {
      if (signing !== undefined) throw reader.corrupt("a state has two signing keys");
      signing = readSigning(reader);
    } else if (tag === MESSAGE_KEY) {
      if (messageKeys.length === MAX_MESSAGE_KEYS) throw reader.corrupt("a state has too many message keys");
      const outer = reader.enter();
      messageKeys.push(readSenderMessageKey(reader));
      reader.leave(outer);
    } else rest = reader.unknown(tag, KNOWN_OF_STATE, rest);
  }
  if (chain === undefined) throw reader.corrupt("a state has no chain key");
  if (signing === undefined) throw reader.corrupt("a state has no signing key");
  return new SenderKeyState({
    keyId,
    iteration: chain.iteration,
    seed: chain.seed,
    signingPublic: signing.publicKey,
    signingPrivate: signing.privateKey,
    messageKeys,
    unknown: { chain: chain.unknown, signing: signing.unknown, state: reader.join(rest) },
    encoded,
  });
}

/** Size of a state without its tag and length. */
export function senderKeyStateSize(parts: SenderKeyStateParts): number {
  if (parts.encoded !== undefined) return parts.encoded.length;
  let size =
    uint32FieldSize(parts.keyId) +
    delimitedSize(chainSize(parts)) +
    delimitedSize(signingSize(parts)) +
    parts.unknown.state.length;
  for (const key of parts.messageKeys) size += delimitedSize(key.bytes.length);
  return size;
}

/** Writes a state as a field with this tag. */
export function writeSenderKeyState(writer: WireWriter, tag: number, parts: SenderKeyStateParts): void {
  writer.varint(tag);
  writer.varint(senderKeyStateSize(parts));
  if (parts.encoded !== undefined) {
    writer.raw(parts.encoded);
    return;
  }
  writer.uint32Field(KEY_ID, parts.keyId);
  writer.varint(CHAIN_KEY);
  writer.varint(chainSize(parts));
  writer.uint32Field(ITERATION, parts.iteration);
  writer.bytesField(SEED, parts.seed);
  writer.raw(parts.unknown.chain);
  writer.varint(SIGNING_KEY);
  writer.varint(signingSize(parts));
  writer.bytesField(PUBLIC, parts.signingPublic);
  writer.bytesField(PRIVATE, parts.signingPrivate);
  writer.raw(parts.unknown.signing);
  for (const key of parts.messageKeys) writer.bytesField(MESSAGE_KEY, key.bytes);
  writer.raw(parts.unknown.state);
}

function readChain(reader: WireReader): ChainParts {
  const outer = reader.enter();
  let iteration: number | undefined;
  let seed: Uint8Array | undefined;
  let rest: number[] | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ITERATION) iteration = reader.uint32();
    else if (tag === SEED) seed = reader.key("seed", KEY_BYTES);
    else rest = reader.unknown(tag, KNOWN_OF_KEY, rest);
  }
  const unknown = reader.join(rest);
  reader.leave(outer);
  if (seed === undefined) throw reader.corrupt("seed is missing");
  requireKey("seed", seed, KEY_BYTES);
  return { iteration, seed, unknown };
}

function readSigning(reader: WireReader): SigningParts {
  const outer = reader.enter();
  let publicKey: Uint8Array | undefined;
  let privateKey: Uint8Array | undefined;
  let rest: number[] | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === PUBLIC) publicKey = reader.bytes();
    else if (tag === PRIVATE) privateKey = reader.key("private", KEY_BYTES);
    else rest = reader.unknown(tag, KNOWN_OF_KEY, rest);
  }
  const unknown = reader.join(rest);
  reader.leave(outer);
  if (publicKey === undefined) throw reader.corrupt("public is missing");
  // Some clients store it with the prefix, some without.
  if (publicKey.length !== PUBLIC_KEY_BYTES) requireKey("public", publicKey, KEY_BYTES);
  else if (publicKey[0] !== KEY_TYPE) throw reader.corrupt("public is of an unknown type");
  return { publicKey, privateKey, unknown };
}

function chainSize(parts: SenderKeyStateParts): number {
  return uint32FieldSize(parts.iteration) + bytesFieldSize(parts.seed) + parts.unknown.chain.length;
}

function signingSize(parts: SenderKeyStateParts): number {
  return (
    bytesFieldSize(parts.signingPublic) + bytesFieldSize(parts.signingPrivate) + parts.unknown.signing.length
  );
}

function requireKey(what: string, key: Uint8Array, length: number): void {
  if (key.length === length) return;
  throw new WrongLengthError(`${DECODE_SENDER_KEY}: ${what} is ${key.length} bytes, expected ${length}`);
}
