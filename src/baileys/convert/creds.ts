import type { AdvSignedDeviceIdentity, Device, KeyPair } from "../../backend/mod.ts";
import { encodeBase64, KEY_BYTES, MAX_KEY_ID, SIGNATURE_BYTES, sameBytes } from "../../bytes/mod.ts";
import { EMPTY } from "../../protobuf/mod.ts";
import { type JsonObject, readBytes, requireBytes, requireInteger, requireObject } from "./_bytes.ts";
import { readCredsExtra, writeCredsExtra } from "./creds_extra.ts";
import type { BaileysAccount, BaileysCreds, BaileysKeys } from "./creds_types.ts";
import { plainBytes, type WrapBytes } from "./wrap_bytes.ts";

const ACTION = "convert credentials";

/** Properties of the credentials that are fields of the device. All others are in `Device.extra`. */
const MAPPED: readonly string[] = [
  "noiseKey",
  "signedIdentityKey",
  "signedPreKey",
  "registrationId",
  "advSecretKey",
  "me",
  "account",
  "platform",
  "lastPropHash",
  "routingInfo",
  "nextPreKeyId",
  "firstUnuploadedPreKeyId",
];

/** Options of `credsFromDevice`. */
export interface CredsOptions {
  /** Creates the key pair for pairing by code, when none is stored. */
  readonly pairingEphemeralKeyPair: () => KeyPair;
  /**
   * Converts the bytes in the credentials. Defaults to plain bytes. Baileys needs Node's `Buffer`: its key
   * agreement and signatures reject a private key that is a plain `Uint8Array`, and it encodes routing
   * information with `toString("base64url")`.
   */
  readonly wrapBytes?: WrapBytes | undefined;
}

/**
 * Converts Baileys' credentials to a device: `base`, with the fields of the credentials replaced.
 *
 * `me` sets the phone number only once the device is paired. During pairing by code, Baileys already sets
 * `me` to the entered number; it is then kept in `extra`, like all properties without a field. Other entries
 * of `extra` are kept.
 *
 * @throws {CorruptError | WrongLengthError} When a property with a field is missing or malformed.
 */
export function deviceFromCreds(creds: object, base: Device): Device {
  const input = creds as JsonObject;
  const rest: Record<string, unknown> = Object.fromEntries(
    Object.entries(input).filter(([name]) => !MAPPED.includes(name)),
  );
  const keyId = (name: string, value: unknown, min: number) =>
    requireInteger(ACTION, name, value, [min, MAX_KEY_ID]);
  const {
    keyPair,
    signature,
    keyId: signedPreKeyId,
    ...restOfSigned
  } = requireObject(ACTION, "signedPreKey", input.signedPreKey);
  if (Object.keys(restOfSigned).length > 0) rest.signedPreKey = restOfSigned;
  // Baileys generates 0 once in 256 times, which is not valid for a device. The device then keeps its own.
  if (input.registrationId === 0) rest.registrationId = 0;
  const registrationId = input.registrationId === 0 ? base.registrationId : input.registrationId;
  const device = {
    ...base,
    ...readMe(input, rest, base),
    registrationId: requireInteger(ACTION, "registrationId", registrationId, [1, 2 ** 31 - 1]),
    noiseKey: readPair("noiseKey", input.noiseKey),
    identityKey: readPair("signedIdentityKey", input.signedIdentityKey),
    signedPreKey: readPair("signedPreKey", keyPair),
    signedPreKeyId: keyId("the id of signedPreKey", signedPreKeyId, 1),
    signedPreKeySignature: requireBytes(ACTION, "the signature of signedPreKey", signature, SIGNATURE_BYTES),
    advSecretKey: requireBytes(ACTION, "advSecretKey", input.advSecretKey, KEY_BYTES),
    account: input.account == null ? undefined : readAccount(input.account, rest, base.account),
    platform: takeText("platform", input, rest),
    propsHash: takeText("lastPropHash", input, rest),
    edgeRoutingInfo:
      input.routingInfo == null ? undefined : requireBytes(ACTION, "routingInfo", input.routingInfo),
    nextPreKeyId: keyId("nextPreKeyId", input.nextPreKeyId, 0),
    firstUnuploadedPreKeyId: keyId("firstUnuploadedPreKeyId", input.firstUnuploadedPreKeyId, 0),
  };
  return { ...device, extra: writeCredsExtra(base.extra, rest) };
}

/**
 * Creates Baileys' credentials of a device, which Baileys changes in place.
 *
 * If Baileys has not stored credentials yet, properties without a field have the values of `initAuthCreds()`.
 *
 * @throws {CorruptError} When the entry in `extra` does not decode.
 */
export function credsFromDevice(device: Device, options: CredsOptions): BaileysCreds {
  const wrap = options.wrapBytes ?? plainBytes;
  const pair = (keys: KeyPair) => writePair(keys, wrap);
  const stored = readCredsExtra(device.extra, wrap) ?? {
    pairingEphemeralKeyPair: pair(options.pairingEphemeralKeyPair()),
    processedHistoryMessages: [],
    accountSyncCounter: 0,
    accountSettings: { unarchiveChats: false },
    registered: device.pn !== undefined,
    pairingCode: undefined,
    lastPropHash: undefined,
    additionalData: undefined,
  };
  const { signedPreKey, me: _me, account: _account, ...rest } = stored;
  const creds: Record<string, unknown> = {
    ...rest,
    noiseKey: pair(device.noiseKey),
    signedIdentityKey: pair(device.identityKey),
    signedPreKey: {
      ...(signedPreKey as object | undefined),
      keyPair: pair(device.signedPreKey),
      signature: wrap(new Uint8Array(device.signedPreKeySignature)),
      keyId: device.signedPreKeyId,
    },
    registrationId: rest.registrationId ?? device.registrationId,
    advSecretKey: encodeBase64(device.advSecretKey),
    routingInfo:
      device.edgeRoutingInfo === undefined ? undefined : wrap(new Uint8Array(device.edgeRoutingInfo)),
    nextPreKeyId: device.nextPreKeyId,
    firstUnuploadedPreKeyId: device.firstUnuploadedPreKeyId,
  };
  const me = writeMe(device, stored.me as object | undefined);
  if (me !== undefined) creds.me = me;
  if (device.account !== undefined)
    creds.account = writeAccount(device.account, stored.account as object | undefined, wrap);
  if (device.platform !== undefined) creds.platform = device.platform;
  if (device.propsHash !== undefined) creds.lastPropHash = device.propsHash;
  return creds as unknown as BaileysCreds;
}

function readPair(name: string, value: unknown): KeyPair {
  const pair = requireObject(ACTION, name, value);
  return {
    privateKey: requireBytes(ACTION, `the private key of ${name}`, pair.private, KEY_BYTES),
    publicKey: requireBytes(ACTION, `the public key of ${name}`, pair.public, KEY_BYTES),
  };
}

function writePair(pair: KeyPair, wrap: WrapBytes): BaileysKeys {
  return { private: wrap(new Uint8Array(pair.privateKey)), public: wrap(new Uint8Array(pair.publicKey)) };
}

/** The fields of the device in `me`. */
type MeFields = Pick<Device, "pn" | "lid" | "pushName">;

/**
 * Reads the fields of `me`; its other properties go to `rest`. `account` is the proof of pairing: a
 * pairing-code attempt sets `me` earlier, which does not set the phone number. Fields that credentials cannot
 * express, such as the push name of an unpaired device, stay unchanged.
 */
function readMe(input: JsonObject, rest: Record<string, unknown>, base: MeFields): MeFields {
  const { pn, lid, pushName } = base;
  if (input.me == null) {
    // Credentials of a paired device have `me`: the client removed it.
    return pn === undefined ? { pn, lid, pushName } : { pn: undefined, lid: undefined, pushName: "" };
  }
  const me = requireObject(ACTION, "me", input.me);
  if (input.account == null || !isText(me.id)) {
    if (pn === undefined || me.id !== pn) rest.me = me;
    return { pn, lid, pushName };
  }
  const { id, lid: newLid, name, ...others } = me;
  const left = {
    ...others,
    ...(isText(newLid) || newLid === undefined ? {} : { lid: newLid }),
    ...(isText(name) || name === undefined ? {} : { name }),
  };
  if (Object.keys(left).length > 0) rest.me = left;
  // LID and name of an earlier number do not apply to another one.
  const isSame = pn === undefined || pn === me.id;
  return {
    pn: me.id,
    lid: isText(newLid) ? newLid : isSame ? lid : undefined,
    pushName: isText(name) ? name : isSame ? pushName : "",
  };
}

function writeMe(device: Device, left: object | undefined): object | undefined {
  // Without a phone number, `me` comes from a failed pairing-code attempt. With it, Baileys would log in and
  // be rejected.
  if (device.pn === undefined) return undefined;
  return {
    ...left,
    id: device.pn,
    ...(device.lid === undefined ? {} : { lid: device.lid }),
    ...(device.pushName === "" ? {} : { name: device.pushName }),
  };
}

/** Fields of the proof of pairing that have a name here. */
const ACCOUNT_FIELDS = ["details", "accountSignatureKey", "accountSignature", "deviceSignature"] as const;

/**
 * The proof of pairing; properties that have no field go to `rest`. What the credentials cannot express of
 * the present proof is kept while it is the same one.
 */
function readAccount(
  value: unknown,
  rest: Record<string, unknown>,
  known: AdvSignedDeviceIdentity | undefined,
): AdvSignedDeviceIdentity {
  const account = requireObject(ACTION, "account", value);
  const read = (name: string, length?: number): Uint8Array | undefined => {
    const value = account[name];
    if (value == null || readBytes(value)?.length === 0) return undefined;
    return requireBytes(ACTION, `${name} of account`, value, length);
  };
  const others = Object.entries(account).filter(
    ([name]) => !(ACCOUNT_FIELDS as readonly string[]).includes(name),
  );
  if (others.length > 0) rest.account = Object.fromEntries(others);
  const fields = {
    details: read("details"),
    accountSignatureKey: read("accountSignatureKey", KEY_BYTES),
    accountSignature: read("accountSignature", SIGNATURE_BYTES),
    deviceSignature: read("deviceSignature", SIGNATURE_BYTES),
  };
  const unknownFields = known?.unknownFields;
  const isSame = sameBytes(fields.details ?? EMPTY, known?.details ?? EMPTY);
  return unknownFields === undefined || !isSame ? fields : { ...fields, unknownFields };
}

function writeAccount(
  account: AdvSignedDeviceIdentity,
  left: object | undefined,
  wrap: WrapBytes,
): BaileysAccount {
  const written: BaileysAccount = { ...left };
  for (const name of ACCOUNT_FIELDS) {
    const value = account[name];
    if (value !== undefined) written[name] = wrap(new Uint8Array(value));
  }
  return written;
}

/** Reads a text with a field. Any other value goes to `rest`. */
function takeText(name: string, input: JsonObject, rest: Record<string, unknown>): string | undefined {
  const value = input[name];
  if (isText(value)) return value;
  if (name in input) rest[name] = value;
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0;
}
