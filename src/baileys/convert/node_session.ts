/**
 * Session records of libsignal-node (`SessionRecord.serialize()`), and the same with bytes instead of base64.
 */

import { encodeBase64, KEY_BYTES, MAX_UINT32, PUBLIC_KEY_BYTES } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { type JsonObject, readBytes, requireBytes, requireInteger, requireObject } from "./_bytes.ts";
import { isMessageKeyLength } from "./_message_key.ts";

/** The only used version of libsignal-node's records. */
export const NODE_RECORD_VERSION = "v1";

/** `chainType` of a sending chain. */
export const SENDING = 1;

/** `chainType` of a receiving chain. */
export const RECEIVING = 2;

/** `closed` of an open session. */
export const OPEN = -1;

/** A chain of a session, in JSON. */
export interface NodeChainJson {
  chainKey: { counter: number; key?: string | undefined };
  chainType: number;
  messageKeys: Record<string, string>;
}

/** A session, in JSON: bytes are base64. */
export interface NodeSessionJson {
  registrationId?: number | undefined;
  currentRatchet: {
    ephemeralKeyPair: { pubKey: string; privKey: string };
    lastRemoteEphemeralKey: string;
    previousCounter: number;
    rootKey: string;
  };
  indexInfo: {
    baseKey: string;
    baseKeyType?: number | undefined;
    closed?: number | undefined;
    used?: number | undefined;
    created?: number | undefined;
    remoteIdentityKey: string;
  };
  _chains: Record<string, NodeChainJson>;
  pendingPreKey?: { signedKeyId: number; baseKey: string; preKeyId?: number };
}

/** Result of `SessionRecord.serialize()`. */
export interface NodeRecordJson {
  _sessions: Record<string, NodeSessionJson>;
  version: string;
}

/** A chain. */
export interface NodeChain {
  readonly ratchetKey: Uint8Array;
  readonly type: number;
  /** Counter of the last message; -1 on a new chain. */
  readonly counter: number;
  /** Absent when the chain is closed. */
  readonly key: Uint8Array | undefined;
  /** Ascending by index. A value has 32 bytes (a seed) or 80: see `_message_key.ts`. */
  readonly messageKeys: readonly (readonly [index: number, key: Uint8Array])[];
}

/** A session. */
export interface NodeSession {
  readonly registrationId: number | undefined;
  readonly ephemeralPublic: Uint8Array;
  readonly ephemeralPrivate: Uint8Array;
  readonly lastRemoteEphemeralKey: Uint8Array;
  readonly previousCounter: number;
  readonly rootKey: Uint8Array;
  readonly baseKey: Uint8Array;
  readonly baseKeyType: number | undefined;
  readonly closed: number | undefined;
  readonly used: number | undefined;
  readonly created: number | undefined;
  readonly remoteIdentityKey: Uint8Array;
  /** In order of creation. */
  readonly chains: readonly NodeChain[];
  readonly pendingPreKey:
    | { readonly signedKeyId: number; readonly baseKey: Uint8Array; readonly preKeyId: number | undefined }
    | undefined;
}

const ACTION = "convert session";

/**
 * Reads a record, in libsignal-node's order of sessions. Migrates a record without a version as
 * libsignal-node does.
 *
 * @throws {CorruptError | WrongLengthError}
 */
export function readNodeRecord(value: unknown): NodeSession[] {
  const record = requireObject(ACTION, "the record", value);
  const version = record.version;
  if (version !== undefined && version !== NODE_RECORD_VERSION) {
    throw new CorruptError(`${ACTION}: the record is of an unknown version`);
  }
  const fallback = version === undefined ? record.registrationId : undefined;
  const sessions = requireObject(ACTION, "_sessions", record._sessions ?? {});
  return Object.entries(sessions).map(([name, session]) => readNodeSession(name, session, fallback));
}

/**
 * Reads one session of a record.
 *
 * @param fallbackRegistrationId The registration id of a record without a version, for all of its sessions.
 * @throws {CorruptError | WrongLengthError}
 */
export function readNodeSession(
  name: string,
  session: unknown,
  fallbackRegistrationId?: unknown,
): NodeSession {
  const read = readSession(requireObject(ACTION, "a session", session), fallbackRegistrationId);
  // The name has a suffix when two sessions share a base key: see `freeSessionName`.
  if (name.replace(/#[0-9]+$/, "") !== encodeBase64(read.baseKey)) {
    throw new CorruptError(`${ACTION}: a session is not named by its base key`);
  }
  return read;
}

/**
 * A free name for a further session of a record. Another client may archive two states of one session.
 * libsignal-node uses names only to find a session by the peer's base key, so it still tries the second one
 * for decryption.
 */
export function freeSessionName(baseKey: string, isTaken: (name: string) => boolean): string {
  let name = baseKey;
  for (let i = 2; isTaken(name); i++) name = `${baseKey}#${i}`;
  return name;
}

/** Writes a record. Sessions keep their order. */
export function writeNodeRecord(sessions: readonly NodeSession[]): NodeRecordJson {
  const named = new Map<string, NodeSessionJson>();
  for (const session of sessions) {
    const name = freeSessionName(encodeBase64(session.baseKey), (known) => named.has(known));
    named.set(name, writeSession(session));
  }
  return { _sessions: Object.fromEntries(named), version: NODE_RECORD_VERSION };
}

function readSession(session: JsonObject, fallbackRegistrationId: unknown): NodeSession {
  const registrationId = session.registrationId;
  const ratchet = requireObject(ACTION, "currentRatchet", session.currentRatchet);
  const pair = requireObject(ACTION, "ephemeralKeyPair", ratchet.ephemeralKeyPair);
  const info = requireObject(ACTION, "indexInfo", session.indexInfo);
  const pending = session.pendingPreKey;
  const chains = requireObject(ACTION, "_chains", session._chains ?? {});
  return {
    registrationId: optionalUint32(
      "registrationId",
      registrationId ? registrationId : (fallbackRegistrationId ?? registrationId),
    ),
    ephemeralPublic: keyOrEmpty("the ephemeral key", pair.pubKey, PUBLIC_KEY_BYTES),
    ephemeralPrivate: keyOrEmpty("the private ephemeral key", pair.privKey, KEY_BYTES),
    lastRemoteEphemeralKey: keyOrEmpty(
      "the remote ephemeral key",
      ratchet.lastRemoteEphemeralKey,
      PUBLIC_KEY_BYTES,
    ),
    previousCounter: requireInteger(ACTION, "previousCounter", ratchet.previousCounter, [-1, MAX_UINT32]),
    rootKey: requireBytes(ACTION, "the root key", ratchet.rootKey, KEY_BYTES),
    baseKey: keyOrEmpty("the base key", info.baseKey, PUBLIC_KEY_BYTES),
    baseKeyType: optionalUint32("baseKeyType", info.baseKeyType),
    closed: optionalTime("closed", info.closed),
    used: optionalTime("used", info.used),
    created: optionalTime("created", info.created),
    remoteIdentityKey: requireBytes(
      ACTION,
      "the remote identity key",
      info.remoteIdentityKey,
      PUBLIC_KEY_BYTES,
    ),
    chains: Object.entries(chains).map(([name, chain]) => readChain(name, chain)),
    pendingPreKey:
      pending == null ? undefined : readPendingPreKey(requireObject(ACTION, "pendingPreKey", pending)),
  };
}

function readPendingPreKey(pending: JsonObject): NodeSession["pendingPreKey"] {
  return {
    signedKeyId: requireInteger(ACTION, "signedKeyId", pending.signedKeyId, [-(2 ** 31), 2 ** 31 - 1]),
    baseKey: requireBytes(ACTION, "the pending base key", pending.baseKey, PUBLIC_KEY_BYTES),
    preKeyId: optionalUint32("preKeyId", pending.preKeyId),
  };
}

/** Reads one chain of a session. @throws {CorruptError | WrongLengthError} */
export function readChain(name: string, value: unknown): NodeChain {
  const chain = requireObject(ACTION, "a chain", value);
  const chainKey = requireObject(ACTION, "chainKey", chain.chainKey);
  const key = chainKey.key;
  const messageKeys = requireObject(ACTION, "messageKeys", chain.messageKeys ?? {});
  return {
    ratchetKey: requireBytes(ACTION, "a ratchet key", name, PUBLIC_KEY_BYTES),
    type: requireInteger(ACTION, "chainType", chain.chainType, [SENDING, RECEIVING]),
    counter: requireInteger(ACTION, "counter", chainKey.counter, [-1, MAX_UINT32 - 1]),
    key: key == null ? undefined : requireBytes(ACTION, "a chain key", key, KEY_BYTES),
    messageKeys: Object.entries(messageKeys)
      .map(([index, seed]) => readMessageKey(index, seed))
      .sort((a, b) => a[0] - b[0]),
  };
}

function readMessageKey(index: string, value: unknown): readonly [number, Uint8Array] {
  if (!/^(?:0|[1-9][0-9]*)$/.test(index)) throw new CorruptError(`${ACTION}: a message key has no index`);
  const number = requireInteger(ACTION, "the index of a message key", Number(index), [0, MAX_UINT32]);
  const key = requireBytes(ACTION, "a message key", value);
  return isMessageKeyLength(key.length)
    ? [number, key]
    : [number, requireBytes(ACTION, "a message key", value, KEY_BYTES)];
}

function writeSession(session: NodeSession): NodeSessionJson {
  const { pendingPreKey } = session;
  return {
    registrationId: session.registrationId,
    currentRatchet: {
      ephemeralKeyPair: {
        pubKey: encodeBase64(session.ephemeralPublic),
        privKey: encodeBase64(session.ephemeralPrivate),
      },
      lastRemoteEphemeralKey: encodeBase64(session.lastRemoteEphemeralKey),
      previousCounter: session.previousCounter,
      rootKey: encodeBase64(session.rootKey),
    },
    indexInfo: {
      baseKey: encodeBase64(session.baseKey),
      baseKeyType: session.baseKeyType,
      closed: session.closed,
      used: session.used,
      created: session.created,
      remoteIdentityKey: encodeBase64(session.remoteIdentityKey),
    },
    _chains: Object.fromEntries(
      session.chains.map((chain) => [encodeBase64(chain.ratchetKey), writeChain(chain)]),
    ),
    ...(pendingPreKey === undefined ? {} : { pendingPreKey: writePendingPreKey(pendingPreKey) }),
  };
}

function writePendingPreKey(
  pending: NonNullable<NodeSession["pendingPreKey"]>,
): NonNullable<NodeSessionJson["pendingPreKey"]> {
  return {
    signedKeyId: pending.signedKeyId,
    baseKey: encodeBase64(pending.baseKey),
    ...(pending.preKeyId === undefined ? {} : { preKeyId: pending.preKeyId }),
  };
}

function writeChain(chain: NodeChain): NodeChainJson {
  return {
    chainKey: { counter: chain.counter, key: chain.key === undefined ? undefined : encodeBase64(chain.key) },
    chainType: chain.type,
    messageKeys: Object.fromEntries(
      chain.messageKeys.map(([index, key]) => [String(index), encodeBase64(key)]),
    ),
  };
}

function keyOrEmpty(what: string, value: unknown, length: number): Uint8Array {
  return readBytes(value)?.length === 0 ? new Uint8Array(0) : requireBytes(ACTION, what, value, length);
}

function optionalUint32(what: string, value: unknown): number | undefined {
  return value == null ? undefined : requireInteger(ACTION, what, value, [0, MAX_UINT32]);
}

function optionalTime(what: string, value: unknown): number | undefined {
  return value == null
    ? undefined
    : requireInteger(ACTION, what, value, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
}
