/** Every server that a JID may name. `c.us` is the legacy spelling of `s.whatsapp.net`. */
export const JID_SERVERS = [
  "s.whatsapp.net",
  "lid",
  "g.us",
  "broadcast",
  "newsletter",
  "hosted",
  "hosted.lid",
  "msgr",
  "interop",
  "bot",
  "call",
  "c.us",
] as const;

/** A server that a JID may name. */
export type JidServer = (typeof JID_SERVERS)[number];

/** An address of the network: `user[.agent][:device]@server`. */
export interface Jid {
  /**
   * 1 … 128 UTF-16 code units. A phone number, a LID, a group id, …; a dot only on `lid` and `hosted.lid`.
   */
  readonly user: string;
  /** The part behind `@`, such as `s.whatsapp.net`. */
  readonly server: JidServer;
  /** 0 … 65,535; 0 is the primary device and is left out of the text. */
  readonly device: number;
  /** 0 … 255; 0 is left out of the text, and the only one allowed on phone-number and LID servers. */
  readonly agent: number;
}

/**
 * Greatest device number: the widest device field among the wire's JID forms (Messenger, interop) is 16 bits.
 */
export const MAX_JID_DEVICE = 65_535;

/** Greatest agent: one byte on the wire. */
export const MAX_JID_AGENT = 255;

/**
 * Maximum length of a JID's user in UTF-16 code units. Real users have at most 32; the limit keeps keys of
 * stores bounded.
 */
export const MAX_JID_USER_LENGTH = 128;

/** Servers whose users are phone numbers: no dot at all. */
const PN_SERVERS: readonly string[] = ["s.whatsapp.net", "c.us"];

/** Servers whose users are LIDs: a dot belongs to the user. */
const LID_SERVERS: readonly string[] = ["lid", "hosted.lid"];

/** Separators, blanks, control characters, and lone surrogates (they have no UTF-8 form). */
const NOT_IN_USER = /[@:/\s\p{Cc}\p{Cs}]/u;

/** A decimal without sign, blank or leading zero. */
const DECIMAL = /^(?:0|[1-9][0-9]{0,4})$/;

/**
 * Reads a JID.
 *
 * Accepts a device of `:0` and an agent of `.0`, which `formatJid` leaves out. Every other JID has one
 * spelling.
 *
 * @throws {TypeError} When the text is not a JID. The message does not repeat it.
 *
 * @example
 * ```ts
 * import { parseJid } from "@holdfast/store";
 *
 * parseJid("5511999990000:3@s.whatsapp.net"); // { user: "5511999990000", server: "s.whatsapp.net", device: 3, agent: 0 }
 * ```
 */
export function parseJid(text: string): Jid {
  const jid = readJid(text);
  if (typeof jid === "string") throw new TypeError(`parse JID: ${jid}`);
  return jid;
}

/** Reads a JID; returns `undefined` when the text is not one. Never throws. */
export function tryParseJid(text: string): Jid | undefined {
  const jid = readJid(text);
  return typeof jid === "string" ? undefined : jid;
}

/**
 * Writes a JID in its canonical spelling, so that `parseJid(formatJid(jid))` equals `jid`.
 *
 * @throws {TypeError} When a part is out of range or `parseJid` would read it as another part.
 */
export function formatJid(jid: Jid): string {
  const fault = faultOf(jid);
  if (fault !== undefined) throw new TypeError(`format JID: ${fault}`);
  const agent = jid.agent === 0 ? "" : `.${jid.agent}`;
  const device = jid.device === 0 ? "" : `:${jid.device}`;
  return `${jid.user}${agent}${device}@${jid.server}`;
}

/** Whether a server's users are phone numbers. */
export function isPnServer(server: JidServer): boolean {
  return PN_SERVERS.includes(server);
}

/** Whether a server's users are LIDs. */
export function isLidServer(server: JidServer): boolean {
  return LID_SERVERS.includes(server);
}

function isServer(text: string): text is JidServer {
  return (JID_SERVERS as readonly string[]).includes(text);
}

/** Returns the JID, or the reason why the text is not one. */
function readJid(text: unknown): Jid | string {
  if (typeof text !== "string") return "not a string";
  const at = text.indexOf("@");
  if (at === -1) return "no server";
  const server = text.slice(at + 1);
  if (!isServer(server)) return "unknown server";
  let user = text.slice(0, at);
  let device = 0;
  let agent = 0;
  const colon = user.indexOf(":");
  if (colon !== -1) {
    const digits = user.slice(colon + 1);
    if (!DECIMAL.test(digits)) return "device is not a decimal number";
    device = Number(digits);
    user = user.slice(0, colon);
  }
  const dot = isPnServer(server) || isLidServer(server) ? -1 : user.indexOf(".");
  if (dot !== -1) {
    const digits = user.slice(dot + 1);
    if (!DECIMAL.test(digits)) return "agent is not a decimal number";
    agent = Number(digits);
    user = user.slice(0, dot);
  }
  const jid = { user, server, device, agent };
  return faultOf(jid) ?? jid;
}

/** Returns the reason why a JID cannot be formatted; `undefined` when it can. */
function faultOf(jid: Jid): string | undefined {
  if (typeof jid !== "object" || jid === null) return "not an object";
  if (typeof jid.user !== "string" || jid.user.length === 0) return "user is empty";
  if (jid.user.length > MAX_JID_USER_LENGTH) return `user is longer than ${MAX_JID_USER_LENGTH} characters`;
  if (NOT_IN_USER.test(jid.user)) return "user has a character that is not allowed";
  if (!isServer(jid.server)) return "unknown server";
  if (!isLidServer(jid.server) && jid.user.includes(".")) return "user has a dot, which only a LID may have";
  if (!isUpTo(jid.device, MAX_JID_DEVICE)) return `device is not 0 to ${MAX_JID_DEVICE}`;
  if (!isUpTo(jid.agent, MAX_JID_AGENT)) return `agent is not 0 to ${MAX_JID_AGENT}`;
  if (jid.agent !== 0 && (isPnServer(jid.server) || isLidServer(jid.server))) {
    return "a phone number or LID has no agent";
  }
  return undefined;
}

function isUpTo(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}
