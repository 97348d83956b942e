import * as v from "valibot";
import { decodeBase64, KEY_BYTES, MAX_KEY_ID, SIGNATURE_BYTES } from "../bytes/mod.ts";
import type { DeviceCommand, DeviceCommandKind, DeviceCommandOf } from "../device/mod.ts";
import { MAX_TEXT_LENGTH } from "../rules/mod.ts";
import { RequestError } from "./request_error.ts";

/** Maximum number of commands of one request. They are applied all or none. */
export const MAX_COMMANDS = 100;

/** Longest value of a command, in bytes. Routing info and certificates have a few hundred. */
const MAX_BYTES = 65_536;

const UINT32 = 0xffff_ffff;

type Schema<T> = v.GenericSchema<unknown, T>;

// Errors do not name the expected type, so one kind of schema serves every simple value. That keeps the
// Worker small.
const text: Schema<string> = v.custom<string>((value) => isTextOf(value, MAX_TEXT_LENGTH) && value !== "");
const textOrEmpty: Schema<string> = v.custom<string>((value) => isTextOf(value, MAX_TEXT_LENGTH));
const flag: Schema<boolean> = v.custom<boolean>((value) => typeof value === "boolean");
const time: Schema<number> = integer(0, Number.MAX_SAFE_INTEGER);
const uint32: Schema<number> = integer(0, UINT32);
const keyId: Schema<number> = integer(1, MAX_KEY_ID);
const version: Schema<readonly [number, number, number]> = v.custom<readonly [number, number, number]>(
  (value) => Array.isArray(value) && value.length === 3 && value.every((part) => v.is(uint32, part)),
);

function isTextOf(value: unknown, maxLength: number): boolean {
  return typeof value === "string" && value.length <= maxLength;
}

function integer(min: number, max: number): Schema<number> {
  return v.custom<number>((value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max);
}

/** Bytes, in base64. */
const bytes: Schema<Uint8Array> = v.pipe(
  v.custom<string>((value) => isTextOf(value, Math.ceil(MAX_BYTES / 3) * 4)),
  v.transform(decodeBase64),
  v.check((decoded) => decoded !== undefined, "not base64"),
) as Schema<Uint8Array>;

const key: Schema<Uint8Array> = exactly(KEY_BYTES);

function exactly(length: number): Schema<Uint8Array> {
  return v.pipe(
    bytes,
    v.check((value) => value.length === length, `not ${length} bytes`),
  );
}

/** A value, or `null` to clear the field. */
function clearable<T>(schema: Schema<T>): Schema<T | undefined> {
  return v.pipe(
    v.nullable(schema),
    v.transform((value) => value ?? undefined),
  );
}

/** An object with these members and no other. */
function members<T extends object>(
  entries: {
    readonly [K in keyof T]-?: Schema<T[K]>;
  },
): Schema<T> {
  return v.strictObject(entries as v.ObjectEntries) as unknown as Schema<T>;
}

function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return v.optional(schema) as Schema<T | undefined>;
}

const signedIdentity = members<NonNullable<DeviceCommandOf<"setAccount">["account"]>>({
  details: optional(bytes),
  accountSignatureKey: optional(bytes),
  accountSignature: optional(bytes),
  deviceSignature: optional(bytes),
  unknownFields: optional(bytes),
});

const certificate = members<DeviceCommandOf<"setServerCertChain">["serverCertChain"]["leaf"]>({
  key,
  notBefore: time,
  notAfter: time,
});

const keyPair = members<DeviceCommandOf<"setSignedPreKey">["signedPreKey"]>({
  privateKey: key,
  publicKey: key,
});

type Members<K extends DeviceCommandKind> = Omit<DeviceCommandOf<K>, "kind">;

type CommandSchemas = { readonly [K in DeviceCommandKind]: Schema<Members<K>> };

/** The schema of each command. A new command does not compile without one. */
const COMMANDS: CommandSchemas = {
  setId: members({ pn: clearable(text) }),
  setLid: members({ lid: clearable(text) }),
  setPushName: members({ pushName: textOrEmpty }),
  setPlatform: members({ platform: clearable(text) }),
  setAccount: members({ account: clearable(signedIdentity) }),
  setAppVersion: members({ appVersion: version }),
  setDeviceProps: members({
    deviceProps: members<DeviceCommandOf<"setDeviceProps">["deviceProps"]>({
      os: optional(text),
      version: optional(version),
      platformType: optional(uint32),
      requireFullSync: optional(flag),
      historySyncConfig: optional(bytes),
    }),
  }),
  setClientProfile: members({
    clientProfile: clearable(
      members<NonNullable<DeviceCommandOf<"setClientProfile">["clientProfile"]>>({
        platform: optional(uint32),
        webSubPlatform: optional(uint32),
        osVersion: optional(text),
        osBuildNumber: optional(text),
        manufacturer: optional(text),
        device: optional(text),
        localeLanguage: optional(text),
        localeCountry: optional(text),
        includeWebInfo: optional(flag),
        passiveLogin: optional(flag),
        phoneId: optional(text),
      }),
    ),
  }),
  setPropsHash: members({ propsHash: clearable(text) }),
  setPreKeyWatermarks: members({ nextPreKeyId: keyId, firstUnuploadedPreKeyId: keyId }),
  setAdvSecretKey: members({ advSecretKey: key }),
  setNctSalt: members({ nctSalt: clearable(bytes) }),
  setNctSaltFromHistorySync: members({ nctSalt: bytes }),
  setServerCertChain: members({
    serverCertChain: members<DeviceCommandOf<"setServerCertChain">["serverCertChain"]>({
      intermediate: certificate,
      leaf: certificate,
    }),
  }),
  clearServerCertChain: members({}),
  incrementLoginCounter: members({}),
  setLidMigrated: members({ lidMigrated: flag }),
  setSignedPreKey: members({
    signedPreKey: keyPair,
    signedPreKeyId: keyId,
    signedPreKeySignature: exactly(SIGNATURE_BYTES),
    rotatedAtMs: time,
  }),
  setSignedPreKeyRotationBaseline: members({ rotatedAtMs: time }),
  setServerClientExpiration: members({
    serverClientExpiration: clearable(
      members<NonNullable<DeviceCommandOf<"setServerClientExpiration">["serverClientExpiration"]>>({
        expiresAt: time,
        version: text,
      }),
    ),
  }),
  setReadReceiptsDisabled: members({ readReceiptsDisabled: flag }),
  setEdgeRoutingInfo: members({ edgeRoutingInfo: clearable(bytes) }),
  setServerHasPreKeys: members({ serverHasPreKeys: flag }),
};

const body = v.strictObject({
  commands: v.custom<unknown[]>(
    (value) => Array.isArray(value) && value.length > 0 && value.length <= MAX_COMMANDS,
  ),
});

/**
 * Reads the commands of a request. Bytes are base64, and `null` clears a field.
 *
 * @throws {RequestError} When a command is malformed. The message contains its index and none of its content.
 */
export function parseCommands(value: unknown): DeviceCommand[] {
  const parsed = v.safeParse(body, value);
  if (!parsed.success) {
    throw new RequestError("invalid", `read commands: expected a list of 1 to ${MAX_COMMANDS} commands`);
  }
  return parsed.output.commands.map(parseCommand);
}

function parseCommand(value: unknown, index: number): DeviceCommand {
  const { kind, ...rest } = typeof value === "object" && value !== null ? (value as { kind?: unknown }) : {};
  if (!isKind(kind)) throw new RequestError("invalid", `read commands: command ${index} has no known kind`);
  const schema: Schema<object> = COMMANDS[kind];
  const parsed = v.safeParse(schema, rest, { abortEarly: true });
  if (!parsed.success) {
    throw new RequestError("invalid", `read commands: command ${index} is not a valid ${kind}`);
  }
  return { kind, ...parsed.output } as DeviceCommand;
}

function isKind(kind: unknown): kind is DeviceCommandKind {
  return typeof kind === "string" && Object.hasOwn(COMMANDS, kind);
}
