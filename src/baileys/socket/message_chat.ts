import type { Account } from "../../account/mod.ts";
import { formatJid, type Jid, tryParseJid } from "../../addresses/mod.ts";

/** Servers of devices that another company hosts, and of the users that they belong to. */
const USER_SERVERS: Partial<Record<Jid["server"], Jid["server"]>> = {
  "c.us": "s.whatsapp.net",
  hosted: "s.whatsapp.net",
  "hosted.lid": "lid",
};

/** The chat of a JID: the user without device, a group, the status list. `undefined` when it is no JID. */
export function chatOf(jid: unknown): string | undefined {
  const parsed = typeof jid === "string" ? tryParseJid(jid) : undefined;
  if (parsed === undefined) return undefined;
  const server = USER_SERVERS[parsed.server] ?? parsed.server;
  return formatJid({ ...parsed, server, device: 0, agent: 0 });
}

/** A user's chat under its other name, phone number or LID; `undefined` when it has or is known by none. */
export async function otherNameOf({ lid }: Pick<Account, "lid">, chat: string): Promise<string | undefined> {
  const jid = tryParseJid(chat);
  const other = jid === undefined ? undefined : await lid.swapNamespace(jid);
  return other && formatJid(other);
}

/**
 * Whether two chats may be the same: they are equal, or they are a phone number and a LID that are not known
 * to belong to different users.
 *
 * @param otherName The other name of the first chat, if it is known.
 */
export function mayBeSame(chat: string, otherName: string | undefined, stored: string): boolean {
  if (stored === chat || stored === otherName) return true;
  const servers = [tryParseJid(chat)?.server, tryParseJid(stored)?.server];
  const areBothNames = servers.includes("lid") && servers.includes("s.whatsapp.net");
  return areBothNames && otherName === undefined;
}
