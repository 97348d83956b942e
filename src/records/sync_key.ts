import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ArgumentRangeError, WrongLengthError } from "../errors/mod.ts";
import { requireBytes, requireInteger, StoredMessage } from "./_field.ts";
import { AppStateSyncKeyFingerprintSchema, AppStateSyncKeySchema } from "./gen/holdfast/v1/app_state_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

const MAX_UINT32 = 0xffff_ffff;

/** An app-state sync key. */
export interface SyncKey {
  /** At least one byte; 32 in the field. */
  readonly keyData: Uint8Array;
  /** An encoded fingerprint (`encodeSyncKeyFingerprint`), empty when there is none. */
  readonly fingerprint: Uint8Array;
  /** The writer's unit; only compared. */
  readonly timestamp: number;
}

/** Which devices an app-state sync key was made for. */
export interface SyncKeyFingerprint {
  readonly rawId?: number | undefined;
  readonly currentIndex?: number | undefined;
  readonly deviceIndexes: readonly number[];
}

/** Encodes an app-state sync key. @throws {RangeError} When the key is empty or the timestamp out of range. */
export function encodeSyncKey(key: SyncKey): Uint8Array {
  const action = "encode sync key";
  if (requireBytes(action, "key data", key.keyData).length === 0)
    throw new ArgumentRangeError(`${action}: key data is empty`);
  const timestamp = requireInteger(action, "timestamp", key.timestamp, [0, Number.MAX_SAFE_INTEGER]);
  return encodeMessage(
    AppStateSyncKeySchema,
    create(AppStateSyncKeySchema, {
      keyData: key.keyData,
      fingerprint: requireBytes(action, "fingerprint", key.fingerprint),
      timestamp: BigInt(timestamp),
    }),
  );
}

/**
 * Decodes an app-state sync key. A fingerprint that is absent reads as empty, a timestamp as 0.
 *
 * @throws {CorruptError} When the bytes do not decode, there is no key, or the timestamp is out of range.
 * @throws {WrongLengthError} When the key is empty.
 */
export function decodeSyncKey(bytes: Uint8Array): SyncKey {
  const action = "decode sync key";
  const message = decodeMessage(AppStateSyncKeySchema, bytes, action);
  const stored = new StoredMessage<typeof AppStateSyncKeySchema>(message, action);
  const field = AppStateSyncKeySchema.field;
  stored.require(field.keyData);
  if (message.keyData.length === 0) throw new WrongLengthError(`${action}: key data is empty`);
  return {
    keyData: new Uint8Array(message.keyData),
    fingerprint: new Uint8Array(message.fingerprint),
    timestamp: stored.has(field.timestamp) ? stored.integer(field.timestamp, message.timestamp) : 0,
  };
}

/** Encodes the fingerprint of an app-state sync key. @throws {RangeError} When a number is out of range. */
export function encodeSyncKeyFingerprint(fingerprint: SyncKeyFingerprint): Uint8Array {
  const uint32 = (what: string, value: number) =>
    requireInteger("encode sync key fingerprint", what, value, [0, MAX_UINT32]);
  const init: MessageInitShape<typeof AppStateSyncKeyFingerprintSchema> = {
    deviceIndexes: fingerprint.deviceIndexes.map((index) => uint32("device index", index)),
  };
  if (fingerprint.rawId !== undefined) init.rawId = uint32("raw id", fingerprint.rawId);
  if (fingerprint.currentIndex !== undefined)
    init.currentIndex = uint32("current index", fingerprint.currentIndex);
  return encodeMessage(AppStateSyncKeyFingerprintSchema, create(AppStateSyncKeyFingerprintSchema, init));
}

/** Decodes the fingerprint of an app-state sync key. @throws {CorruptError} When the bytes do not decode. */
export function decodeSyncKeyFingerprint(bytes: Uint8Array): SyncKeyFingerprint {
  const action = "decode sync key fingerprint";
  const message = decodeMessage(AppStateSyncKeyFingerprintSchema, bytes, action);
  const stored = new StoredMessage<typeof AppStateSyncKeyFingerprintSchema>(message, action);
  const field = AppStateSyncKeyFingerprintSchema.field;
  return {
    ...(stored.has(field.rawId) ? { rawId: message.rawId } : {}),
    ...(stored.has(field.currentIndex) ? { currentIndex: message.currentIndex } : {}),
    deviceIndexes: [...message.deviceIndexes],
  };
}
