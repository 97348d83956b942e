import { isLidServer, tryParseJid } from "../addresses/mod.ts";
import { isNumberServer } from "./repository_address.ts";
import type { ToldMappings } from "./told_mappings.ts";

/** Result of Baileys' `migrateSession`, in sessions. */
export interface MigrationCounts {
  readonly migrated: number;
  readonly skipped: number;
  /** Sessions of the phone number. */
  readonly total: number;
}

const NOTHING: MigrationCounts = { migrated: 0, skipped: 0, total: 0 };

/**
 * Implements Baileys' `migrateSession`: learns the LID of a phone number, if unknown, and moves all state of
 * the user, of every device, in one commit. Usually the mapping was stored just before and has moved
 * everything: then it does not query the store.
 *
 * A session of the LID stays, and the phone number's sessions join its archive. (Baileys' own migration would
 * overwrite it, and later messages on it could not be decrypted.)
 *
 * @throws {StoreError} When a read or commit failed. Nothing has changed.
 */
export async function migrateSession(
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
