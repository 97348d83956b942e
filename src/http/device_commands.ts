import { decodeBase64, KEY_BYTES, MAX_KEY_ID, SIGNATURE_BYTES } from "../bytes/mod.ts";
import type { DeviceCommand, DeviceCommandKind, DeviceCommandOf } from "../device/mod.ts";
import { MAX_TEXT_LENGTH } from "../rules/mod.ts";
import { type Form, FormError, form, members, optional, readForm } from "./form.ts";
import { RequestError } from "./request_error.ts";

/** Maximum number of commands of one request. They are applied all or none. */
export const MAX_COMMANDS = 100;

/** Longest value of a command, in bytes. Routing info and certificates have a few hundred. */
const MAX_BYTES = 65_536;

const UINT32 = 0xffff_ffff;

const text: Form<string> = form((value) => isTextOf(value, MAX_TEXT_LENGTH) && value !== "");
const textOrEmpty: Form<string> = form((value) => isTextOf(value, MAX_TEXT_LENGTH));
const flag: Form<boolean> = form((value) => typeof value === "boolean");
const time: Form<number> = integer(0, Number.MAX_SAFE_INTEGER);
const uint32: Form<number> = integer(0, UINT32);
const keyId: Form<number> = integer(1, MAX_KEY_ID);
const version: Form<readonly [number, number, number]> = form(
  (value) => Array.isArray(value) && value.length === 3 && value.every((part) => isInteger(part, 0, UINT32)),
);

function isTextOf(value: unknown, maxLength: number): boolean {
  return typeof value === "string" && value.length <= maxLength;
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}

function integer(min: number, max: number): Form<number> {
  return form((value) => isInteger(value, min, max));
}

/** Bytes, in base64. */
const bytes: Form<Uint8Array> = (value) => {
  const decoded = isTextOf(value, Math.ceil(MAX_BYTES / 3) * 4) ? decodeBase64(value as string) : undefined;
  if (decoded === undefined) throw new FormError();
  return decoded;
};

const key: Form<Uint8Array> = exactly(KEY_BYTES);

function exactly(length: number): Form<Uint8Array> {
  return (value) => {
    const decoded = bytes(value);
    if (decoded.length !== length) throw new FormError();
    return decoded;
  };
}

/** A value, or `null` to clear the field. */
function clearable<T>(inner: Form<T>): Form<T | undefined> {
  return (value) => (value === null ? undefined : inner(value));
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

type CommandForms = { readonly [K in DeviceCommandKind]: Form<Members<K>> };

/** The form of each command. A new command does not compile without one. */
const COMMANDS: CommandForms = {
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

const body = members<{ readonly commands: readonly unknown[] }>({
  commands: form((value) => Array.isArray(value) && value.length > 0 && value.length <= MAX_COMMANDS),
});

/**
 * Reads the commands of a request. Bytes are base64, and `null` clears a field.
 *
 * @throws {RequestError} When a command is malformed. The message contains its index and none of its content.
 */
export function parseCommands(value: unknown): DeviceCommand[] {
  const { commands } = readForm(
    body,
    value,
    () => `read commands: expected a list of 1 to ${MAX_COMMANDS} commands`,
  );
  return commands.map(parseCommand);
}

function parseCommand(value: unknown, index: number): DeviceCommand {
  const { kind, ...rest } = typeof value === "object" && value !== null ? (value as { kind?: unknown }) : {};
  if (!isKind(kind)) throw new RequestError("invalid", `read commands: command ${index} has no known kind`);
  const command: Form<object> = COMMANDS[kind];
  const read = readForm(command, rest, () => `read commands: command ${index} is not a valid ${kind}`);
  return { kind, ...read } as DeviceCommand;
}

function isKind(kind: unknown): kind is DeviceCommandKind {
  return typeof kind === "string" && Object.hasOwn(COMMANDS, kind);
}
