import { formatJid, parseJid } from "./jid.ts";
import type { SenderKeyName } from "./sender_key_name.ts";
import { formatSenderKeyName } from "./sender_key_name.ts";
import type { SignalAddress, SignalServer } from "./signal_address.ts";
import { formatSignalAddress } from "./signal_address.ts";

/** The number by which libsignal-node names a server (Baileys' `WAJIDDomains`). Phone numbers have none. */
const DOMAIN_OF: Readonly<Partial<Record<SignalServer, string>>> = {
  lid: "1",
  hosted: "128",
  "hosted.lid": "129",
};

const SERVER_OF: ReadonlyMap<string | undefined, SignalServer> = new Map<string | undefined, SignalServer>([
  [undefined, "c.us"],
  ["1", "lid"],
  ["128", "hosted"],
  ["129", "hosted.lid"],
]);

/** `user[_domain]`. The first underscore ends the user, as in Baileys. */
const NAME = /^([^_.]+)(?:_([0-9]+))?$/;

const DECIMAL = /^(?:0|[1-9][0-9]{0,4})$/;

/**
 * Reads a session name of libsignal-node, `user[_domain].device`, as Baileys uses for sessions and
 * identities.
 *
 * @throws {TypeError} When the text is not such a name, or its domain has no server.
 *
 * @example
 * ```ts
 * import { parseNodeAddress } from "@holdfast/store/baileys";
 *
 * parseNodeAddress("100000000000001_1.7"); // { user: "100000000000001", server: "lid", device: 7 }
 * ```
 */
export function parseNodeAddress(text: string): SignalAddress {
  const dot = typeof text === "string" ? text.indexOf(".") : -1;
  if (dot === -1) throw new TypeError("parse session name: not of the form user[_domain].device");
  return readAddress(text.slice(0, dot), text.slice(dot + 1), "parse session name");
}

/**
 * Writes a Signal address in libsignal-node's spelling.
 *
 * @throws {TypeError} When libsignal-node has no name for it: a server without a domain, or a user with a dot
 * or an underscore.
 */
export function formatNodeAddress(address: SignalAddress): string {
  return `${nodeUser(address)}.${address.device}`;
}

/**
 * Reads a sender key name of Baileys, `group::user[_domain]::device`.
 *
 * @throws {TypeError} When the text is not such a name, its group is not a JID, or its domain has no server.
 */
export function parseNodeSenderKeyName(text: string): SenderKeyName {
  const parts = typeof text === "string" ? text.split("::") : [];
  const [group, user, device] = parts;
  if (parts.length !== 3 || group === undefined || user === undefined || device === undefined) {
    throw new TypeError("parse sender key name: not of the form group::user[_domain]::device");
  }
  const name = { group: parseJid(group), sender: readAddress(user, device, "parse sender key name") };
  if (name.group.device !== 0 || formatJid(name.group) !== group) {
    throw new TypeError("parse sender key name: the group is not in canonical form");
  }
  return name;
}

/**
 * Writes a sender key name as Baileys does.
 *
 * @throws {TypeError} When it is not a sender key name, or libsignal-node has no name for the sender.
 */
export function formatNodeSenderKeyName(name: SenderKeyName): string {
  formatSenderKeyName(name);
  return `${formatJid(name.group)}::${nodeUser(name.sender)}::${name.sender.device}`;
}

function readAddress(name: string, device: string, action: string): SignalAddress {
  const match = NAME.exec(name);
  const user = match?.[1];
  if (user === undefined || !DECIMAL.test(device)) {
    throw new TypeError(`${action}: not of the form user[_domain] and device`);
  }
  const server = SERVER_OF.get(match?.[2]);
  if (server === undefined) throw new TypeError(`${action}: unknown domain`);
  const address = { user, server, device: Number(device) };
  formatSignalAddress(address);
  return address;
}

function nodeUser(address: SignalAddress): string {
  formatSignalAddress(address);
  const domain = DOMAIN_OF[address.server];
  if (domain === undefined && address.server !== "c.us") {
    throw new TypeError("format session name: the server has no domain");
  }
  if (!NAME.test(address.user) || address.user.includes("_")) {
    throw new TypeError("format session name: the user has a dot or an underscore");
  }
  return domain === undefined ? address.user : `${address.user}_${domain}`;
}
