import { isSealed, KEY_BYTES, MAX_KEY_ID, SIGNATURE_BYTES } from "../bytes/mod.ts";
import type { AdvSignedDeviceIdentity, ServerCert, ServerCertChain } from "../records/mod.ts";
import {
  flag,
  map,
  object,
  optional,
  plain,
  type Rule,
  type RuleOf,
  text,
  tuple,
  value,
} from "../rules/mod.ts";
import type { AppVersion, Device, KeyPair, ServerClientExpiration } from "./device_store.ts";
import { JID, KEY_ID, number, SECONDS, type TextSort, UINT32, word } from "./field_rules.ts";

/** Greatest registration id: 31 bits. */
export const MAX_REGISTRATION_ID: number = 2 ** 31 - 1;

/** Greatest number of named values in `Device.extra`. */
export const MAX_EXTRA_ENTRIES = 256;

/**
 * A device without keys, tokens and signatures, for debugging. A secret appears as its presence or its length
 * in bytes. JIDs are kept, since they identify the account.
 */
export interface RedactedDevice {
  /** Whether the device is encrypted, and its keys are elsewhere. Lengths are those of what is stored. */
  readonly sealed: boolean;
  /** JID of the phone number, once paired. */
  readonly pn: string | undefined;
  /** JID of the LID, once known. */
  readonly lid: string | undefined;
  /** The number that peers see in pre-key bundles, 1 … 2^31−1. */
  readonly registrationId: number;
  /** Id of the current signed pre-key, 1 … 2^24−1. */
  readonly signedPreKeyId: number;
  /** Whether the proof of pairing is stored, so that the device was linked. */
  readonly hasAccount: boolean;
  /** Whether the push name is not empty. */
  readonly hasPushName: boolean;
  /** Platform of the primary device as the server told it, such as `android`. */
  readonly platform: string | undefined;
  /** Client version as text with dots, such as `2.3000.1027`; `0.0.0` if it was never set. */
  readonly appVersion: string;
  /** Clock time in milliseconds of the last `setAppVersion`; 0 if there was none. */
  readonly appVersionLastFetchedMs: number;
  /** Length in bytes; `undefined` when the server sent none. */
  readonly edgeRoutingInfoBytes: number | undefined;
  /** Whether the hash of the server's properties is stored. */
  readonly hasPropsHash: boolean;
  /** The next pre-key id to generate; 0 is unset. */
  readonly nextPreKeyId: number;
  /** The first pre-key id that was not uploaded; 0 is unset. */
  readonly firstUnuploadedPreKeyId: number;
  /** Whether an upload of pre-keys was confirmed for this identity. */
  readonly serverHasPreKeys: boolean;
  /** Length in bytes; `undefined` when there is none. */
  readonly nctSaltBytes: number | undefined;
  /** Unix seconds. */
  readonly serverCertNotAfter: number | undefined;
  /** Number of logins, 0 … 2^32−1. */
  readonly loginCounter: number;
  /** Whether the account was migrated to LIDs, as the client has told. */
  readonly lidMigrated: boolean;
  /** Clock time in milliseconds; 0 if it was never rotated. */
  readonly lastSignedPreKeyRotationMs: number;
  /** Whether the user has switched read receipts off. */
  readonly readReceiptsDisabled: boolean;
  /** Unix seconds. */
  readonly serverClientExpiresAt: number | undefined;
  /** Length in bytes of each named value. */
  readonly extraBytes: Readonly<Record<string, number>>;
}

/**
 * Fields that are generated with every device. They have no default. A stored device without one is damaged.
 */
export type GeneratedField =
  | "registrationId"
  | "noiseKey"
  | "identityKey"
  | "signedPreKey"
  | "signedPreKeyId"
  | "signedPreKeySignature"
  | "advSecretKey";

/** The properties of one field of the device. */
export interface DeviceField<T> {
  readonly rule: RuleOf<T>;
  /** The value of a device that never had one, also for a row that is older than the field's column. */
  readonly initial?: () => T;
  /** The part that may be shown. */
  redact(value: T, name: string): Partial<RedactedDevice>;
}

type DeviceFields = {
  readonly [Name in keyof Device]: DeviceField<Device[Name]> &
    (Name extends GeneratedField ? object : { readonly initial: () => Device[Name] });
};

const absent = (): undefined => undefined;
const zero = (): number => 0;
const no = (): boolean => false;
const shown = (value: unknown, name: string): Partial<RedactedDevice> => ({ [name]: value });
const hidden = (): Partial<RedactedDevice> => ({});

const COUNT = number("count");
const MILLISECONDS = number("milliseconds");
/** A pre-key id, 0 while it is unset. */
const COUNTER = number("keyId", { min: 0, max: MAX_KEY_ID });
const WORD = word("word");

/** `name` distinguishes the values of several pairs. */
function keyPair(name: string): Rule<KeyPair> {
  return object<KeyPair>({
    privateKey: value(`${name}.privateKey`, { length: KEY_BYTES }),
    publicKey: value(`${name}.publicKey`, { length: KEY_BYTES }),
  });
}

const CERTIFICATE = object<ServerCert>({
  key: plain("key", { length: KEY_BYTES }),
  notBefore: SECONDS,
  notAfter: SECONDS,
});

/** Every field of the device. A new field does not compile without a row. */
export const DEVICE_FIELDS: DeviceFields = {
  pn: { rule: optional(JID), initial: absent, redact: shown },
  lid: { rule: optional(JID), initial: absent, redact: shown },
  registrationId: {
    rule: number("count", { min: 1, max: MAX_REGISTRATION_ID }),
    redact: shown,
  },
  noiseKey: { rule: keyPair("noiseKey"), redact: hidden },
  identityKey: {
    rule: keyPair("identityKey"),
    redact: ({ privateKey }) => ({ sealed: isSealed(privateKey) }),
  },
  signedPreKey: { rule: keyPair("signedPreKey"), redact: hidden },
  signedPreKeyId: { rule: KEY_ID, redact: shown },
  signedPreKeySignature: {
    rule: value("signedPreKeySignature", { length: SIGNATURE_BYTES }),
    redact: hidden,
  },
  advSecretKey: { rule: value("advSecretKey", { length: KEY_BYTES }), redact: hidden },
  account: {
    rule: optional(
      object<AdvSignedDeviceIdentity>({
        details: optional(plain("details")),
        accountSignatureKey: optional(plain("accountSignatureKey", { min: 0, length: KEY_BYTES })),
        accountSignature: optional(plain("accountSignature", { min: 0, length: SIGNATURE_BYTES })),
        deviceSignature: optional(plain("deviceSignature", { min: 0, length: SIGNATURE_BYTES })),
        unknownFields: optional(plain("unknownFields", { min: 1 })),
      }),
    ),
    initial: absent,
    redact: (account) => ({ hasAccount: account !== undefined }),
  },
  pushName: {
    rule: text("word" satisfies TextSort, { empty: true }),
    initial: () => "",
    redact: (pushName) => ({ hasPushName: pushName !== "" }),
  },
  platform: { rule: optional(WORD), initial: absent, redact: shown },
  appVersion: {
    rule: tuple<AppVersion>(UINT32, UINT32, UINT32),
    initial: () => [0, 0, 0],
    redact: (appVersion) => ({ appVersion: appVersion.join(".") }),
  },
  appVersionLastFetchedMs: {
    rule: MILLISECONDS,
    initial: zero,
    redact: shown,
  },
  edgeRoutingInfo: {
    rule: optional(value("edgeRoutingInfo")),
    initial: absent,
    redact: (info) => ({ edgeRoutingInfoBytes: info?.length }),
  },
  propsHash: {
    rule: optional(WORD),
    initial: absent,
    redact: (propsHash) => ({ hasPropsHash: propsHash !== undefined }),
  },
  nextPreKeyId: { rule: COUNTER, initial: zero, redact: shown },
  firstUnuploadedPreKeyId: {
    rule: COUNTER,
    initial: zero,
    redact: shown,
  },
  serverHasPreKeys: {
    rule: flag(),
    initial: no,
    redact: shown,
  },
  nctSalt: {
    rule: optional(value("nctSalt")),
    initial: absent,
    redact: (salt) => ({ nctSaltBytes: salt?.length }),
  },
  serverCertChain: {
    rule: optional(object<ServerCertChain>({ intermediate: CERTIFICATE, leaf: CERTIFICATE })),
    initial: absent,
    redact: (chain) => ({ serverCertNotAfter: chain?.leaf.notAfter }),
  },
  loginCounter: { rule: COUNT, initial: zero, redact: shown },
  lidMigrated: { rule: flag(), initial: no, redact: shown },
  lastSignedPreKeyRotationMs: {
    rule: MILLISECONDS,
    initial: zero,
    redact: shown,
  },
  readReceiptsDisabled: {
    rule: flag(),
    initial: no,
    redact: shown,
  },
  serverClientExpiration: {
    rule: optional(object<ServerClientExpiration>({ expiresAt: SECONDS, version: WORD })),
    initial: absent,
    redact: (expiration) => ({ serverClientExpiresAt: expiration?.expiresAt }),
  },
  extra: {
    rule: map(WORD, value("extra"), { maxEntries: MAX_EXTRA_ENTRIES }),
    initial: () => new Map(),
    redact: (extra) => ({
      extraBytes: Object.fromEntries([...extra].map(([name, bytes]) => [name, bytes.length])),
    }),
  },
};

/** The names of all fields, in the order of their rows. */
export const DEVICE_FIELD_NAMES = Object.keys(DEVICE_FIELDS) as readonly (keyof Device)[];

/** The device as it is stored. */
export const DEVICE: Rule<Device> = object(
  Object.fromEntries(DEVICE_FIELD_NAMES.map((name) => [name, DEVICE_FIELDS[name].rule])) as never,
);

/** The initial value of every field that is not generated. */
export function initialDevice(): Omit<Device, GeneratedField> {
  const entries = DEVICE_FIELD_NAMES.map((name) => {
    const { initial } = DEVICE_FIELDS[name] as DeviceField<unknown>;
    return initial && ([name, initial()] as const);
  });
  return Object.fromEntries(entries.filter((entry) => entry !== undefined)) as unknown as Omit<
    Device,
    GeneratedField
  >;
}

/** Returns the part of a device that may be shown. */
export function redactDevice(device: Device): RedactedDevice {
  const shown = DEVICE_FIELD_NAMES.map((name) =>
    (DEVICE_FIELDS[name] as DeviceField<unknown>).redact(device[name], name),
  );
  return Object.assign({}, ...shown) as RedactedDevice;
}
