import { type SignalAddress, tryParseSignalAddress } from "../addresses/mod.ts";
import type { SignalCacheReads, Write } from "../backend/mod.ts";
import type { KeyedLock } from "../cache/mod.ts";
import { AmbiguousError, LimitError, requireFunction, requireList, requireObject } from "../errors/mod.ts";
import type { IdentityStore } from "./identity_store.ts";
import {
  type MoveContext,
  type PreparedMove,
  prepareIdentityRemoval,
  prepareRemoval,
} from "./record_move.ts";
import type { RecordStore } from "./record_store.ts";

/**
 * Maximum number of attempts when new sessions of the users appear while the locks of known ones are
 * acquired.
 */
const MAX_ROUNDS = 8;

/** Selects sessions to delete. */
export interface SessionSelection {
  /** User parts of addresses, including every alias of a user. */
  readonly users: readonly string[];
  /** Selects among their sessions. */
  readonly where: (address: SignalAddress) => boolean;
  /**
   * Returns whether the identity keys of a user under the selected addresses are deleted too. Defaults to
   * none.
   */
  readonly identitiesToo?: ((user: string) => boolean) | undefined;
  /** Called after all reads, immediately before the commit. If it throws, nothing is deleted. */
  readonly check?: (() => void) | undefined;
}

/** The parts of the cache that a deletion uses. */
export interface DeletionParts<S> extends MoveContext {
  readonly sessions: RecordStore<S>;
  readonly identities: IdentityStore;
  readonly locks: KeyedLock;
  readonly reads: Pick<SignalCacheReads, "listSignalAddresses">;
  /** Commits writes together with all dirty items. */
  readonly commitWith: (writes: readonly Write[]) => Promise<unknown>;
}

/** Addresses of sessions and identity keys to delete. */
interface Found {
  readonly sessions: readonly string[];
  readonly identities: readonly string[];
}

/** @throws {TypeError} When a member of the selection is of another type. */
function requireSelection(selection: SessionSelection): void {
  requireObject("delete sessions: the selection", selection);
  requireList("delete sessions: users", selection.users);
  requireFunction("delete sessions: where", selection.where);
  for (const [name, optional] of [
    ["identitiesToo", selection.identitiesToo],
    ["check", selection.check],
  ] as const) {
    if (optional !== undefined) requireFunction(`delete sessions: ${name}`, optional);
  }
}

/** Deletes sessions in one commit with `writes`. See `SignalStoreCache.deleteSessions`. */
export async function deleteSessions<S>(
  parts: DeletionParts<S>,
  selection: SessionSelection,
  writes: readonly Write[],
): Promise<number> {
  requireSelection(selection);
  let found = await find(parts, selection);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const locked = new Set([...found.sessions, ...found.identities]);
    const deleted = await parts.locks.withKeys([...locked], async () => {
      found = await find(parts, selection);
      const isLocked = (address: string): boolean => locked.has(address);
      if (![...found.sessions, ...found.identities].every(isLocked)) return undefined;
      return await deleteLocked(parts, found, writes, selection.check);
    });
    if (deleted !== undefined) return deleted;
  }
  throw new LimitError("delete sessions: new sessions of the user keep appearing");
}

/** Finds the users' entries in the backend and in memory. */
async function find<S>(
  parts: DeletionParts<S>,
  { users, where, identitiesToo = () => false }: SessionSelection,
): Promise<Found> {
  const found = { session: new Set<string>(), identity: new Set<string>() };
  const add = (kind: keyof typeof found, address: string): void => {
    const parsed = tryParseSignalAddress(address);
    if (parsed === undefined || !users.includes(parsed.user) || !where(parsed)) return;
    if (kind === "session" || identitiesToo(parsed.user)) found[kind].add(address);
  };
  const addInMemory = (): void => {
    for (const { address } of parts.sessions.entries.entries()) add("session", address);
    for (const { address } of parts.identities.entries.entries()) add("identity", address);
  };
  // Also before the read: an entry that is written and evicted during the read may be missing from both
  // afterwards.
  addInMemory();
  for (const { kind, address } of await parts.reads.listSignalAddresses(users)) {
    if (kind !== "senderKey") add(kind, address);
  }
  addInMemory();
  return { sessions: [...found.session], identities: [...found.identity] };
}

async function deleteLocked<S>(
  parts: DeletionParts<S>,
  { sessions, identities }: Found,
  writes: readonly Write[],
  check: () => void = () => {},
): Promise<number> {
  const removals: PreparedMove[] = [];
  let deleted = 0;
  try {
    // One read for all sessions that are not in memory.
    await parts.sessions.loadMany(sessions);
    for (const address of sessions) {
      const removal = await prepareRemoval(parts.sessions, address, parts);
      if (removal === undefined) continue;
      removals.push(removal);
      deleted += 1;
    }
    for (const address of identities) {
      removals.push(await prepareIdentityRemoval(parts.identities, address, parts));
    }
    check();
    await parts.commitWith([...removals.flatMap((removal) => removal.writes as readonly Write[]), ...writes]);
  } catch (error) {
    const isKnown = !(error instanceof AmbiguousError);
    for (const removal of removals) isKnown ? removal.abandon() : removal.assert();
    throw error;
  }
  for (const removal of removals) removal.land();
  return deleted;
}
