import { KEY_BYTES, SIGNATURE_BYTES } from "../bytes/mod.ts";
import { ArgumentRangeError, requireList } from "../errors/mod.ts";
import {
  DELIMITED,
  decodeMessage,
  delimitedSize,
  encodeMessage,
  WireReader,
  WireWriter,
} from "../protobuf/mod.ts";
import { optionalBytes, requireBytes, requireParts, requireTime } from "./_arguments.ts";
import { StoredMessage } from "./_stored_message.ts";
import {
  ADVEncryptionType,
  ADVKeyIndexListSchema,
  ADVSignedDeviceIdentitySchema,
  ADVSignedKeyIndexListSchema,
} from "./gen/adv.ts";

/** The proof that a primary device linked this one: `ADVSignedDeviceIdentity`. */
export interface AdvSignedDeviceIdentity {
  /** Encoded `ADVDeviceIdentity`, which both signatures cover. */
  readonly details?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly accountSignatureKey?: Uint8Array | undefined;
  /** 64 bytes. */
  readonly accountSignature?: Uint8Array | undefined;
  /** 64 bytes. */
  readonly deviceSignature?: Uint8Array | undefined;
  /** Encoded fields that are not known here. They are kept, since another release may know them. */
  readonly unknownFields?: Uint8Array | undefined;
}

/** The primary device's signed list of companions: `ADVSignedKeyIndexList`. */
export interface AdvSignedKeyIndexList {
  /** An encoded `ADVKeyIndexList`, which the signature covers. */
  readonly details: Uint8Array;
  /** 64 bytes. */
  readonly accountSignature?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly accountSignatureKey?: Uint8Array | undefined;
}

/** The valid companions: `ADVKeyIndexList`. Absent fields decode as 0. */
export interface AdvKeyIndexList {
  /** Changes when the account's identity changes. */
  readonly rawId: number;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Key indexes above this one are newer than the list and valid. */
  readonly currentIndex: number;
  /** Key indexes at or below `currentIndex` that are valid. */
  readonly validIndexes: readonly number[];
  /** Whether the account's messages are encrypted at a host instead of end to end. */
  readonly isHosted: boolean;
}

/**
 * Encodes the proof of linking. Omits empty fields and writes unknown ones back.
 *
 * @throws {RangeError} When the signature key is not 32 bytes or a signature not 64, or the unknown fields
 * are none.
 */
export function encodeAdvSignedDeviceIdentity(identity: AdvSignedDeviceIdentity): Uint8Array {
  const action = "encode account";
  requireParts(action, identity);
  const { details, accountSignatureKey, accountSignature, deviceSignature, unknownFields } = identity;
  requireUnknownFields(action, unknownFields);
  const key = optionalBytes(action, "account signature key", accountSignatureKey, KEY_BYTES);
  const parts = {
    details: details?.length === 0 ? undefined : details,
    accountSignatureKey: key,
    accountSignature: optionalBytes(action, "account signature", accountSignature, SIGNATURE_BYTES),
    deviceSignature: optionalBytes(action, "device signature", deviceSignature, SIGNATURE_BYTES),
    unknownFields,
  };
  return encodeMessage(ADVSignedDeviceIdentitySchema, parts, action);
}

/** Checks that bytes are whole fields, none of which is known: others would damage the message. */
function requireUnknownFields(action: string, fields: Uint8Array | undefined): void {
  if (fields === undefined || fields.length === 0) return;
  let kept: Uint8Array | undefined;
  try {
    kept = decodeMessage(ADVSignedDeviceIdentitySchema, fields, action).unknownFields;
  } catch {
    // The caller's mistake, not damage of what is stored.
  }
  if (kept?.length !== fields.length) throw new ArgumentRangeError(`${action}: not unknown fields`);
}

/**
 * Decodes the proof of linking. Omits absent and empty fields.
 *
 * @throws {CorruptError} When the bytes do not decode.
 * @throws {WrongLengthError} When the signature key is not 32 bytes or a signature not 64.
 */
export function decodeAdvSignedDeviceIdentity(bytes: Uint8Array): AdvSignedDeviceIdentity {
  const action = "decode account";
  const message = decodeMessage(ADVSignedDeviceIdentitySchema, bytes, action);
  const stored = new StoredMessage(message, action);
  return withoutAbsent({
    unknownFields: message.unknownFields,
    details: stored.optionalBytes("details"),
    accountSignatureKey: stored.optionalBytes("accountSignatureKey", KEY_BYTES),
    accountSignature: stored.optionalBytes("accountSignature", SIGNATURE_BYTES),
    deviceSignature: stored.optionalBytes("deviceSignature", SIGNATURE_BYTES),
  });
}

/** Field of a stored proof of linking: its unknown fields, whatever they are. */
const STORED_UNKNOWN = (1000 << 3) | DELIMITED;

/** Encodes the proof of linking for a column: unknown fields stand in one field, unchecked. */
export function encodeStoredAccount(identity: AdvSignedDeviceIdentity): Uint8Array {
  const { unknownFields, ...known } = identity;
  const message = encodeAdvSignedDeviceIdentity(known);
  if (unknownFields === undefined || unknownFields.length === 0) return message;
  // Its tag has two bytes.
  const writer = new WireWriter(message.length + delimitedSize(unknownFields.length) + 1);
  writer.raw(message);
  writer.bytesField(STORED_UNKNOWN, unknownFields);
  return writer.bytes;
}

/**
 * Decodes what `encodeStoredAccount` made.
 *
 * @throws {CorruptError} When the bytes do not decode.
 * @throws {WrongLengthError} When the signature key is not 32 bytes or a signature not 64.
 */
export function decodeStoredAccount(bytes: Uint8Array): AdvSignedDeviceIdentity {
  const { unknownFields, ...known } = decodeAdvSignedDeviceIdentity(bytes);
  if (unknownFields === undefined) return known;
  const reader = new WireReader(unknownFields, "decode account");
  // Written by something else, which left them as they are.
  if (reader.tag() !== STORED_UNKNOWN) return { ...known, unknownFields };
  return { ...known, unknownFields: new Uint8Array(reader.bytes()) };
}

/**
 * Decodes a signed list of companions. Does not verify the signature.
 *
 * @throws {CorruptError} When the bytes do not decode or there are no details.
 * @throws {WrongLengthError} When the signature is not 64 bytes or the key not 32.
 */
export function decodeAdvSignedKeyIndexList(bytes: Uint8Array): AdvSignedKeyIndexList {
  const action = "decode signed key index list";
  const stored = new StoredMessage(decodeMessage(ADVSignedKeyIndexListSchema, bytes, action), action);
  return withoutAbsent({
    details: stored.bytes("details"),
    accountSignature: stored.optionalBytes("accountSignature", SIGNATURE_BYTES),
    accountSignatureKey: stored.optionalBytes("accountSignatureKey", KEY_BYTES),
  });
}

/**
 * Encodes a signed list of companions. @throws {RangeError} When the signature is not 64 bytes or the key not
 * 32.
 */
export function encodeAdvSignedKeyIndexList(list: AdvSignedKeyIndexList): Uint8Array {
  const action = "encode signed key index list";
  requireParts(action, list);
  const { accountSignature: signature, accountSignatureKey: key } = list;
  const parts = {
    details: requireBytes(action, "details", list.details),
    accountSignature: optionalBytes(action, "account signature", signature, SIGNATURE_BYTES),
    accountSignatureKey: optionalBytes(action, "account signature key", key, KEY_BYTES),
  };
  return encodeMessage(ADVSignedKeyIndexListSchema, parts, action);
}

/**
 * Decodes a list of companions. @throws {CorruptError} When the bytes do not decode or the timestamp is out
 * of range.
 */
export function decodeAdvKeyIndexList(bytes: Uint8Array): AdvKeyIndexList {
  const action = "decode key index list";
  const message = decodeMessage(ADVKeyIndexListSchema, bytes, action);
  const { rawId = 0, timestamp, currentIndex = 0, validIndexes, accountType } = message;
  return {
    rawId,
    timestamp: timestamp === undefined ? 0 : new StoredMessage(message, action).integer("timestamp"),
    currentIndex,
    validIndexes,
    isHosted: accountType === ADVEncryptionType.HOSTED,
  };
}

/** Encodes a list of companions. @throws {RangeError} When a number is out of range. */
export function encodeAdvKeyIndexList(list: AdvKeyIndexList): Uint8Array {
  const action = "encode key index list";
  requireParts(action, list);
  requireList(`${action}: validIndexes`, list.validIndexes);
  const { rawId, currentIndex, validIndexes, isHosted } = list;
  const message = {
    rawId,
    timestamp: requireTime(action, "timestamp", list.timestamp),
    currentIndex,
    validIndexes: [...validIndexes],
    accountType: isHosted ? ADVEncryptionType.HOSTED : ADVEncryptionType.E2EE,
  };
  return encodeMessage(ADVKeyIndexListSchema, message, action);
}

/** A copy of the object without properties that are `undefined`. */
function withoutAbsent<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}
