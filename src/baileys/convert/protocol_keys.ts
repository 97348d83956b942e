import type { DeviceListEntry, SenderKeyDevice, TcTokenEntry } from "../../backend/mod.ts";
import { encodeUtf8 } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { isObject, parsedJson, requireBytes, requireInteger, requireObject } from "./_bytes.ts";
import { plainBytes, type WrapBytes } from "./wrap_bytes.ts";

/** Greatest device number: see `MAX_JID_DEVICE`. */
const MAX_DEVICE = 65_535;

/** Id of Baileys' list of JIDs that have a `tctoken`. It is not a JID. */
export const TC_TOKEN_INDEX_ID = "__index";

const REVERSE = "_reverse";

/** `tctoken` of Baileys. */
export interface BaileysTcToken {
  token: Uint8Array;
  /** Unix seconds, in decimal. */
  timestamp?: string;
  /** Unix seconds. */
  senderTimestamp?: number;
}

/**
 * Meaning of an id of a `lid-mapping`: the LID of a phone number, or the phone number of a LID. Users without
 * server.
 */
export type LidMappingId =
  | { readonly kind: "lid-of"; readonly phoneNumber: string }
  | { readonly kind: "phone-number-of"; readonly lid: string };

/**
 * Converts a `sender-key-memory` of Baileys: the devices that have our sender key of a group. @throws
 * {CorruptError}
 */
export function senderKeyMemoryToDevices(value: unknown): SenderKeyDevice[] {
  const action = "convert sender key memory";
  return Object.entries(requireObject(action, "the memory", value)).map(([deviceJid, hasKey]) => {
    if (typeof hasKey !== "boolean") throw new CorruptError(`${action}: an entry is not true or false`);
    return [deviceJid, hasKey];
  });
}

/** Converts the devices that have our sender key of a group to a `sender-key-memory` of Baileys. */
export function devicesToSenderKeyMemory(devices: readonly SenderKeyDevice[]): Record<string, boolean> {
  return Object.fromEntries(devices);
}

/** Reads the id of a `lid-mapping` of Baileys: `<phoneNumber>` or `<lid>_reverse`. */
export function lidMappingIdOf(id: string): LidMappingId {
  return id.endsWith(REVERSE)
    ? { kind: "phone-number-of", lid: id.slice(0, -REVERSE.length) }
    : { kind: "lid-of", phoneNumber: id };
}

/** The ids of a mapping: that of the phone number, and that of the LID. */
export function lidMappingIds(mapping: {
  readonly phoneNumber: string;
  readonly lid: string;
}): readonly [phoneNumber: string, lid: string] {
  return [mapping.phoneNumber, `${mapping.lid}${REVERSE}`];
}

/** Checks the value of a `lid-mapping` of Baileys: a user without server. @throws {CorruptError} */
export function lidMappingToUser(value: unknown): string {
  if (typeof value !== "string" || value.length === 0)
    throw new CorruptError("convert LID mapping: not a user");
  return value;
}

/** Converts a `device-list` of Baileys in its order. @throws {CorruptError} */
export function deviceListToDevices(value: unknown): DeviceListEntry[] {
  const action = "convert device list";
  if (!Array.isArray(value)) throw new CorruptError(`${action}: not an array`);
  return value.map((device) => {
    const isDecimal = typeof device === "string" && /^(?:0|[1-9][0-9]{0,4})$/.test(device);
    const deviceId = isDecimal ? Number(device) : device;
    return { deviceId: requireInteger(action, "a device", deviceId, [0, MAX_DEVICE]) };
  });
}

/** Converts the devices of a user to a `device-list` of Baileys. */
export function devicesToDeviceList(devices: readonly DeviceListEntry[]): string[] {
  return devices.map(({ deviceId }) => String(deviceId));
}

/** Converts a `tctoken` of Baileys. A missing timestamp becomes 0. @throws {CorruptError} */
export function tcTokenToEntry(value: unknown): TcTokenEntry {
  const action = "convert trusted-contact token";
  const { token, timestamp, senderTimestamp } = requireObject(action, "the token", value);
  const seconds = (what: string, time: unknown) => {
    const number = typeof time === "string" && /^[0-9]{1,16}$/.test(time) ? Number(time) : time;
    return requireInteger(action, what, number, [0, Number.MAX_SAFE_INTEGER]);
  };
  return {
    token: token == null ? new Uint8Array(0) : requireBytes(action, "the token", token),
    tokenTimestamp: timestamp == null ? 0 : seconds("timestamp", timestamp),
    ...(senderTimestamp == null ? {} : { senderTimestamp: seconds("senderTimestamp", senderTimestamp) }),
  };
}

/** Converts a stored token to a `tctoken` of Baileys. */
export function entryToTcToken(entry: TcTokenEntry, wrapBytes: WrapBytes = plainBytes): BaileysTcToken {
  return {
    token: wrapBytes(new Uint8Array(entry.token)),
    ...(entry.tokenTimestamp === 0 ? {} : { timestamp: String(entry.tokenTimestamp) }),
    ...(entry.senderTimestamp === undefined ? {} : { senderTimestamp: entry.senderTimestamp }),
  };
}

/**
 * Reads the JIDs of Baileys' index of tokens: a `tctoken` whose token is a JSON array. @throws {CorruptError}
 */
export function tcTokenIndexToJids(value: unknown): string[] {
  const action = "convert index of trusted-contact tokens";
  const token = isObject(value) ? value.token : undefined;
  const jids = parsedJson(action, requireBytes(action, "the token", token));
  if (!Array.isArray(jids) || !jids.every((jid) => typeof jid === "string")) {
    throw new CorruptError(`${action}: not an array of JIDs`);
  }
  return jids;
}

/** Writes Baileys' index of tokens. */
export function jidsToTcTokenIndex(
  jids: readonly string[],
  wrapBytes: WrapBytes = plainBytes,
): BaileysTcToken {
  return { token: wrapBytes(encodeUtf8(JSON.stringify(jids))) };
}
