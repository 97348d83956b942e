import { type SignalAddress, tryParseSignalAddress } from "../addresses/mod.ts";
import type { SignalCacheReads, Write } from "../backend/mod.ts";
import type { KeyedLock } from "../cache/mod.ts";
import { AmbiguousError, LimitError } from "../errors/mod.ts";
import { type MoveContext, type PreparedMove, prepareRemoval } from "./record_move.ts";
import type { RecordStore } from "./record_store.ts";

/** Times that new sessions of the users may appear while the locks of those that were known are being taken. */
const MAX_ROUNDS = 8;

/** Which sessions are deleted. */
export interface SessionSelection {
  /** User parts of addresses, of every alias that the user has. */
  readonly users: readonly string[];
  /** Which of their sessions. */
  readonly where: (address: SignalAddress) => boolean;
}

/** What a deletion needs of the cache it happens in. */
export interface DeletionParts<S> extends MoveContext {
  readonly sessions: RecordStore<S>;
  readonly locks: KeyedLock;
  readonly reads: Pick<SignalCacheReads, "listSignalAddresses">;
  /** Commits writes together with everything that is dirty. */
  readonly commitWith: (writes: readonly Write[]) => Promise<unknown>;
}

/** Deletes sessions in one commit with `writes`. See `SignalStoreCache.deleteSessions`. */
export async function deleteSessions<S>(
  parts: DeletionParts<S>,
  selection: SessionSelection,
  writes: readonly Write[],
): Promise<number> {
  let addresses = await listSessions(parts, selection);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const locked = new Set(addresses);
    const deleted = await parts.locks.withKeys([...locked], async () => {
      addresses = await listSessions(parts, selection);
      if (addresses.some((address) => !locked.has(address))) return undefined;
      return await deleteLocked(parts, addresses, writes);
    });
    if (deleted !== undefined) return deleted;
  }
  throw new LimitError("delete sessions: new sessions of the user keep appearing");
}

/** What there is of the users, in the backend and in memory. */
async function listSessions<S>(
  parts: DeletionParts<S>,
  { users, where }: SessionSelection,
): Promise<readonly string[]> {
  const found = new Set<string>();
  const add = (address: string): void => {
    const parsed = tryParseSignalAddress(address);
    if (parsed !== undefined && users.includes(parsed.user) && where(parsed)) found.add(address);
  };
  const addInMemory = (): void => {
    for (const { address } of parts.sessions.entries.entries()) add(address);
  };
  // Before the read, too: what is written and leaves memory during the read is in neither afterwards.
  addInMemory();
  for (const { kind, address } of await parts.reads.listSignalAddresses(users)) {
    if (kind === "session") add(address);
  }
  addInMemory();
  return [...found];
}

async function deleteLocked<S>(
  parts: DeletionParts<S>,
  addresses: readonly string[],
  writes: readonly Write[],
): Promise<number> {
  const removals: PreparedMove[] = [];
  try {
    // One read for all that is not in memory.
    await parts.sessions.loadMany(addresses);
    for (const address of addresses) {
      const removal = await prepareRemoval(parts.sessions, address, parts);
      if (removal !== undefined) removals.push(removal);
    }
    await parts.commitWith([...removals.flatMap((removal) => removal.writes as readonly Write[]), ...writes]);
  } catch (error) {
    const isKnown = !(error instanceof AmbiguousError);
    for (const removal of removals) isKnown ? removal.abandon() : removal.assert();
    throw error;
  }
  for (const removal of removals) removal.land();
  return removals.length;
}
