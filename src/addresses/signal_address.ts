import { requireObject } from "../errors/mod.ts";
import type { Jid, JidServer } from "./jid.ts";
import { formatJid, tryParseJid } from "./jid.ts";

/** A server in a Signal address: phone numbers are on `c.us`. */
export type SignalServer = Exclude<JidServer, "s.whatsapp.net">;

/** The address of one Signal session: `user[:device]@server.0`. */
export interface SignalAddress {
  /** 1 … 128 UTF-16 code units: a phone number or a LID. */
  readonly user: string;
  /** The part behind `@`, such as `c.us` or `lid`. */
  readonly server: SignalServer;
  /** 0 … 65,535; 0 is left out of the text. */
  readonly device: number;
}

/** The device number at the end of the text. It is always 0: the real device number is part of the name. */
const SUFFIX = ".0";

/**
 * Reads a Signal address. Accepts only the canonical spelling: two spellings of one address would be two
 * sessions.
 *
 * @throws {TypeError} When the text is not a Signal address. The message does not repeat it.
 *
 * @example
 * ```ts
 * import { parseSignalAddress } from "@holdfast/store/addresses";
 *
 * parseSignalAddress("5511999990000:3@c.us.0"); // { user: "5511999990000", server: "c.us", device: 3 }
 * ```
 */
export function parseSignalAddress(text: string): SignalAddress {
  const address = tryParseSignalAddress(text);
  if (address === undefined) {
    throw new TypeError("parse Signal address: not of the form user[:device]@server.0");
  }
  return address;
}

/** Reads a Signal address; returns `undefined` when the text is not one. Never throws. */
export function tryParseSignalAddress(text: string): SignalAddress | undefined {
  if (typeof text !== "string" || !text.endsWith(SUFFIX)) return undefined;
  const name = text.slice(0, -SUFFIX.length);
  const jid = tryParseJid(name);
  if (jid === undefined || jid.server === "s.whatsapp.net" || jid.agent !== 0) return undefined;
  if (formatJid(jid) !== name) return undefined;
  return { user: jid.user, server: jid.server, device: jid.device };
}

/**
 * Writes a Signal address, so that `parseSignalAddress(formatSignalAddress(address))` equals `address`.
 *
 * @throws {TypeError} When a part is out of range or `parseSignalAddress` would read it as another part.
 */
export function formatSignalAddress(address: SignalAddress): string {
  requireObject("address", address);
  if ((address.server as JidServer) === "s.whatsapp.net") {
    throw new TypeError("format Signal address: phone numbers are on c.us");
  }
  const { user, server, device } = address;
  return `${formatJid({ user, server, device, agent: 0 })}${SUFFIX}`;
}

/**
 * The Signal address of a JID: `s.whatsapp.net` is written `c.us`.
 *
 * @throws {TypeError} When the JID has an agent. A Signal address has no agent.
 */
export function toSignalAddress(jid: Jid): SignalAddress {
  requireObject("jid", jid);
  if (jid.agent !== 0) throw new TypeError("make Signal address: the JID has an agent");
  const server = jid.server === "s.whatsapp.net" ? "c.us" : jid.server;
  return { user: jid.user, server, device: jid.device };
}

/** The JID of a Signal address: `c.us` is written `s.whatsapp.net`. */
export function signalAddressToJid(address: SignalAddress): Jid {
  requireObject("address", address);
  const server = address.server === "c.us" ? "s.whatsapp.net" : address.server;
  return { user: address.user, server, device: address.device, agent: 0 };
}

/**
 * Matches nearly every address. A full parse takes five times as long, and stores need the user of each row
 * they write.
 */
const COMMON_ADDRESS = /^([0-9]{1,20})(?::[1-9][0-9]{0,3})?@(?:c\.us|lid)\.0$/;

/**
 * The user part of a Signal address, for the search columns of a store: the text before the first `:` or `@`.
 * Returns a text that is not a canonical address unchanged, so that a search for a user never finds a hostile
 * key. Never throws.
 */
export function userOfAddress(address: string): string {
  return COMMON_ADDRESS.exec(address)?.[1] ?? tryParseSignalAddress(address)?.user ?? address;
}
