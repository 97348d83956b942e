import { tryParseJid, tryParseSenderKeyName } from "../addresses/mod.ts";
import type { Device, SignalCacheReads, Write } from "../backend/mod.ts";
import { measuredCaches } from "../cache/mod.ts";
import { requireObject } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import type { SenderKeyRecord, SessionRecord } from "../ratchet/mod.ts";
import { type LiveRecordCodec, liveSenderKeyCodec, liveSessionCodec } from "../ratchet/mod.ts";
import type { WriteBehind } from "../write_behind/mod.ts";
import { type AnySignalCache, attachedCache, type CacheHolder } from "./attached_cache.ts";
import type { Durability } from "./counter_lease.ts";
import type { SignalCacheListener } from "./signal_events.ts";
import { SignalStoreCache } from "./signal_store_cache.ts";
import type { UserMappings } from "./state_places.ts";

/** Options of an account's Signal cache, as those of `SignalStoreCache`. */
export interface SignalPolicy {
  /** Defaults to `strict`. */
  readonly durability?: Durability | undefined;
  /**
   * Maximum heap of the cache's entries in bytes, as estimated from the stored form of the records. Entries
   * that are not durable may exceed it. The cache then has this memory for itself. By default all accounts of
   * a process share 64 MiB, and the least recently used entries of any account are evicted first. In a Worker
   * or a Durable Object, where many objects share the memory of one isolate, each account has 8 MiB.
   */
  readonly maxBytes?: number | undefined;
  /** Maximum number of entries in each of the three stores, instead of `maxBytes`. */
  readonly capacity?: number | undefined;
  /**
   * Number of restores of the database from a backup. It is stored with the device before any other read, and
   * the greatest value ever passed applies: pass a greater one once after each restore. A database file that
   * notices by itself that it is a copy adds to it, whatever was passed. Sessions of before then read as
   * closed and still receive; our own sender keys are removed with the marks of their groups.
   */
  readonly restoreEpoch?: number | undefined;
}

/** The part of an open account that its Signal cache needs. */
export interface SignalAccount extends CacheHolder {
  /** Clock, randomness, scheduler and logger of the account. */
  readonly host: Host;
  /** Reads of entries that are not in memory. */
  readonly store: SignalCacheReads;
  /** The device, whose identity tells our own sender keys. */
  readonly device: { getDeviceSnapshot(): Device };
  /** Writes dirty entries. */
  readonly writeBehind: WriteBehind;
  /** The mappings between phone numbers and LIDs. */
  readonly lid: UserMappings;
  /** Adds a function that is called with writes that other code commits. */
  onCommitted?(follower: (writes: readonly Write[]) => void): void;
  /** Adds a function that is called when the device takes another identity. */
  onIdentityChanged?(listener: () => void): void;
  /** Adds a function that is called when the account begins to close. */
  onClosing?(listener: () => void): void;
  /** Resolves when the account is closed. */
  close?(): Promise<void>;
  /** Durability, capacity and restore epoch. */
  readonly signalPolicy: SignalPolicy;
  /** Owner epoch of the opening. */
  readonly ownerEpoch: number;
}

/** Codecs of an account's sessions and sender keys in memory. Two values are equal when their members are. */
export interface SignalCodecs<S, K> {
  /** Codec of sessions. */
  readonly sessions: LiveRecordCodec<S>;
  /** Codec of sender keys. */
  readonly senderKeys: LiveRecordCodec<K>;
}

const STANDARD: SignalCodecs<SessionRecord, SenderKeyRecord> = {
  sessions: liveSessionCodec,
  senderKeys: liveSenderKeyCodec,
};

/**
 * Returns the Signal cache of an open account, with the standard records or a client's own. The account's
 * engine writes it behind, and releases its leases in every pause and when the account closes.
 *
 * An account has one cache: every call returns the same one.
 *
 * @param account An account of `openAccount`, whose option `signal` configures the cache.
 * @param codecs Codecs of the records in memory. Defaults to the standard ones.
 * @throws {TypeError} When the account's cache is open with other codecs.
 * @throws {RangeError} When the account's `signal` options are out of range.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { SessionRecord, signalCache } from "@holdfast/store/signal";
 *
 * await using account = await openAccount({ backend: memoryBackend(), signal: { durability: "relaxed" } });
 * const cache = signalCache(account);
 * await cache.withAddress("5511999990000@c.us.0", async (address) => {
 *   await cache.sendable(address);
 *   const record = (await cache.sessions.load(address)) ?? new SessionRecord();
 *   // … encrypt with the record …
 *   const { gated } = await cache.sessions.put(address, record);
 *   if (gated) await cache.publishable([address]);
 *   // … now the ciphertext may leave …
 * });
 * ```
 */
export function signalCache(account: SignalAccount): SignalStoreCache<SessionRecord, SenderKeyRecord>;
/** As above, with records of the caller's own types. */
export function signalCache<S, K>(account: SignalAccount, codecs: SignalCodecs<S, K>): SignalStoreCache<S, K>;
export function signalCache<S, K>(
  account: SignalAccount,
  codecs: SignalCodecs<S, K> = STANDARD as SignalCodecs<never, never>,
): SignalStoreCache<S, K> {
  const attached = attachedCache(account);
  requireObject("open Signal cache: the codec of sessions", codecs?.sessions);
  requireObject("open Signal cache: the codec of sender keys", codecs.senderKeys);
  const known = attached.opened;
  if (known === undefined) {
    const cache = openCache(account, codecs);
    attached.open({ codecs, cache });
    return cache;
  }
  if (known.codecs.sessions !== codecs.sessions || known.codecs.senderKeys !== codecs.senderKeys) {
    throw new TypeError(
      "open Signal cache: the cache is already open with other codecs; open the client's state " +
        "(such as baileysAuthState) before anything else uses Signal state",
    );
  }
  return known.cache as SignalStoreCache<S, K>;
}

/** The operations of the directory on an account's Signal state. */
export interface SharedSignalState
  extends Pick<AnySignalCache, "deleteSenderKey" | "deleteSessions" | "moveUsers" | "usersToMove"> {
  /** Adds a listener of the cache, now or when it is opened. Returns a function that removes it. */
  onEvent(listener: SignalCacheListener): () => void;
}

/**
 * The account's Signal state, for users that do not depend on the records' form in memory. This call opens
 * nothing: each operation uses the open cache, or opens one with the standard records.
 */
export function sharedSignalState(account: SignalAccount): SharedSignalState {
  const cache = (): AnySignalCache => attachedCache(account).opened?.cache ?? signalCache(account);
  return {
    deleteSenderKey: (name) => cache().deleteSenderKey(name),
    deleteSessions: (selections, writes) => cache().deleteSessions(selections, writes),
    moveUsers: (users, options) => cache().moveUsers(users, options),
    usersToMove: (users) => cache().usersToMove(users),
    onEvent: (listener) => attachedCache(account).onEvent(listener),
  };
}

function openCache<S, K>(account: SignalAccount, codecs: SignalCodecs<S, K>): SignalStoreCache<S, K> {
  const { host, store, device, writeBehind, lid, signalPolicy, ownerEpoch } = account;
  const cache = new SignalStoreCache<S, K>({
    ...signalPolicy,
    ownerEpoch,
    reads: store,
    engine: writeBehind,
    host,
    sessionCodec: codecs.sessions,
    senderKeyCodec: codecs.senderKeys,
    isOwnSenderKey: (name) => isSenderKeyOf(device.getDeviceSnapshot(), name),
    users: lid,
  });
  measuredCaches(account).signal = () => cache.stats;
  writeBehind.addFlushable(cache.flushable);
  account.onCommitted?.((writes) => cache.follow(writes));
  account.onIdentityChanged?.(() => cache.changeIdentity());
  account.onClosing?.(() => void freeAfterClosing(account, cache));
  return cache;
}

/** Frees the shared memory after the last flush, whatever its outcome. The caller of `close` gets its error. */
async function freeAfterClosing(account: SignalAccount, cache: { close(): void }): Promise<void> {
  // `close` has not returned yet, and a second call shares the first.
  await Promise.resolve();
  await account.close?.().catch(() => {});
  cache.close();
}

/**
 * Whether a sender key name is of this device: its user is our phone number or LID, and its device is ours.
 */
function isSenderKeyOf({ pn, lid }: Device, name: string): boolean {
  const sender = tryParseSenderKeyName(name)?.sender;
  if (sender === undefined) return false;
  return [pn, lid].some((text) => {
    const jid = text === undefined ? undefined : tryParseJid(text);
    return jid !== undefined && jid.user === sender.user && jid.device === sender.device;
  });
}
