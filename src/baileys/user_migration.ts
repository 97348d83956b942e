import { isLidServer, tryParseJid } from "../addresses/mod.ts";
import { isNumberServer } from "./repository_address.ts";
import type { ToldMappings } from "./told_mappings.ts";

/** What Baileys' `migrateSession` answers, in sessions. */
export interface MigrationCounts {
  readonly migrated: number;
  readonly skipped: number;
  /** Sessions that were there for the phone number. */
  readonly total: number;
}

const NOTHING: MigrationCounts = { migrated: 0, skipped: 0, total: 0 };

/**
 * Baileys' `migrateSession`: the LID of a phone number becomes known, if it is not, and with it everything of
 * the user moves, of every device, in one commit. Most often the mapping was stored just before, and has
 * moved everything: then there is nothing to do, and nothing is asked of the store.
 *
 * A session that the LID has already stays, and the phone number's join its archive. (Baileys' own migration
 * would overwrite it: what the peer sends on it could not be read any more.)
 *
 * @throws {StoreError} When it could not be read or committed. Nothing has changed.
 */
export async function migrateUser(
  told: ToldMappings,
  jids: { readonly from: string; readonly to: string },
): Promise<MigrationCounts> {
  const from = tryParseJid(jids.from);
  const to = tryParseJid(jids.to);
  if (from === undefined || to === undefined || !isLidServer(to.server)) return NOTHING;
  if (!isNumberServer(from.server)) return { ...NOTHING, total: 1 };
  const migrated = await told.migrate({ lid: to.user, phoneNumber: from.user });
  return { migrated, skipped: 0, total: migrated };
}
