import type { HashState, SyncKey } from "../../backend/mod.ts";
import { decodeBase64, encodeBase64, MAX_UINT32 } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import {
  decodeSyncKeyFingerprint,
  encodeSyncKeyFingerprint,
  type SyncKeyFingerprint,
} from "../../records/mod.ts";
import { isObject, type JsonObject, requireBytes, requireInteger, requireObject } from "./_bytes.ts";
import { plainBytes, type WrapBytes } from "./wrap_bytes.ts";

/** Length of the LT-hash. */
const HASH_BYTES = 128;

/** `app-state-sync-key` of Baileys: `Message.AppStateSyncKeyData`, with the timestamp as a number. */
export interface BaileysSyncKey {
  keyData: Uint8Array;
  fingerprint?: { rawId?: number | undefined; currentIndex?: number | undefined; deviceIndexes: number[] };
  timestamp: number;
}

/** `app-state-sync-version` of Baileys: `LTHashState`. */
export interface BaileysHashState {
  version: number;
  hash: Uint8Array;
  indexValueMap: Record<string, { valueMac: Uint8Array }>;
}

/** Decodes Baileys' base64 key id; `undefined` when the text is not one. */
export function syncKeyIdToBytes(id: string): Uint8Array | undefined {
  const bytes = decodeBase64(id);
  return bytes === undefined || bytes.length === 0 ? undefined : bytes;
}

/** Encodes a key id as Baileys' base64. */
export function bytesToSyncKeyId(keyId: Uint8Array): string {
  return encodeBase64(keyId);
}

/**
 * Converts an `app-state-sync-key` of Baileys, in the form of protobuf.js or of Baileys' files.
 *
 * @throws {CorruptError} When it is not such a key.
 */
export function baileysToSyncKey(value: unknown): SyncKey {
  const action = "convert sync key";
  const key = requireObject(action, "the key", value);
  const keyData = requireBytes(action, "keyData", key.keyData);
  if (keyData.length === 0) throw new CorruptError(`${action}: keyData is empty`);
  return {
    keyData,
    fingerprint: isObject(key.fingerprint)
      ? encodeSyncKeyFingerprint(readFingerprint(action, key.fingerprint))
      : new Uint8Array(0),
    timestamp: readInt64(action, "timestamp", key.timestamp ?? 0),
  };
}

/**
 * Converts a stored sync key to an `app-state-sync-key` of Baileys. @throws {CorruptError} When its
 * fingerprint does not decode.
 */
export function syncKeyToBaileys(key: SyncKey, wrapBytes: WrapBytes = plainBytes): BaileysSyncKey {
  const converted: BaileysSyncKey = {
    keyData: wrapBytes(new Uint8Array(key.keyData)),
    timestamp: key.timestamp,
  };
  if (key.fingerprint.length > 0) {
    const fingerprint = decodeSyncKeyFingerprint(key.fingerprint);
    converted.fingerprint = { ...fingerprint, deviceIndexes: [...fingerprint.deviceIndexes] };
  }
  return converted;
}

/**
 * Converts an `app-state-sync-version` of Baileys.
 *
 * @throws {CorruptError | WrongLengthError} When it is not such a state.
 */
export function baileysToHashState(value: unknown): HashState {
  const action = "convert hash state";
  const state = requireObject(action, "the state", value);
  const map = requireObject(action, "indexValueMap", state.indexValueMap ?? {});
  return {
    version: BigInt(requireInteger(action, "version", state.version, [0, Number.MAX_SAFE_INTEGER])),
    hash: requireBytes(action, "hash", state.hash, HASH_BYTES),
    indexValueMap: new Map(
      Object.entries(map).map(([indexMac, entry]) => [
        indexMac,
        requireBytes(action, "valueMac", requireObject(action, "an entry", entry).valueMac),
      ]),
    ),
    macMismatchFatal: false,
  };
}

/**
 * Converts a stored state to an `app-state-sync-version` of Baileys. @throws {CorruptError} When the version
 * exceeds 2^53−1.
 */
export function hashStateToBaileys(
  state: Pick<HashState, "version" | "hash"> & {
    readonly indexValueMap: Iterable<readonly [indexMac: string, valueMac: Uint8Array]>;
  },
  wrapBytes: WrapBytes = plainBytes,
): BaileysHashState {
  if (state.version > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new CorruptError("convert hash state: version is out of range");
  }
  return {
    version: Number(state.version),
    hash: wrapBytes(new Uint8Array(state.hash)),
    indexValueMap: Object.fromEntries(
      [...state.indexValueMap].map(([indexMac, valueMac]) => [
        indexMac,
        { valueMac: wrapBytes(new Uint8Array(valueMac)) },
      ]),
    ),
  };
}

function readFingerprint(action: string, fingerprint: JsonObject): SyncKeyFingerprint {
  const uint32 = (what: string, value: unknown) => requireInteger(action, what, value, [0, MAX_UINT32]);
  const { rawId, currentIndex, deviceIndexes = [] } = fingerprint;
  if (!Array.isArray(deviceIndexes)) throw new CorruptError(`${action}: deviceIndexes is not an array`);
  return {
    ...(rawId == null ? {} : { rawId: uint32("rawId", rawId) }),
    ...(currentIndex == null ? {} : { currentIndex: uint32("currentIndex", currentIndex) }),
    deviceIndexes: deviceIndexes.map((index) => uint32("a device index", index)),
  };
}

/** Reads a 64-bit integer from a number, decimal text, or protobuf.js' pair of halves. */
function readInt64(action: string, what: string, value: unknown): number {
  let number = value;
  if (typeof value === "string" && /^[0-9]{1,16}$/.test(value)) number = Number(value);
  if (isObject(value) && typeof value.high === "number" && typeof value.low === "number") {
    number = value.high * 2 ** 32 + (value.low >>> 0);
  }
  return requireInteger(action, what, number, [0, Number.MAX_SAFE_INTEGER]);
}
