import {
  formatSenderKeyName,
  formatSignalAddress,
  type SignalAddress,
  tryParseSenderKeyName,
  tryParseSignalAddress,
} from "../addresses/mod.ts";
import { isText, type SignalAddressEntry, type SignalCacheReads, type Write } from "../backend/mod.ts";
import type { KeyedLock } from "../cache/mod.ts";
import {
  AmbiguousError,
  ArgumentTypeError,
  CorruptError,
  LimitError,
  requireList,
  requireObject,
  WrongLengthError,
} from "../errors/mod.ts";
import type { CacheEntry } from "./cache_entry.ts";
import type { EntryTable } from "./entry_table.ts";
import type { IdentityStore } from "./identity_store.ts";
import { lidForm, type MovedUser } from "./moved_user.ts";
import {
  type MoveContext,
  type PreparedMove,
  prepareIdentityMove,
  prepareRecordMove,
} from "./record_move.ts";
import type { RecordStore } from "./record_store.ts";
import type { StatePlaces } from "./state_places.ts";

/**
 * Maximum number of attempts when new addresses of the user appear while the locks of known ones are
 * acquired.
 */
const MAX_ROUNDS = 8;

/** The parts of the cache that a move uses. */
export interface MoveParts<S, K> extends MoveContext {
  readonly sessions: RecordStore<S>;
  readonly senderKeys: RecordStore<K>;
  readonly identities: IdentityStore;
  readonly locks: KeyedLock;
  readonly reads: Pick<SignalCacheReads, "listSignalAddresses">;
  readonly places: Pick<StatePlaces, "addSwept" | "forgetSwept">;
  /** Commits writes together with all dirty items. */
  readonly commitWith: (writes: readonly Write[]) => Promise<unknown>;
}

/** Options of a move. */
export interface MoveOptions {
  /** Writes that land in the same commit, such as the mapping. */
  readonly writes?: readonly Write[] | undefined;
  /**
   * Called and awaited once the move is durable, while the locks are held. Callers that wait for one of the
   * locks resolve their address again right after, and must then get the new address. It must not fail. State
   * that concurrent callers put under the phone number, which they resolved earlier, is moved afterwards in a
   * second commit.
   */
  readonly moved?: (() => void | Promise<void>) | undefined;
}

/** Result of a move. */
export interface MoveReport {
  /** Number of sessions that were moved. */
  readonly sessions: number;
  /** Number of identity keys that were moved. */
  readonly identities: number;
  /** Number of sender keys that were moved. */
  readonly senderKeys: number;
  /** Entries that were not moved because one end cannot be read. */
  readonly skipped: readonly SignalAddressEntry[];
}

/** The part of a store that a preload uses. */
interface PreloadedStore<V> {
  readonly entries: EntryTable<V>;
  loadMany(addresses: readonly string[]): Promise<unknown>;
  use<Result>(address: string, section: (entry: CacheEntry<V>) => Result): Promise<Result>;
}

/** One entry to move. */
interface Pair {
  readonly kind: SignalAddressEntry["kind"];
  readonly from: string;
  readonly to: string;
  /** Its phone number. */
  readonly pn: string;
}

/** Moves all state of phone numbers to their LIDs. See `SignalStoreCache.moveUsers`. */
export async function moveUsers<S, K>(
  parts: MoveParts<S, K>,
  users: readonly MovedUser[],
  options: MoveOptions,
): Promise<MoveReport> {
  requireUsers(users);
  requireDistinct(users);
  requireObject("move users: options", options);
  const { locks, places } = parts;
  const moved = (): void | Promise<void> => {
    // Later callers wait until all state is moved.
    places.forgetSwept(users);
    return options.moved?.();
  };
  const report = await moveKnown(parts, users, { ...options, moved });
  // Callers that resolved the phone number earlier may have put further state, or may still hold its lock.
  await othersDone(locks, lidsOf(users));
  const rest = await moveKnown(parts, users, {});
  await places.addSwept(users);
  return {
    sessions: report.sessions + rest.sessions,
    identities: report.identities + rest.identities,
    senderKeys: report.senderKeys + rest.senderKeys,
    skipped: rest.skipped,
  };
}

/** Returns the users with state under the phone number. See `SignalStoreCache.usersToMove`. */
export async function usersToMove<S, K>(
  parts: MoveParts<S, K>,
  users: readonly MovedUser[],
): Promise<MovedUser[]> {
  requireUsers(users);
  const lids = lidsOf(users);
  await othersDone(parts.locks, lids);
  // Memory first, because an entry may be written and evicted during the read.
  const known = inMemory(parts);
  const stored = await parts.reads.listSignalAddresses([...lids.keys()]);
  const found = new Set([...known, ...stored].map((entry) => pairOf(entry, lids)?.pn));
  return users.filter(({ pn }) => found.has(pn));
}

/** Waits for holders of locks of the phone numbers. Later callers resolve the LID. */
async function othersDone(locks: KeyedLock, lids: Lids): Promise<void> {
  const held = locks.keys.filter((key) => isOfPhoneNumber(key, lids));
  await Promise.all(held.map((key) => locks.withKeys([key], async () => {})));
}

/** Checks the user parts of a list of users. @throws {TypeError} */
function requireUsers(users: readonly MovedUser[]): void {
  for (const user of requireList("move users: users", users)) {
    requireObject("move users: a user", user);
    const { pn, lid } = user as MovedUser;
    if (!isText(pn) || !isText(lid)) throw new ArgumentTypeError("move users: malformed phone number or LID");
  }
}

/** Two users with one target would each be moved without regard to the other. @throws {TypeError} */
function requireDistinct(users: readonly MovedUser[]): void {
  const phones = new Set(users.map(({ pn }) => pn));
  const lids = new Set(users.map(({ lid }) => lid));
  if (phones.size === users.length && lids.size === users.length) return;
  throw new ArgumentTypeError("move users: a phone number or LID occurs twice");
}

/** Moves the present state. */
async function moveKnown<S, K>(
  parts: MoveParts<S, K>,
  users: readonly MovedUser[],
  options: MoveOptions,
): Promise<MoveReport> {
  let pairs = await listPairs(parts, users);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const locked = new Set(pairs.flatMap(({ from, to }) => [from, to]));
    const report = await parts.locks.withKeys([...locked], async () => {
      pairs = await listPairs(parts, users);
      if (pairs.some(({ from, to }) => !locked.has(from) || !locked.has(to))) return undefined;
      return await moveLocked(parts, pairs, options);
    });
    if (report !== undefined) return report;
  }
  throw new LimitError("move user: new addresses of the phone number keep appearing");
}

/** Lists the state of the phone numbers, in the backend and in memory, with its targets. */
async function listPairs<S, K>(
  parts: MoveParts<S, K>,
  users: readonly MovedUser[],
): Promise<readonly Pair[]> {
  const lids = lidsOf(users);
  const pairs = new Map<string, Pair>();
  // Also before the read: an entry that is written and evicted during the read may be missing from both
  // afterwards.
  const before = inMemory(parts);
  const stored = await parts.reads.listSignalAddresses([...lids.keys()]);
  for (const entry of [...before, ...stored, ...inMemory(parts)]) {
    const pair = pairOf(entry, lids);
    if (pair !== undefined) pairs.set(`${pair.kind} ${pair.from}`, pair);
  }
  return [...pairs.values()];
}

/** The entries of all users in memory. */
function inMemory<S, K>({ sessions, identities, senderKeys }: MoveParts<S, K>): SignalAddressEntry[] {
  const of = <V>(
    kind: Pair["kind"],
    { entries }: { readonly entries: EntryTable<V> },
  ): SignalAddressEntry[] => Array.from(entries.entries(), ({ address }) => ({ kind, address }));
  return [...of("session", sessions), ...of("identity", identities), ...of("senderKey", senderKeys)];
}

async function moveLocked<S, K>(
  parts: MoveParts<S, K>,
  pairs: readonly Pair[],
  options: MoveOptions,
): Promise<MoveReport> {
  const moves: PreparedMove[] = [];
  const skipped: SignalAddressEntry[] = [];
  const counts = { session: 0, identity: 0, senderKey: 0 };
  const letGo = await preload(parts, pairs);
  try {
    for (const pair of pairs) {
      const move = await prepare(parts, pair);
      if (move === "unreadable") skipped.push({ kind: pair.kind, address: pair.from });
      else if (move !== undefined) {
        moves.push(move);
        counts[pair.kind] += 1;
      }
    }
    const signalWrites = moves.flatMap((move) => move.writes);
    // Consecutive rows of one kind need few statements. No address is both an origin and a target.
    const removals = signalWrites.filter(({ kind }) => kind.endsWith(".delete"));
    const puts = signalWrites.filter(({ kind }) => !kind.endsWith(".delete"));
    const writes = [...puts, ...removals, ...(options.writes ?? [])];
    if (writes.length > 0) await parts.commitWith(writes as readonly Write[]);
  } catch (error) {
    const isKnown = !(error instanceof AmbiguousError);
    for (const move of moves) isKnown ? move.abandon() : move.assert();
    throw error;
  } finally {
    letGo();
  }
  for (const move of moves) move.land();
  await options.moved?.();
  const { session: sessions, identity: identities, senderKey: senderKeys } = counts;
  return { sessions, identities, senderKeys, skipped };
}

/**
 * Loads both ends of all pairs into memory, in one read per store, and pins them, so that they do not evict
 * each other in a full store.
 *
 * @returns A function that unpins them.
 */
async function preload<S, K>(parts: MoveParts<S, K>, pairs: readonly Pair[]): Promise<() => void> {
  const releases: (() => void)[] = [];
  const hold = async <V>(store: PreloadedStore<V>, kind: Pair["kind"]): Promise<void> => {
    const ends = pairs.filter((pair) => pair.kind === kind).flatMap(({ from, to }) => [from, to]);
    const pin = (entry: CacheEntry<V>): void => {
      store.entries.pin(entry);
      releases.push(() => store.entries.unpin(entry));
    };
    // `prepare` handles entries that cannot be read.
    await Promise.allSettled([store.loadMany(ends), ...ends.map((address) => store.use(address, pin))]);
  };
  await Promise.all([
    hold(parts.sessions, "session"),
    hold(parts.senderKeys, "senderKey"),
    hold(parts.identities, "identity"),
  ]);
  return () => {
    for (const release of releases) release();
  };
}

async function prepare<S, K>(
  parts: MoveParts<S, K>,
  { kind, from, to }: Pair,
): Promise<PreparedMove | "unreadable" | undefined> {
  try {
    switch (kind) {
      case "session":
        return await prepareRecordMove(parts.sessions, from, to, parts);
      case "senderKey":
        return await prepareRecordMove(parts.senderKeys, from, to, parts);
      case "identity":
        return await prepareIdentityMove(parts.identities, from, to, parts);
    }
  } catch (error) {
    if (error instanceof WrongLengthError || error instanceof CorruptError) return "unreadable";
    throw error;
  }
}

/** LIDs by phone number. */
type Lids = ReadonlyMap<string, string>;

function lidsOf(users: readonly MovedUser[]): Lids {
  return new Map(users.map(({ pn, lid }) => [pn, lid]));
}

function isOfPhoneNumber(key: string, lids: Lids): boolean {
  return movedAddress(key, lids) !== undefined || movedName(key, lids) !== undefined;
}

/** The move of an entry; `undefined` when it is not of these phone numbers. */
function pairOf({ kind, address }: SignalAddressEntry, lids: Lids): Pair | undefined {
  const moved = kind === "senderKey" ? movedName(address, lids) : movedAddress(address, lids);
  return moved && { kind, from: address, ...moved };
}

/** A phone number and the target of an address of it. */
type Moved = Pick<Pair, "pn" | "to">;

function movedAddress(address: string, lids: Lids): Moved | undefined {
  const parsed = tryParseSignalAddress(address);
  const moved = parsed && movedParts(parsed, lids);
  return moved && { pn: parsed.user, to: formatSignalAddress(moved) };
}

function movedName(name: string, lids: Lids): Moved | undefined {
  const parsed = tryParseSenderKeyName(name);
  const sender = parsed && movedParts(parsed.sender, lids);
  return sender && { pn: parsed.sender.user, to: formatSenderKeyName({ ...parsed, sender }) };
}

function movedParts(address: SignalAddress, lids: Lids): SignalAddress | undefined {
  const lid = lids.get(address.user);
  return lid === undefined ? undefined : lidForm(address, { pn: address.user, lid });
}
