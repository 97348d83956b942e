import {
  formatSignalAddress,
  isLidServer,
  type Jid,
  type SignalServer,
  tryParseSignalAddress,
} from "../../addresses/mod.ts";

/** Resolves to the LID of a phone number. Both are user parts. */
type LidOf = (phoneNumber: string) => Promise<string | undefined>;

/** Servers of LIDs by the server of the phone number. */
const LID_SERVER_OF: ReadonlyMap<string, "hosted.lid" | "lid"> = new Map<SignalServer, "hosted.lid" | "lid">([
  ["c.us", "lid"],
  ["hosted", "hosted.lid"],
]);

/**
 * Replaces the phone number in a Signal address by its LID. `undefined` for any other address, and when no
 * LID is known.
 */
export async function lidAddress(address: string, lidOf: LidOf): Promise<string | undefined> {
  const parsed = tryParseSignalAddress(address);
  const server = parsed === undefined ? undefined : LID_SERVER_OF.get(parsed.server);
  if (parsed === undefined || server === undefined) return undefined;
  const lid = await lidOf(parsed.user);
  return lid === undefined ? undefined : formatSignalAddress({ ...parsed, user: lid, server });
}

/** The user part of a Signal address and its kind. `undefined` when the address belongs to no user. */
export function userOfSignalAddress(
  address: string,
): { readonly kind: "lid" | "pn"; readonly user: string } | undefined {
  const parsed = tryParseSignalAddress(address);
  if (parsed === undefined) return undefined;
  if (LID_SERVER_OF.has(parsed.server)) return { kind: "pn", user: parsed.user };
  return isLidServer(parsed.server) ? { kind: "lid", user: parsed.user } : undefined;
}

/** As `lidAddress`, for a JID. */
export async function lidJid(jid: Jid, lidOf: LidOf): Promise<Jid | undefined> {
  const server = LID_SERVER_OF.get(jid.server === "s.whatsapp.net" ? "c.us" : jid.server);
  const lid = server === undefined ? undefined : await lidOf(jid.user);
  return lid === undefined || server === undefined ? undefined : { ...jid, user: lid, server };
}
