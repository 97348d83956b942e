import { create, type DescField, type MessageInitShape } from "@bufbuild/protobuf";
import { CorruptError } from "../errors/mod.ts";
import { KEY_BYTES, requireBytes, requireInteger, SIGNATURE_BYTES, StoredMessage } from "./_field.ts";
import {
  ADVEncryptionType,
  ADVKeyIndexListSchema,
  ADVSignedDeviceIdentitySchema,
  ADVSignedKeyIndexListSchema,
} from "./gen/holdfast/v1/adv_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

const MAX_UINT32 = 0xffff_ffff;

/** The proof that a primary device linked this one: `ADVSignedDeviceIdentity`. */
export interface AdvSignedDeviceIdentity {
  readonly details?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly accountSignatureKey?: Uint8Array | undefined;
  /** 64 bytes. */
  readonly accountSignature?: Uint8Array | undefined;
  /** 64 bytes. */
  readonly deviceSignature?: Uint8Array | undefined;
}

/** The primary device's signed list of companions: `ADVSignedKeyIndexList`. */
export interface AdvSignedKeyIndexList {
  /** An encoded `ADVKeyIndexList`, over which the signature goes. */
  readonly details: Uint8Array;
  /** 64 bytes. */
  readonly accountSignature?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly accountSignatureKey?: Uint8Array | undefined;
}

/** Which companions are valid: `ADVKeyIndexList`. A part that is absent on the wire reads as 0. */
export interface AdvKeyIndexList {
  /** Changes when the account's identity does. */
  readonly rawId: number;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Key indexes above this one are newer than the list, and valid. */
  readonly currentIndex: number;
  readonly validIndexes: readonly number[];
  /** Whether the account's messages are encrypted at a host instead of end to end. */
  readonly isHosted: boolean;
}

/**
 * Encodes the proof of linking. An empty part is left out.
 *
 * @throws {RangeError} When the signature key is not 32 bytes or a signature not 64.
 */
export function encodeAdvSignedDeviceIdentity(identity: AdvSignedDeviceIdentity): Uint8Array {
  const action = "encode account";
  const init: MessageInitShape<typeof ADVSignedDeviceIdentitySchema> = {};
  const { details, accountSignatureKey, accountSignature, deviceSignature } = identity;
  if (isPresent(details)) init.details = requireBytes(action, "details", details);
  if (isPresent(accountSignatureKey)) {
    init.accountSignatureKey = requireBytes(action, "account signature key", accountSignatureKey, KEY_BYTES);
  }
  if (isPresent(accountSignature)) {
    init.accountSignature = requireBytes(action, "account signature", accountSignature, SIGNATURE_BYTES);
  }
  if (isPresent(deviceSignature)) {
    init.deviceSignature = requireBytes(action, "device signature", deviceSignature, SIGNATURE_BYTES);
  }
  return encodeMessage(ADVSignedDeviceIdentitySchema, create(ADVSignedDeviceIdentitySchema, init));
}

/**
 * Decodes the proof of linking. A part that is absent or empty is left out.
 *
 * @throws {CorruptError} When the bytes do not decode.
 * @throws {WrongLengthError} When the signature key is not 32 bytes or a signature not 64.
 */
export function decodeAdvSignedDeviceIdentity(bytes: Uint8Array): AdvSignedDeviceIdentity {
  const action = "decode account";
  const message = decodeMessage(ADVSignedDeviceIdentitySchema, bytes, action);
  const stored = new StoredMessage<typeof ADVSignedDeviceIdentitySchema>(message, action);
  const field = ADVSignedDeviceIdentitySchema.field;
  const read = (of: DescField, value: Uint8Array, length: number) => stored.optionalBytes(of, value, length);
  return withoutAbsent({
    details: read(field.details, message.details, message.details.length),
    accountSignatureKey: read(field.accountSignatureKey, message.accountSignatureKey, KEY_BYTES),
    accountSignature: read(field.accountSignature, message.accountSignature, SIGNATURE_BYTES),
    deviceSignature: read(field.deviceSignature, message.deviceSignature, SIGNATURE_BYTES),
  });
}

/**
 * Decodes a signed list of companions. The signature is not verified here.
 *
 * @throws {CorruptError} When the bytes do not decode or there are no details.
 * @throws {WrongLengthError} When the signature is not 64 bytes or the key not 32.
 */
export function decodeAdvSignedKeyIndexList(bytes: Uint8Array): AdvSignedKeyIndexList {
  const action = "decode signed key index list";
  const message = decodeMessage(ADVSignedKeyIndexListSchema, bytes, action);
  const stored = new StoredMessage<typeof ADVSignedKeyIndexListSchema>(message, action);
  const field = ADVSignedKeyIndexListSchema.field;
  return withoutAbsent({
    details: stored.bytes(field.details, message.details, message.details.length),
    accountSignature: stored.optionalBytes(field.accountSignature, message.accountSignature, SIGNATURE_BYTES),
    accountSignatureKey: stored.optionalBytes(
      field.accountSignatureKey,
      message.accountSignatureKey,
      KEY_BYTES,
    ),
  });
}

/** Encodes a signed list of companions. @throws {RangeError} When the signature is not 64 bytes or the key not 32. */
export function encodeAdvSignedKeyIndexList(list: AdvSignedKeyIndexList): Uint8Array {
  const action = "encode signed key index list";
  const init: MessageInitShape<typeof ADVSignedKeyIndexListSchema> = {
    details: requireBytes(action, "details", list.details),
  };
  if (isPresent(list.accountSignature)) {
    init.accountSignature = requireBytes(action, "account signature", list.accountSignature, SIGNATURE_BYTES);
  }
  if (isPresent(list.accountSignatureKey)) {
    init.accountSignatureKey = requireBytes(
      action,
      "account signature key",
      list.accountSignatureKey,
      KEY_BYTES,
    );
  }
  return encodeMessage(ADVSignedKeyIndexListSchema, create(ADVSignedKeyIndexListSchema, init));
}

/** Decodes a list of companions. @throws {CorruptError} When the bytes do not decode or the timestamp is out of range. */
export function decodeAdvKeyIndexList(bytes: Uint8Array): AdvKeyIndexList {
  const action = "decode key index list";
  const message = decodeMessage(ADVKeyIndexListSchema, bytes, action);
  const timestamp = message.timestamp;
  if (timestamp > BigInt(Number.MAX_SAFE_INTEGER))
    throw new CorruptError(`${action}: timestamp is out of range`);
  return {
    rawId: message.rawId,
    timestamp: Number(timestamp),
    currentIndex: message.currentIndex,
    validIndexes: [...message.validIndexes],
    isHosted: message.accountType === ADVEncryptionType.HOSTED,
  };
}

/** Encodes a list of companions. @throws {RangeError} When a number is out of range. */
export function encodeAdvKeyIndexList(list: AdvKeyIndexList): Uint8Array {
  const action = "encode key index list";
  const uint32 = (what: string, value: number) => requireInteger(action, what, value, [0, MAX_UINT32]);
  const timestamp = requireInteger(action, "timestamp", list.timestamp, [0, Number.MAX_SAFE_INTEGER]);
  return encodeMessage(
    ADVKeyIndexListSchema,
    create(ADVKeyIndexListSchema, {
      rawId: uint32("raw id", list.rawId),
      timestamp: BigInt(timestamp),
      currentIndex: uint32("current index", list.currentIndex),
      validIndexes: list.validIndexes.map((index) => uint32("valid index", index)),
      accountType: list.isHosted ? ADVEncryptionType.HOSTED : ADVEncryptionType.E2EE,
    }),
  );
}

function isPresent(value: Uint8Array | undefined): value is Uint8Array {
  return value !== undefined && value.length !== 0;
}

/** The same object without the properties that are `undefined`. */
function withoutAbsent<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}
