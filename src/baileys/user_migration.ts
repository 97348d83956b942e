import { formatJid, isLidServer, isPnServer, type Jid, tryParseJid } from "../addresses/mod.ts";
import type { SignalAddressEntry } from "../backend/mod.ts";
import type { BaileysBinding } from "./binding.ts";
import { storedAddressOf } from "./signal_kinds.ts";

/** What Baileys' `migrateSession` answers, in sessions. */
export interface MigrationCounts {
  readonly migrated: number;
  readonly skipped: number;
  /** Sessions that were there for the phone number. */
  readonly total: number;
}

/** The number of a device that a business hosts; its JIDs are on servers of their own. */
const HOSTED_DEVICE = 99;

const NOTHING: MigrationCounts = { migrated: 0, skipped: 0, total: 0 };

/**
 * Moves the sessions and identities of a phone number to its LID, device by device, in one commit.
 *
 * A session that the LID has already stays, and the phone number's join its archive. (Baileys' own migration would overwrite it:
 * what the peer sends on it could not be read any more.) Sender keys stay where they are: Baileys names them by the JID that a
 * message shows, and never looks them up by the other one.
 *
 * @param addressOf Baileys' `jidToSignalProtocolAddress`.
 * @throws {StoreError} When it could not be read or committed. Nothing has changed.
 */
export async function migrateUser(
  { cache, locks, consumed, keys }: BaileysBinding,
  jids: { readonly from: string; readonly to: string },
  addressOf: (jid: string) => string,
): Promise<MigrationCounts> {
  const from = tryParseJid(jids.from);
  const to = tryParseJid(jids.to);
  if (from === undefined || to === undefined || !isLidServer(to.server)) return NOTHING;
  if (!isPnServer(from.server)) return { ...NOTHING, total: 1 };
  const { [from.user]: listed } = await keys.get("device-list", [from.user]);
  const devices = new Set([from.device, ...(Array.isArray(listed) ? listed.map(Number) : [])]);
  const addressesOf = (jid: Jid): string[] =>
    [...devices].map((device) => addressOf(formatJid(onDevice(jid, device))));
  const sources = addressesOf(from);
  const locked = [...sources, ...addressesOf(to)];
  return await locks.withKeys(locked, async () => {
    const stored = new Set(sources.map(storedAddressOf).filter((address) => address !== undefined));
    const found = await cache.sessions.loadMany([...stored]);
    const total = found.filter((record) => record !== undefined).length;
    if (total === 0) return NOTHING;
    const filter = ({ kind, address }: SignalAddressEntry): boolean =>
      kind !== "senderKey" && stored.has(address);
    const { sessions: migrated } = await cache.moveUser(from.user, to.user, { filter });
    for (const address of locked) consumed.forget(address);
    return { migrated, skipped: total - migrated, total };
  });
}

/** The JID of another device of the same user, as Baileys writes it. */
function onDevice(jid: Jid, device: number): Jid {
  const isLid = isLidServer(jid.server);
  if (device === HOSTED_DEVICE) return { ...jid, device, server: isLid ? "hosted.lid" : "hosted" };
  return { ...jid, device, server: isLid ? "lid" : "s.whatsapp.net" };
}
