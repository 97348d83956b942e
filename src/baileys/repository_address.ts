/** Names of sessions and sender keys in Baileys' Signal repository. */
import { isPnServer, type JidServer } from "../addresses/mod.ts";

/** `user[_domain].device`, an address of libsignal-node. */
const ADDRESS = /^([^_.]+)(?:_([0-9]+))?\.([0-9]+)$/;

/**
 * The domains of LIDs, whose addresses are canonical, and of hosted phone numbers (Baileys' `WAJIDDomains`).
 */
const LID_DOMAINS: readonly (string | undefined)[] = ["1", "129"];
const HOSTED_DOMAIN = "128";

/**
 * The phone number JID whose LID Baileys looks up before it reads or stores a session of this address;
 * `undefined` when it looks up none. All spellings of one address have the same JID.
 */
export function phoneNumberJidOf(address: string): string | undefined {
  const [, user, domain, device] = ADDRESS.exec(address) ?? [];
  if (user === undefined || LID_DOMAINS.includes(domain)) return undefined;
  const server = domain === HOSTED_DOMAIN ? "hosted" : "s.whatsapp.net";
  return `${user}${device === "0" ? "" : `:${device}`}@${server}`;
}

/** The id of the sender key of an address in a group, as Baileys stores it. */
export function senderKeyNameOf(group: string, address: string): string {
  const dot = address.lastIndexOf(".");
  return `${group}::${address.slice(0, dot)}::${address.slice(dot + 1)}`;
}

/** Whether users of a server are phone numbers, including hosted devices. */
export function isNumberServer(server: JidServer): boolean {
  return isPnServer(server) || server === "hosted";
}
