import {
  formatSenderKeyName,
  formatSignalAddress,
  type SignalAddress,
  type SignalServer,
  tryParseSenderKeyName,
  tryParseSignalAddress,
} from "../addresses/mod.ts";
import type { SignalAddressEntry, SignalCacheReads, Write } from "../backend/mod.ts";
import type { KeyedLock } from "../cache/mod.ts";
import { AmbiguousError, CorruptError, LimitError, WrongLengthError } from "../errors/mod.ts";
import type { CacheEntry } from "./cache_entry.ts";
import type { EntryTable } from "./entry_table.ts";
import type { IdentityStore } from "./identity_store.ts";
import {
  type MoveContext,
  type PreparedMove,
  prepareIdentityMove,
  prepareRecordMove,
} from "./record_move.ts";
import type { RecordStore } from "./record_store.ts";

/** Times that new addresses of the user may appear while the locks of those that were known are being taken. */
const MAX_ROUNDS = 8;

/** Where the devices of a phone number are found by their LID. */
const LID_SERVERS: Partial<Record<SignalServer, SignalServer>> = { "c.us": "lid", hosted: "hosted.lid" };

/** What a move needs of the cache it happens in. */
export interface MoveParts<S, K> extends MoveContext {
  readonly sessions: RecordStore<S>;
  readonly senderKeys: RecordStore<K>;
  readonly identities: IdentityStore;
  readonly locks: KeyedLock;
  readonly reads: Pick<SignalCacheReads, "listSignalAddresses">;
  /** Commits writes together with everything that is dirty. */
  readonly commitWith: (writes: readonly Write[]) => Promise<unknown>;
}

/** What is moved, and what belongs to a move beside the Signal state. */
export interface MoveOptions {
  /** Whether what there is at an address of the phone number is to be moved; all of it unless given. */
  readonly filter?: ((entry: SignalAddressEntry) => boolean) | undefined;
  /** Writes that land in the same commit: the registry, the mapping. */
  readonly writes?: readonly Write[] | undefined;
  /**
   * Called once the move is durable, and awaited while the locks are still held. Whoever waits for one of them resolves its address
   * again right after: the new address must be the answer by then. It must not fail. What others put under the phone number at the same
   * time, having resolved it before, is moved afterwards, in a commit of its own.
   */
  readonly moved?: (() => void | Promise<void>) | undefined;
}

/** What a move did. */
export interface MoveReport {
  readonly sessions: number;
  readonly identities: number;
  readonly senderKeys: number;
  /** What could not be read, at either end, and stayed where it is. */
  readonly skipped: readonly SignalAddressEntry[];
}

/** A store as far as a preload needs it. */
interface PreloadedStore<V> {
  readonly entries: EntryTable<V>;
  loadMany(addresses: readonly string[]): Promise<unknown>;
  use<Result>(address: string, section: (entry: CacheEntry<V>) => Result): Promise<Result>;
}

/** One thing to move. */
interface Pair {
  readonly kind: SignalAddressEntry["kind"];
  readonly from: string;
  readonly to: string;
}

/** A phone number and its LID, as the user parts of addresses. */
export interface MovedUser {
  readonly pn: string;
  readonly lid: string;
}

/** Moves everything of phone numbers' users to their LIDs. See `SignalStoreCache.moveUsers`. */
export async function moveUsers<S, K>(
  parts: MoveParts<S, K>,
  users: readonly MovedUser[],
  options: MoveOptions,
): Promise<MoveReport> {
  requireDistinct(users);
  const { locks } = parts;
  const report = await moveKnown(parts, users, options);
  // Who had resolved the phone number before has put what was not there to be moved, or is still at work under its lock.
  const lids = lidsOf(users);
  const late = locks.keys.filter((key) => isOfPhoneNumber(key, lids));
  await Promise.all(late.map((key) => locks.withKeys([key], async () => {})));
  const rest = await moveKnown(parts, users, { filter: options.filter });
  return {
    sessions: report.sessions + rest.sessions,
    identities: report.identities + rest.identities,
    senderKeys: report.senderKeys + rest.senderKeys,
    skipped: rest.skipped,
  };
}

/** Of two that come to one place each would be moved as if the other were not there. @throws {TypeError} */
function requireDistinct(users: readonly MovedUser[]): void {
  const phones = new Set(users.map(({ pn }) => pn));
  const lids = new Set(users.map(({ lid }) => lid));
  if (phones.size === users.length && lids.size === users.length) return;
  throw new TypeError("move users: a phone number or a LID is given twice");
}

/** Moves what is there. */
async function moveKnown<S, K>(
  parts: MoveParts<S, K>,
  users: readonly MovedUser[],
  options: MoveOptions,
): Promise<MoveReport> {
  const list = async (): Promise<readonly Pair[]> => {
    const pairs = await listPairs(parts, users);
    return pairs.filter(({ kind, from }) => options.filter?.({ kind, address: from }) ?? true);
  };
  let pairs = await list();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const locked = new Set(pairs.flatMap(({ from, to }) => [from, to]));
    const report = await parts.locks.withKeys([...locked], async () => {
      pairs = await list();
      if (pairs.some(({ from, to }) => !locked.has(from) || !locked.has(to))) return undefined;
      return await moveLocked(parts, pairs, options);
    });
    if (report !== undefined) return report;
  }
  throw new LimitError("move user: new addresses of the phone number keep appearing");
}

/** What there is of the phone numbers' users, in the backend and in memory, and where it goes. */
async function listPairs<S, K>(
  parts: MoveParts<S, K>,
  users: readonly MovedUser[],
): Promise<readonly Pair[]> {
  const lids = lidsOf(users);
  const pairs = new Map<string, Pair>();
  const add = (kind: Pair["kind"], from: string): void => {
    const to = kind === "senderKey" ? movedName(from, lids) : movedAddress(from, lids);
    if (to !== undefined) pairs.set(`${kind} ${from}`, { kind, from, to });
  };
  for (const { kind, address } of await parts.reads.listSignalAddresses([...lids.keys()])) add(kind, address);
  for (const { address } of parts.sessions.entries.entries()) add("session", address);
  for (const { address } of parts.identities.entries.entries()) add("identity", address);
  for (const { address } of parts.senderKeys.entries.entries()) add("senderKey", address);
  return [...pairs.values()];
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
    // Rows of one kind in a row are few statements. No address is at both ends.
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
 * Brings both ends of all pairs into memory, in one read a store, and keeps them there, however full it is: what arrives would
 * drive out what came with it.
 *
 * @returns How to let them go.
 */
async function preload<S, K>(parts: MoveParts<S, K>, pairs: readonly Pair[]): Promise<() => void> {
  const releases: (() => void)[] = [];
  const hold = async <V>(store: PreloadedStore<V>, kind: Pair["kind"]): Promise<void> => {
    const ends = pairs.filter((pair) => pair.kind === kind).flatMap(({ from, to }) => [from, to]);
    const pin = (entry: CacheEntry<V>): void => {
      store.entries.pin(entry);
      releases.push(() => store.entries.unpin(entry));
    };
    // What cannot be read is met again, and told apart, when its pair is prepared.
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

function movedAddress(address: string, lids: Lids): string | undefined {
  const parsed = tryParseSignalAddress(address);
  const moved = parsed === undefined ? undefined : movedParts(parsed, lids);
  return moved === undefined ? undefined : formatSignalAddress(moved);
}

function movedName(name: string, lids: Lids): string | undefined {
  const parsed = tryParseSenderKeyName(name);
  const sender = parsed === undefined ? undefined : movedParts(parsed.sender, lids);
  return parsed === undefined || sender === undefined
    ? undefined
    : formatSenderKeyName({ ...parsed, sender });
}

/** The device keeps its number. */
function movedParts(address: SignalAddress, lids: Lids): SignalAddress | undefined {
  const server = LID_SERVERS[address.server];
  const lid = lids.get(address.user);
  if (server === undefined || lid === undefined) return undefined;
  return { user: lid, server, device: address.device };
}
