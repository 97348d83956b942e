import { tryParseJid, tryParseSenderKeyName } from "../addresses/mod.ts";
import type { Device, SignalCacheReads, Write } from "../backend/mod.ts";
import type { Host } from "../ports/mod.ts";
import type { SenderKeyRecord, SessionRecord } from "../ratchet/mod.ts";
import { type LiveRecordCodec, liveSenderKeyCodec, liveSessionCodec } from "../ratchet/mod.ts";
import type { WriteBehind } from "../write_behind/mod.ts";
import { type AnySignalCache, attachedCache, type CacheHolder } from "./attached_cache.ts";
import type { Durability } from "./counter_lease.ts";
import type { SignalCacheListener } from "./signal_events.ts";
import { SignalStoreCache } from "./signal_store_cache.ts";
import type { UserMappings } from "./state_places.ts";

/** How an account keeps its Signal state; each as the option of `SignalStoreCache` of that name. */
export interface SignalPolicy {
  /** Defaults to `strict`. */
  readonly durability?: Durability | undefined;
  /** Entries that each of the three stores may hold, dirty ones apart. Defaults to 2,000. */
  readonly capacity?: number | undefined;
  /**
   * Counts how often the database was restored from a backup. It is stored with the device before anything
   * else is read, and the greatest one ever given is in force: it has to be given once after each restore.
   */
  readonly restoreEpoch?: number | undefined;
}

/** The part of an open account that its Signal cache needs. */
export interface SignalAccount extends CacheHolder {
  readonly host: Host;
  readonly store: SignalCacheReads;
  readonly device: { getDeviceSnapshot(): Device };
  readonly writeBehind: WriteBehind;
  /** Which phone number and LID are one user. */
  readonly lid: UserMappings;
  /** Adds a function that is called with writes that others commit. */
  onCommitted?(follower: (writes: readonly Write[]) => void): void;
  readonly signalPolicy: SignalPolicy;
  /** Number of the ownership that opening took. */
  readonly ownerEpoch: number;
}

/**
 * What an account's sessions and sender keys are in memory. Two of them are the same when their members are.
 */
export interface SignalCodecs<S, K> {
  readonly sessions: LiveRecordCodec<S>;
  readonly senderKeys: LiveRecordCodec<K>;
}

const STANDARD: SignalCodecs<SessionRecord, SenderKeyRecord> = {
  sessions: liveSessionCodec,
  senderKeys: liveSenderKeyCodec,
};

/**
 * The Signal cache of an open account, over the standard records or over a client's own. It is written behind
 * by the account's engine, which releases its leases in every pause and when the account closes.
 *
 * An account has one cache: every call answers with the same.
 *
 * @param account An account of `openAccount`; its option `signal` says how the cache keeps state.
 * @param codecs What the records are in memory. Defaults to the standard ones.
 * @throws {TypeError} When the account's cache was opened with other codecs.
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
export function signalCache<S, K>(account: SignalAccount, codecs: SignalCodecs<S, K>): SignalStoreCache<S, K>;
export function signalCache(account: SignalAccount): SignalStoreCache<SessionRecord, SenderKeyRecord>;
export function signalCache<S, K>(account: SignalAccount, codecs: SignalCodecs<S, K>): SignalStoreCache<S, K>;
export function signalCache<S, K>(
  account: SignalAccount,
  codecs: SignalCodecs<S, K> = STANDARD as SignalCodecs<never, never>,
): SignalStoreCache<S, K> {
  const attached = attachedCache(account);
  const known = attached.opened;
  if (known === undefined) {
    const cache = openCache(account, codecs);
    attached.open({ codecs, cache });
    return cache;
  }
  if (known.codecs.sessions !== codecs.sessions || known.codecs.senderKeys !== codecs.senderKeys) {
    throw new TypeError(
      "open Signal cache: the account's records are in memory in another form already; open the client's state " +
        "(such as baileysAuthState) before anything else uses Signal state",
    );
  }
  return known.cache as SignalStoreCache<S, K>;
}

/** What the directory does with an account's Signal state. */
export interface SharedSignalState
  extends Pick<AnySignalCache, "deleteSenderKey" | "deleteSessions" | "moveUsers" | "usersToMove"> {
  /** Adds a listener of the cache, now or when it is opened. */
  onEvent(listener: SignalCacheListener): void;
}

/**
 * The account's Signal state, for users that need not know what its records are in memory. Nothing is opened
 * by this call: each use takes the cache that is open by then, and opens one over the standard records where
 * none is.
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
  writeBehind.addFlushable(cache.flushable);
  account.onCommitted?.((writes) => cache.follow(writes));
  return cache;
}

/**
 * Whether a sender key name is one of this device: its user is the phone number's or the LID's, and its
 * device ours.
 */
function isSenderKeyOf({ pn, lid }: Device, name: string): boolean {
  const sender = tryParseSenderKeyName(name)?.sender;
  if (sender === undefined) return false;
  return [pn, lid].some((text) => {
    const jid = text === undefined ? undefined : tryParseJid(text);
    return jid !== undefined && jid.user === sender.user && jid.device === sender.device;
  });
}
