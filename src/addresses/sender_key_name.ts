import { requireObject } from "../errors/mod.ts";
import type { Jid } from "./jid.ts";
import { formatJid, tryParseJid } from "./jid.ts";
import type { SignalAddress } from "./signal_address.ts";
import { formatSignalAddress, tryParseSignalAddress } from "./signal_address.ts";

/** Names the sender key of one sender in one group: `<groupJid>:<signalAddress>`. */
export interface SenderKeyName {
  /** A group, or a broadcast list. Without device. */
  readonly group: Jid;
  /** The device whose sender key it is. */
  readonly sender: SignalAddress;
}

/**
 * Reads a sender key name. Accepts only the canonical spelling.
 *
 * @throws {TypeError} When the text is not a sender key name. The message does not repeat it.
 *
 * @example
 * ```ts
 * import { parseSenderKeyName } from "@holdfast/store/addresses";
 *
 * parseSenderKeyName("120363000000000001@g.us:100000000000001:7@lid.0").sender.device; // 7
 * ```
 */
export function parseSenderKeyName(text: string): SenderKeyName {
  const name = tryParseSenderKeyName(text);
  if (name === undefined) {
    throw new TypeError("parse sender key name: not of the form groupJid:user[:device]@server.0");
  }
  return name;
}

/** Reads a sender key name; returns `undefined` when the text is not one. Never throws. */
export function tryParseSenderKeyName(text: string): SenderKeyName | undefined {
  if (typeof text !== "string") return undefined;
  // A group has no device, so the first colon ends it.
  const colon = text.indexOf(":");
  if (colon === -1) return undefined;
  const group = tryParseJid(text.slice(0, colon));
  const sender = tryParseSignalAddress(text.slice(colon + 1));
  if (group === undefined || sender === undefined || formatJid(group) !== text.slice(0, colon))
    return undefined;
  return { group, sender };
}

/**
 * Writes a sender key name, so that `parseSenderKeyName(formatSenderKeyName(name))` equals `name`.
 *
 * @throws {TypeError} When the group has a device, a part is out of range, or `parseSenderKeyName` would read
 * a part as another.
 */
export function formatSenderKeyName(name: SenderKeyName): string {
  requireObject("name.group", name?.group);
  if (name.group.device !== 0) throw new TypeError("format sender key name: the group has a device");
  return `${formatJid(name.group)}:${formatSignalAddress(name.sender)}`;
}

/**
 * The user part of the sender's Signal address, for the search columns of a store. Returns any other text
 * unchanged. Never throws.
 */
export function userOfSenderKeyName(name: string): string {
  return tryParseSenderKeyName(name)?.sender.user ?? name;
}
