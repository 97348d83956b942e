import { type Backend, type Device, readRestoreEpoch } from "../backend/mod.ts";
import { hexOf } from "../bytes/mod.ts";
import { CorruptError, SealedError, WrongLengthError } from "../errors/mod.ts";
import { digest } from "../ports/mod.ts";
import { defined, redactedUser } from "./account_rows.ts";
import type { AccountDetail } from "./model.ts";
import type { DatabaseLook } from "./stored_accounts.ts";

/** Quarantined rows, retired accounts and backups that are listed. */
export const MAX_LISTED = 500;

/** Bytes of the fingerprint of an identity key. */
const FINGERPRINT_BYTES = 4;

/** Name of the summaries that are read. They are not stored. */
const SUMMARY_NAME = "console";

/** What is read of the database for one account. */
export interface StoredDetail
  extends Pick<AccountDetail, "device" | "preKeys" | "tables" | "leases" | "quarantine" | "retired"> {
  /** What cannot be read, as a sentence. */
  readonly damage?: string | undefined;
}

/** What an account shows of which nothing can be read. */
export const NO_DETAIL: StoredDetail = { tables: [], quarantine: [], retired: [] };

/**
 * Reads what is stored of one account. What needs the values of a sealed account is left out where the key is
 * missing.
 */
export async function storedDetail(look: DatabaseLook, name: string): Promise<StoredDetail> {
  // Rows of an older layout may be encoded differently.
  if (look.schema.version < look.schema.newest) return NO_DETAIL;
  const counts = await look.stored.count(name);
  const preKeys = { left: counts.preKeys, notUploaded: counts.preKeysNotUploaded };
  let reads: Backend;
  try {
    reads = await look.reads(name);
  } catch (error) {
    if (!(error instanceof SealedError)) throw error;
    return { ...NO_DETAIL, preKeys };
  }
  const { device, damage } = await loadDevice(reads);
  return {
    ...(await readLists(reads, name)),
    ...defined<Pick<StoredDetail, "device" | "damage">>({
      device: device && (await shownDevice(device)),
      damage,
    }),
    preKeys,
    leases: {
      sessions: counts.leasedSessions,
      senderKeys: counts.leasedSenderKeys,
      restoreEpoch: restoreEpochOf(device),
    },
  };
}

async function readLists(
  reads: Backend,
  name: string,
): Promise<Pick<StoredDetail, "tables" | "quarantine" | "retired">> {
  const { tables } = await reads.snapshotDb(SUMMARY_NAME);
  const quarantine = await reads.listQuarantined();
  const retired = (await reads.listSetAside()).filter(({ account }) => account === name);
  return {
    tables: tables.filter(({ rows }) => rows > 0),
    quarantine: quarantine.slice(0, MAX_LISTED),
    // The one that is kept the longest first. When each was set aside is not stored.
    retired: retired
      .reverse()
      .slice(0, MAX_LISTED)
      .map(({ id, until }) => ({ id, untilMs: until * 1_000 })),
  };
}

/** The stored device, or why it cannot be read. */
async function loadDevice(
  reads: Backend,
): Promise<{ readonly device?: Device | undefined; readonly damage?: string | undefined }> {
  try {
    return { device: await reads.load() };
  } catch (error) {
    if (!(error instanceof CorruptError || error instanceof WrongLengthError)) throw error;
    return {
      damage: `The device cannot be read (${error.message}): the account does not open. Restore a backup.`,
    };
  }
}

async function shownDevice(device: Device): Promise<Exclude<AccountDetail["device"], undefined>> {
  const hash = await digest("SHA-256", device.identityKey.publicKey);
  return defined<Exclude<AccountDetail["device"], undefined>>({
    lid: redactedUser(device.lid),
    linked: device.pn !== undefined,
    platform: device.platform,
    identityFingerprint: hexOf(hash.subarray(0, FINGERPRINT_BYTES)),
    registrationId: device.registrationId,
  });
}

/** Restores that are counted. A malformed count shows when the account is verified or opened. */
function restoreEpochOf(device: Device | undefined): number {
  if (device === undefined) return 0;
  try {
    const { own, raised } = readRestoreEpoch(device);
    return own + raised;
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    return 0;
  }
}
