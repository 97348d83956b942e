import { DEVICE_FIELDS as DEVICE } from "../backend/mod.ts";
import { MAX_KEY_ID } from "../bytes/mod.ts";
import type {
  ClientProfile,
  DeviceCommand,
  DeviceCommandKind,
  DeviceCommandOf,
  DeviceProps,
} from "../device/mod.ts";
import { flag, integer, type MembersOf, object, optional, plain, type Rule, text } from "../rules/mod.ts";
import { isObject } from "./json_value.ts";
import { readMembers } from "./read_members.ts";
import { RequestError } from "./request_error.ts";

/** Maximum number of commands of one request. They are applied all or none. */
export const MAX_COMMANDS = 100;

const WORD = text("word");
const UINT32 = integer("uint32", { max: 0xffff_ffff });
const KEY_ID = integer("keyId", { min: 1, max: MAX_KEY_ID });
const MILLISECONDS = DEVICE.lastSignedPreKeyRotationMs.rule;

type CommandRules = {
  readonly [K in DeviceCommandKind]: MembersOf<Omit<DeviceCommandOf<K>, "kind">>;
};

/** The members of each command. A new command does not compile without them. */
const COMMANDS: CommandRules = {
  setId: { pn: DEVICE.pn.rule },
  setLid: { lid: DEVICE.lid.rule },
  setPushName: { pushName: DEVICE.pushName.rule },
  setPlatform: { platform: DEVICE.platform.rule },
  setAccount: { account: DEVICE.account.rule },
  setAppVersion: { appVersion: DEVICE.appVersion.rule },
  setDeviceProps: {
    deviceProps: object<DeviceProps>({
      os: optional(WORD),
      version: optional(DEVICE.appVersion.rule),
      platformType: optional(UINT32),
      requireFullSync: optional(flag()),
      historySyncConfig: optional(plain("historySyncConfig")),
    }),
  },
  setClientProfile: {
    clientProfile: optional(
      object<ClientProfile>({
        platform: optional(UINT32),
        webSubPlatform: optional(UINT32),
        osVersion: optional(WORD),
        osBuildNumber: optional(WORD),
        manufacturer: optional(WORD),
        device: optional(WORD),
        localeLanguage: optional(WORD),
        localeCountry: optional(WORD),
        includeWebInfo: optional(flag()),
        passiveLogin: optional(flag()),
        phoneId: optional(WORD),
      }),
    ),
  },
  setPropsHash: { propsHash: DEVICE.propsHash.rule },
  setPreKeyWatermarks: { nextPreKeyId: KEY_ID, firstUnuploadedPreKeyId: KEY_ID },
  setAdvSecretKey: { advSecretKey: DEVICE.advSecretKey.rule },
  setNctSalt: { nctSalt: DEVICE.nctSalt.rule },
  setNctSaltFromHistorySync: { nctSalt: DEVICE.nctSalt.rule.rule as Rule<Uint8Array> },
  setServerCertChain: { serverCertChain: DEVICE.serverCertChain.rule.rule as never },
  clearServerCertChain: {},
  incrementLoginCounter: {},
  setLidMigrated: { lidMigrated: flag() },
  setSignedPreKey: {
    signedPreKey: DEVICE.signedPreKey.rule,
    signedPreKeyId: KEY_ID,
    signedPreKeySignature: DEVICE.signedPreKeySignature.rule,
    rotatedAtMs: MILLISECONDS,
  },
  setSignedPreKeyRotationBaseline: { rotatedAtMs: MILLISECONDS },
  setServerClientExpiration: { serverClientExpiration: DEVICE.serverClientExpiration.rule },
  setReadReceiptsDisabled: { readReceiptsDisabled: flag() },
  setEdgeRoutingInfo: { edgeRoutingInfo: DEVICE.edgeRoutingInfo.rule },
  setServerHasPreKeys: { serverHasPreKeys: flag() },
};

/**
 * Reads the commands of a request. Bytes are base64, and `null` clears a field.
 *
 * @throws {RequestError} When a command is malformed. The message contains its index and none of its content.
 */
export function parseCommands(value: unknown): DeviceCommand[] {
  const { commands, ...others } = isObject(value) ? value : {};
  const isList = Array.isArray(commands) && commands.length > 0 && commands.length <= MAX_COMMANDS;
  if (!isList || Object.keys(others).length > 0) {
    const violations = Array.isArray(commands)
      ? [{ in: "body", pointer: "#/commands", rule: "maxItems", allowed: MAX_COMMANDS } as const]
      : [{ in: "body", pointer: "#", rule: "required", allowed: ["commands"] } as const];
    throw new RequestError("invalid", `read commands: expected a list of 1 to ${MAX_COMMANDS} commands`, {
      violations,
    });
  }
  return commands.map(parseCommand);
}

function parseCommand(value: unknown, index: number): DeviceCommand {
  const { kind, ...rest } = isObject(value) ? value : {};
  const place = { action: `read commands: command ${index}`, pointer: `#/commands/${index}` };
  const refuse = (message: string, at: string, rule: string, allowed: readonly string[]): RequestError =>
    new RequestError("invalid", `${place.action}${message}`, {
      violations: [{ in: "body", pointer: `${place.pointer}${at}`, rule, allowed }],
    });
  if (!isKind(kind)) throw refuse(" has no known kind", "/kind", "enum", Object.keys(COMMANDS));
  // Only `null` clears. A member that is left out is a mistake.
  const missing = Object.keys(COMMANDS[kind]).find((name) => !Object.hasOwn(rest, name));
  if (missing !== undefined) throw refuse(`: ${missing} is missing`, "", "required", [missing]);
  const members = Object.entries(rest).map(([name, part]) => [name, part === null ? undefined : part]);
  return {
    kind,
    ...readMembers<object>(COMMANDS[kind], Object.fromEntries(members), place),
  } as DeviceCommand;
}

function isKind(kind: unknown): kind is DeviceCommandKind {
  return typeof kind === "string" && Object.hasOwn(COMMANDS, kind);
}
