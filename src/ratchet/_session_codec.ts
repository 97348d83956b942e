import { KEY_BYTES, KEY_TYPE, PUBLIC_KEY_BYTES } from "../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import {
  bytesFieldSize,
  DELIMITED,
  delimitedSize,
  EMPTY,
  int32FieldSize,
  type Place,
  uint32FieldSize,
  VARINT,
  WireReader,
  WireWriter,
} from "../protobuf/mod.ts";
import {
  chainSize,
  packedChain,
  readChain,
  readPublicKey,
  skipChain,
  writeChain,
} from "./_session_chain_codec.ts";
import type { SessionChain } from "./session_chain.ts";

/** Maximum number of receiving chains of a session, as in other clients. The oldest is dropped first. */
export const MAX_RECEIVER_CHAINS = 5;

export const DECODE_SESSION = "decode session";

const SESSION_VERSION = (1 << 3) | VARINT;
const LOCAL_IDENTITY = (2 << 3) | DELIMITED;
const REMOTE_IDENTITY = (3 << 3) | DELIMITED;
const ROOT_KEY = (4 << 3) | DELIMITED;
const PREVIOUS_COUNTER = (5 << 3) | VARINT;
const SENDER_CHAIN = (6 << 3) | DELIMITED;
const RECEIVER_CHAIN = (7 << 3) | DELIMITED;
const PENDING_KEY_EXCHANGE = (8 << 3) | DELIMITED;
const PENDING_PRE_KEY = (9 << 3) | DELIMITED;
const REMOTE_REGISTRATION_ID = (10 << 3) | VARINT;
const LOCAL_REGISTRATION_ID = (11 << 3) | VARINT;
const NEEDS_REFRESH = (12 << 3) | VARINT;
const ALICE_BASE_KEY = (13 << 3) | DELIMITED;
/** Fields 1 to 13. */
const KNOWN_OF_SESSION = 0b11_1111_1111_1110;

const PRE_KEY_ID = (1 << 3) | VARINT;
const BASE_KEY = (2 << 3) | DELIMITED;
const SIGNED_PRE_KEY_ID = (3 << 3) | VARINT;
const KNOWN_OF_PENDING = 0b1110;

/** A stored pending pre-key. */
export interface StoredPendingPreKey {
  /** Id of the one-time pre-key; `undefined` when the peer had none. */
  readonly preKeyId: number | undefined;
  /** Our base key, 33 bytes with the 0x05 prefix. */
  readonly baseKey: Uint8Array | undefined;
  /** Id of the peer's signed pre-key. */
  readonly signedPreKeyId: number | undefined;
  /** Unknown fields, encoded. */
  readonly unknown: Uint8Array;
}

/** One stored session. Fields missing from the bytes are `undefined`; an empty key counts as absent. */
export interface SessionParts {
  /** Version of the message format, 3 in practice. */
  sessionVersion: number | undefined;
  /** Our identity key, 33 bytes with the 0x05 prefix. */
  localIdentityPublic: Uint8Array | undefined;
  /** The peer's identity key, 33 bytes with the 0x05 prefix. */
  remoteIdentityPublic: Uint8Array | undefined;
  /** 32 bytes. */
  rootKey: Uint8Array | undefined;
  /** Counter of the last message on the previous sending chain; 0 when there was none. */
  previousCounter: number | undefined;
  /** The sending chain, with its private ratchet key. */
  senderChain: SessionChain | undefined;
  /** Never changed in place, because copies share it. */
  receiverChains: readonly SessionChain[];
  /** Obsolete; kept unchanged. */
  pendingKeyExchange: Uint8Array | undefined;
  /** The pre-keys that messages name until the peer has answered. */
  pendingPreKey: StoredPendingPreKey | undefined;
  /** The peer's registration id. */
  remoteRegistrationId: number | undefined;
  /** Our registration id at the time of the session. */
  localRegistrationId: number | undefined;
  /** Set by clients that want to renew the session. Stored as it is. */
  needsRefresh: boolean | undefined;
  /** Base key of the side that began the session, 33 bytes with the 0x05 prefix. */
  aliceBaseKey: Uint8Array | undefined;
  /** Unknown fields, encoded. */
  unknown: Uint8Array;
}

/**
 * Decodes one session. Keys are views of `bytes`, which the session owns afterwards.
 *
 * @throws {CorruptError | WrongLengthError}
 */
export function decodeSession(bytes: Uint8Array): SessionParts {
  return readSession(new WireReader(bytes, DECODE_SESSION)).parts;
}

/**
 * A stored session that was checked, and is decoded when more than its sending chain is used: most of what is
 * made of a session is a view of each key, which takes longer than to check it. Copies of a session share it.
 */
export class StoredSession {
  readonly senderChain: SessionChain | undefined;
  readonly #place: Place;
  #parts: SessionParts | undefined;

  constructor(place: Place, senderChain: SessionChain | undefined) {
    this.#place = place;
    this.senderChain = senderChain;
  }

  /** All parts, which are shared. */
  get parts(): SessionParts {
    if (this.#parts === undefined) {
      const { source, start, end } = this.#place;
      this.#parts = { ...emptySession(), senderChain: this.senderChain };
      readParts(new WireReader(source.subarray(start, end), DECODE_SESSION), this.#parts);
    }
    return this.#parts;
  }
}

/**
 * Checks the session that the reader has entered, which owns the reader's memory afterwards.
 *
 * @throws {CorruptError | WrongLengthError}
 */
export function readSession(reader: WireReader): StoredSession {
  const place = reader.place();
  let senderChain: SessionChain | undefined;
  let rootKey: number | undefined;
  let remoteIdentity: number | undefined;
  let receiverChains = 0;
  /** The first length that is not that of a public key. */
  let ratchetKey: number | undefined = PUBLIC_KEY_BYTES;
  let hasExchange = false;
  let hasPreKey = false;
  while (reader.more()) {
    const tag = reader.tag();
    switch (tag) {
      case SESSION_VERSION:
      case PREVIOUS_COUNTER:
      case REMOTE_REGISTRATION_ID:
      case LOCAL_REGISTRATION_ID:
      case NEEDS_REFRESH:
        reader.uint32();
        break;
      case LOCAL_IDENTITY:
        reader.skipKey("local identity public", PUBLIC_KEY_BYTES, KEY_TYPE);
        break;
      case REMOTE_IDENTITY:
        remoteIdentity = reader.skipKey("remote identity public", PUBLIC_KEY_BYTES, KEY_TYPE);
        break;
      case ROOT_KEY:
        rootKey = reader.skipKey("root key", KEY_BYTES);
        break;
      case SENDER_CHAIN: {
        if (senderChain !== undefined) throw reader.corrupt("two sending chains");
        const outer = reader.enter();
        senderChain = readChain(reader);
        reader.leave(outer);
        break;
      }
      case RECEIVER_CHAIN: {
        if (receiverChains === MAX_RECEIVER_CHAINS) throw reader.corrupt("too many receiving chains");
        receiverChains += 1;
        const outer = reader.enter();
        const bytes = skipChain(reader);
        reader.leave(outer);
        if (ratchetKey === PUBLIC_KEY_BYTES) ratchetKey = bytes;
        break;
      }
      case PENDING_KEY_EXCHANGE:
        if (hasExchange) throw reader.corrupt("two pending key exchanges");
        hasExchange = true;
        reader.skip(DELIMITED);
        break;
      case PENDING_PRE_KEY:
        if (hasPreKey) throw reader.corrupt("two pending pre-keys");
        hasPreKey = true;
        readPendingPreKey(reader);
        break;
      case ALICE_BASE_KEY:
        reader.skipKey("alice base key", PUBLIC_KEY_BYTES, KEY_TYPE);
        break;
      default:
        reader.unknown(tag, KNOWN_OF_SESSION, undefined);
    }
  }
  // Empty keys count as absent, because other clients write both. A session without a root key is blank: some
  // clients store one where there is no session.
  const sends = senderChain?.chainKey !== undefined;
  if (sends || receiverChains > 0) requireLength("root key", rootKey, KEY_BYTES);
  if (rootKey !== undefined && rootKey > 0)
    requireLength("remote identity public", remoteIdentity, PUBLIC_KEY_BYTES);
  requireLength("a ratchet key", ratchetKey, PUBLIC_KEY_BYTES);
  if (sends) {
    const { parts } = senderChain as SessionChain;
    requireLength("the sending ratchet key", parts.ratchetKey?.length, PUBLIC_KEY_BYTES);
    requireLength("the private sending ratchet key", parts.ratchetKeyPrivate?.length, KEY_BYTES);
  }
  return new StoredSession(place, senderChain);
}

/** Encodes one session. The caller owns the bytes. */
export function encodeSession(parts: Readonly<SessionParts>): Uint8Array {
  const writer = new WireWriter(sessionSize(parts));
  writeSession(writer, parts);
  return writer.bytes;
}

/** Reads a checked session into `parts`, which have the sending chain. */
function readParts(reader: WireReader, parts: SessionParts): void {
  const receiverChains: SessionChain[] = [];
  let rest: number[] | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    switch (tag) {
      case SESSION_VERSION:
        parts.sessionVersion = reader.uint32();
        break;
      case LOCAL_IDENTITY:
        parts.localIdentityPublic = readPublicKey(reader, "local identity public");
        break;
      case REMOTE_IDENTITY:
        parts.remoteIdentityPublic = readPublicKey(reader, "remote identity public");
        break;
      case ROOT_KEY:
        parts.rootKey = reader.key("root key", KEY_BYTES);
        break;
      case PREVIOUS_COUNTER:
        parts.previousCounter = reader.uint32();
        break;
      case RECEIVER_CHAIN: {
        const outer = reader.enter();
        receiverChains.push(packedChain(reader));
        reader.leave(outer);
        break;
      }
      case PENDING_KEY_EXCHANGE:
        parts.pendingKeyExchange = reader.bytes();
        break;
      case PENDING_PRE_KEY:
        parts.pendingPreKey = readPendingPreKey(reader);
        break;
      case REMOTE_REGISTRATION_ID:
        parts.remoteRegistrationId = reader.uint32();
        break;
      case LOCAL_REGISTRATION_ID:
        parts.localRegistrationId = reader.uint32();
        break;
      case NEEDS_REFRESH:
        parts.needsRefresh = reader.bool();
        break;
      case ALICE_BASE_KEY:
        parts.aliceBaseKey = readPublicKey(reader, "alice base key");
        break;
      case SENDER_CHAIN:
        reader.skip(DELIMITED);
        break;
      default:
        rest = reader.unknown(tag, KNOWN_OF_SESSION, rest);
    }
  }
  parts.receiverChains = receiverChains;
  parts.unknown = reader.join(rest);
}

/** Size of a session without its tag and length. */
export function sessionSize(parts: Readonly<SessionParts>): number {
  let size =
    uint32FieldSize(parts.sessionVersion) +
    bytesFieldSize(parts.localIdentityPublic) +
    bytesFieldSize(parts.remoteIdentityPublic) +
    bytesFieldSize(parts.rootKey) +
    uint32FieldSize(parts.previousCounter) +
    bytesFieldSize(parts.pendingKeyExchange) +
    uint32FieldSize(parts.remoteRegistrationId) +
    uint32FieldSize(parts.localRegistrationId) +
    (parts.needsRefresh === undefined ? 0 : 2) +
    bytesFieldSize(parts.aliceBaseKey) +
    parts.unknown.length;
  if (parts.senderChain !== undefined) size += delimitedSize(chainSize(parts.senderChain));
  for (const chain of parts.receiverChains) size += delimitedSize(chainSize(chain));
  if (parts.pendingPreKey !== undefined) size += delimitedSize(pendingPreKeySize(parts.pendingPreKey));
  return size;
}

/** Writes a session without its tag and length: known fields in ascending order, then unknown ones. */
export function writeSession(writer: WireWriter, parts: Readonly<SessionParts>): void {
  writer.uint32Field(SESSION_VERSION, parts.sessionVersion);
  writer.bytesField(LOCAL_IDENTITY, parts.localIdentityPublic);
  writer.bytesField(REMOTE_IDENTITY, parts.remoteIdentityPublic);
  writer.bytesField(ROOT_KEY, parts.rootKey);
  writer.uint32Field(PREVIOUS_COUNTER, parts.previousCounter);
  if (parts.senderChain !== undefined) writeChain(writer, SENDER_CHAIN, parts.senderChain);
  for (const chain of parts.receiverChains) writeChain(writer, RECEIVER_CHAIN, chain);
  writer.bytesField(PENDING_KEY_EXCHANGE, parts.pendingKeyExchange);
  if (parts.pendingPreKey !== undefined) writePendingPreKey(writer, parts.pendingPreKey);
  writer.uint32Field(REMOTE_REGISTRATION_ID, parts.remoteRegistrationId);
  writer.uint32Field(LOCAL_REGISTRATION_ID, parts.localRegistrationId);
  writer.boolField(NEEDS_REFRESH, parts.needsRefresh);
  writer.bytesField(ALICE_BASE_KEY, parts.aliceBaseKey);
  writer.raw(parts.unknown);
}

/** A session without fields. */
export function emptySession(): SessionParts {
  return {
    sessionVersion: undefined,
    localIdentityPublic: undefined,
    remoteIdentityPublic: undefined,
    rootKey: undefined,
    previousCounter: undefined,
    senderChain: undefined,
    receiverChains: [],
    pendingKeyExchange: undefined,
    pendingPreKey: undefined,
    remoteRegistrationId: undefined,
    localRegistrationId: undefined,
    needsRefresh: undefined,
    aliceBaseKey: undefined,
    unknown: EMPTY,
  };
}

function readPendingPreKey(reader: WireReader): StoredPendingPreKey {
  const outer = reader.enter();
  let preKeyId: number | undefined;
  let baseKey: Uint8Array | undefined;
  let signedPreKeyId: number | undefined;
  let rest: number[] | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === PRE_KEY_ID) preKeyId = reader.uint32();
    else if (tag === BASE_KEY) baseKey = readPublicKey(reader, "pending base key");
    else if (tag === SIGNED_PRE_KEY_ID) signedPreKeyId = reader.int32();
    else rest = reader.unknown(tag, KNOWN_OF_PENDING, rest);
  }
  const unknown = reader.join(rest);
  reader.leave(outer);
  return { preKeyId, baseKey, signedPreKeyId, unknown };
}

function pendingPreKeySize(pending: StoredPendingPreKey): number {
  return (
    uint32FieldSize(pending.preKeyId) +
    bytesFieldSize(pending.baseKey) +
    int32FieldSize(pending.signedPreKeyId) +
    pending.unknown.length
  );
}

function writePendingPreKey(writer: WireWriter, pending: StoredPendingPreKey): void {
  writer.varint(PENDING_PRE_KEY);
  writer.varint(pendingPreKeySize(pending));
  writer.uint32Field(PRE_KEY_ID, pending.preKeyId);
  writer.bytesField(BASE_KEY, pending.baseKey);
  writer.int32Field(SIGNED_PRE_KEY_ID, pending.signedPreKeyId);
  writer.raw(pending.unknown);
}

/**
 * Checks a session of a caller, whose keys are already checked. @throws {RangeError} When a key is
 * missing.
 */
export function checkSession(action: string, parts: Readonly<SessionParts>): void {
  const missing = [
    ["root key", parts.rootKey],
    ["remote identity", parts.remoteIdentityPublic],
  ] as const;
  for (const [what, key] of missing) {
    if (key === undefined || key.length === 0) throw new RangeError(`${action}: the ${what} is missing`);
  }
}

function requireLength(what: string, actual: number | undefined, length: number): void {
  if (actual === undefined) throw new CorruptError(`${DECODE_SESSION}: ${what} is missing`);
  if (actual !== length) {
    throw new WrongLengthError(`${DECODE_SESSION}: ${what} is ${actual} bytes, expected ${length}`);
  }
}
