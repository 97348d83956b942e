/**
 * JIDs of this server. An account has a phone-number user and a LID user, and each of its devices has an
 * address under both.
 * @module
 */

import { jidDecode, jidEncode } from "baileys";

/** The kind of address that is used for an account. */
export type Addressing = "pn" | "lid";

/** The parts of a user's or device's JID. */
export interface JidParts {
  readonly user: string;
  readonly server: string;
  /** `undefined` when the JID names the user and no device. */
  readonly device: number | undefined;
}

/** Splits a JID. @throws TypeError when it is malformed. */
export function parseJid(jid: string): JidParts {
  const decoded = jidDecode(jid);
  if (decoded === undefined || decoded.user === "") throw new TypeError(`parse jid: malformed jid "${jid}"`);
  return { user: decoded.user, server: decoded.server, device: decoded.device };
}

/** The addressing that a JID uses. */
export function addressingOf(jid: string): Addressing {
  return jid.endsWith("@lid") ? "lid" : "pn";
}

/** The other addressing. */
export function otherAddressing(addressing: Addressing): Addressing {
  return addressing === "pn" ? "lid" : "pn";
}

/** Formats a JID. Device 0 and `undefined` both give the bare user. */
export function writeJid(user: string, addressing: Addressing, device?: number): string {
  return jidEncode(user, addressing === "lid" ? "lid" : "s.whatsapp.net", device);
}

/** Whether the JID names a group. */
export function isGroupJid(jid: string): boolean {
  return jid.endsWith("@g.us");
}
