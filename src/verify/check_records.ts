import { tryParseSenderKeyName, tryParseSignalAddress } from "../addresses/mod.ts";
import { isLease, type Lease, type QuarantineReason, type RowWrite, type Write } from "../backend/mod.ts";
import { prefixedKey, sameBytes } from "../bytes/mod.ts";
import { WrongLengthError } from "../errors/mod.ts";
import { MAX_SKIPPED_MESSAGES, SenderKeyRecord, SessionRecord } from "../ratchet/mod.ts";
import { type Checking, isDamage, reasonOf } from "./context.ts";
import type { FindingCode } from "./finding.ts";

type RecordRow = Extract<RowWrite, { readonly kind: "session.put" | "senderKey.put" }>;

/** What a record is called, and what becomes of one that is set aside. */
const WORDS = {
  session: {
    what: "session",
    lost: "Messages with it fail.",
    anew: "Set it aside by --repair: the next message sets up a new session, and the peer sends again what it could not read.",
  },
  senderKey: {
    what: "sender key",
    lost: "Messages of this member of the group cannot be read.",
    anew: "Set it aside by --repair: the member's phone is asked to send again, and sends the key with it.",
  },
} as const;

/** A fault of a record. */
interface Fault {
  readonly code: FindingCode;
  readonly reason: string;
  readonly quarantine: QuarantineReason;
}

/** Checks sessions: their records, leases and identities, and that each is found by its address. */
export async function checkSessions(
  checking: Checking,
  rows: readonly Extract<RecordRow, { readonly kind: "session.put" }>[],
): Promise<void> {
  const { tell, device, pacer } = checking;
  const addresses = rows.map(({ address }) => address);
  const found = await foundRows(checking, "session", addresses);
  const identities = await identitiesOf(checking, addresses);
  for (const [index, row] of rows.entries()) {
    if (pacer?.isDue) await pacer.rest();
    const { address, record, lease } = row;
    const session = readRecord(checking, row, () => wholeSession(record));
    if (session === undefined) continue;
    checkPlace(checking, row, tryParseSignalAddress(address) !== undefined, found[index] !== false);
    checkLease(checking, row, session.sendingChain?.next, lease);
    const own = session.current?.localIdentityPublic;
    if (own !== undefined && device !== undefined && !isKey(own, device.identityKey.publicKey))
      tell({
        ...{ code: "other-identity", severity: "damage", table: "session", key: address },
        what: `The session with ${address} was made by another identity of ours. Messages with it fail.`,
        remedy: WORDS.session.anew,
        repair: setAside("session", address, record, "undecodable"),
      });
    const [remote, stored] = [session.current?.remoteIdentityPublic, identities[index]];
    if (remote !== undefined && stored !== undefined && !isKey(remote, stored))
      tell({
        ...{ code: "other-identity", severity: "warning", table: "identity", key: address },
        what: `The identity of ${address} is not the one that its session was made with: it changed, or one of the two is damaged.`,
        remedy:
          "Compare the security code with the contact, or have the client delete the session. Identities are never repaired.",
      });
  }
}

/** Checks sender keys: their records, leases and names, and that each is found by its name. */
export async function checkSenderKeys(
  checking: Checking,
  rows: readonly Extract<RecordRow, { readonly kind: "senderKey.put" }>[],
): Promise<void> {
  const found = await foundRows(
    checking,
    "senderKey",
    rows.map(({ name }) => name),
  );
  for (const [index, row] of rows.entries()) {
    if (checking.pacer?.isDue) await checking.pacer.rest();
    const record = readRecord(checking, row, () => SenderKeyRecord.decode(row.record));
    if (record === undefined) continue;
    const name = tryParseSenderKeyName(row.name);
    checkPlace(checking, row, name !== undefined, found[index] !== false);
    checkLease(checking, row, record.sendingState?.next, row.lease);
    if (name !== undefined && checking.ownUsers.has(name.sender.user))
      checking.ownGroups.add(row.name.slice(0, row.name.indexOf(":")));
  }
}

/** Decodes a session with its archived ones. */
function wholeSession(bytes: Uint8Array): SessionRecord {
  const record = SessionRecord.decode(bytes);
  for (let index = 0; index < record.archivedCount; index += 1) record.archived(index);
  return record;
}

function readRecord<R>({ tell }: Checking, row: RecordRow, decode: () => R): R | undefined {
  try {
    return decode();
  } catch (error) {
    if (!isDamage(error)) throw error;
    const quarantine = error instanceof WrongLengthError ? "wrong-length" : "undecodable";
    tellFault(tell, row, { code: "undecodable", reason: `does not decode (${reasonOf(error)})`, quarantine });
    return undefined;
  }
}

function checkPlace({ tell }: Checking, row: RecordRow, isNamed: boolean, isFound: boolean): void {
  const [table, name] = [tableOf(row), nameOf(row)];
  const { what, lost } = WORDS[table];
  if (!isNamed)
    tell({
      ...{ code: "malformed-key", severity: "warning", table, key: name },
      what: `The ${what} ${JSON.stringify(name)} has a name that no client uses: it is never found.`,
      remedy: "Nothing: it takes a row and does no harm. It may be what is left of a damaged name.",
    });
  if (!isFound)
    tell({
      ...{ code: "not-found-by-key", severity: "damage", table, key: name },
      what: `The ${what} ${JSON.stringify(name)} is in its table and is not found by its name: an index is damaged. ${lost}`,
      remedy:
        "Rebuild the indexes: run REINDEX with the sqlite3 shell while nothing uses the file, then verify again.",
    });
}

function checkLease(
  { tell }: Checking,
  row: RecordRow,
  next: number | undefined,
  lease: Lease | undefined,
): void {
  if (lease === undefined) return;
  if (!isLease(lease)) {
    tellFault(tell, row, { code: "malformed-lease", reason: "has a damaged lease", quarantine: "lease" });
    return;
  }
  if (next === undefined) return;
  const [table, key] = [tableOf(row), nameOf(row)];
  const reserved = lease.reservedUntil - next;
  if (reserved > MAX_SKIPPED_MESSAGES)
    tell({
      ...{ code: "long-lease", severity: "damage", table, key },
      what: `The lease of the ${WORDS[table].what} ${JSON.stringify(key)} is ${reserved} messages ahead of its chain, more than a peer skips.`,
      remedy: "Nothing: the chain is given up when it is next used, and a new one begins.",
    });
  else if (lease.burned > 0)
    tell({
      ...{ code: "burned-keys", severity: "note", table, key },
      what: `${lease.burned} keys of the ${WORDS[table].what} ${JSON.stringify(key)} were given up after crashes or restores.`,
      remedy: "Nothing: the peer skips them.",
    });
}

function tellFault(tell: Checking["tell"], row: RecordRow, { code, reason, quarantine }: Fault): void {
  const [table, key] = [tableOf(row), nameOf(row)];
  const { what, lost, anew } = WORDS[table];
  tell({
    ...{ code, severity: "damage", table, key },
    what: `The ${what} ${JSON.stringify(key)} ${reason}. ${lost}`,
    remedy: anew,
    repair: setAside(table, key, row.record, quarantine),
  });
}

function setAside(
  store: "session" | "senderKey",
  address: string,
  record: Uint8Array,
  reason: QuarantineReason,
): Write[] {
  const removal: Write =
    store === "session" ? { kind: "session.delete", address } : { kind: "senderKey.delete", name: address };
  return [{ kind: "quarantine.put", store, address, record, reason }, removal];
}

/** Whether each record is found by its name; all `true` when that cannot be told. */
async function foundRows(
  { reads }: Checking,
  table: "session" | "senderKey",
  names: readonly string[],
): Promise<readonly boolean[]> {
  try {
    const rows = await (table === "session" ? reads.loadSessionRows(names) : reads.loadSenderKeyRows(names));
    return rows.map((row) => row !== undefined);
  } catch (error) {
    if (!isDamage(error)) throw error;
    // A row of these cannot be read by its name. It is told by the listing.
    return names.map(() => true);
  }
}

async function identitiesOf(
  { reads }: Checking,
  addresses: readonly string[],
): Promise<readonly (Uint8Array | undefined)[]> {
  try {
    return await reads.loadIdentities(addresses);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return addresses.map(() => undefined);
  }
}

function tableOf({ kind }: RecordRow): "session" | "senderKey" {
  return kind === "session.put" ? "session" : "senderKey";
}

function nameOf(row: RecordRow): string {
  return row.kind === "session.put" ? row.address : row.name;
}

/** Whether a public key, with or without its type, is this one without. */
function isKey(key: Uint8Array, plain: Uint8Array): boolean {
  return sameBytes(key, key.length === plain.length ? plain : prefixedKey(plain));
}
