import { ArgumentRangeError, requireList, WrongLengthError } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { requireBytes, requireParts, requireTime } from "./_arguments.ts";
import { StoredMessage } from "./_stored_message.ts";
import { AppStateSyncKeyFingerprintSchema, AppStateSyncKeySchema } from "./gen/app_state.ts";

/** An app-state sync key. */
export interface SyncKey {
  /** At least one byte; 32 in practice. */
  readonly keyData: Uint8Array;
  /** An encoded fingerprint (`encodeSyncKeyFingerprint`), or empty. */
  readonly fingerprint: Uint8Array;
  /** In the writer's unit; used only for comparison. */
  readonly timestamp: number;
}

/** The devices of an app-state sync key. */
export interface SyncKeyFingerprint {
  /** The `rawId` of the account that shared the key. */
  readonly rawId?: number | undefined;
  /** The current key index of that account. */
  readonly currentIndex?: number | undefined;
  /** Key indexes of the devices that have the key. */
  readonly deviceIndexes: readonly number[];
}

/**
 * Encodes an app-state sync key. @throws {RangeError} When the key is empty or the timestamp is out of range.
 */
export function encodeSyncKey({ keyData, fingerprint, timestamp }: SyncKey): Uint8Array {
  const action = "encode sync key";
  if (requireBytes(action, "key data", keyData).length === 0)
    throw new ArgumentRangeError(`${action}: key data is empty`);
  return encodeMessage(
    AppStateSyncKeySchema,
    { keyData, fingerprint, timestamp: requireTime(action, "timestamp", timestamp) },
    action,
  );
}

/**
 * Decodes an app-state sync key. An absent fingerprint decodes as empty, an absent timestamp as 0.
 *
 * @throws {CorruptError} When the bytes do not decode, there is no key, or the timestamp is out of range.
 * @throws {WrongLengthError} When the key is empty.
 */
export function decodeSyncKey(bytes: Uint8Array): SyncKey {
  const action = "decode sync key";
  const message = decodeMessage(AppStateSyncKeySchema, bytes, action);
  const stored = new StoredMessage(message, action);
  const keyData = stored.bytes("keyData");
  if (keyData.length === 0) throw new WrongLengthError(`${action}: key data is empty`);
  return {
    keyData,
    fingerprint: stored.optionalBytes("fingerprint") ?? new Uint8Array(0),
    timestamp: message.timestamp === undefined ? 0 : stored.integer("timestamp"),
  };
}

/** Encodes the fingerprint of an app-state sync key. @throws {RangeError} When a number is out of range. */
export function encodeSyncKeyFingerprint(fingerprint: SyncKeyFingerprint): Uint8Array {
  const action = "encode sync key fingerprint";
  requireParts(action, fingerprint);
  const { rawId, currentIndex, deviceIndexes } = fingerprint;
  requireList(`${action}: deviceIndexes`, deviceIndexes);
  return encodeMessage(
    AppStateSyncKeyFingerprintSchema,
    { rawId, currentIndex, deviceIndexes: [...deviceIndexes] },
    action,
  );
}

/** Decodes the fingerprint of an app-state sync key. @throws {CorruptError} When the bytes do not decode. */
export function decodeSyncKeyFingerprint(bytes: Uint8Array): SyncKeyFingerprint {
  const action = "decode sync key fingerprint";
  const { rawId, currentIndex, deviceIndexes } = decodeMessage(
    AppStateSyncKeyFingerprintSchema,
    bytes,
    action,
  );
  return {
    ...(rawId === undefined ? {} : { rawId }),
    ...(currentIndex === undefined ? {} : { currentIndex }),
    deviceIndexes,
  };
}
