import type { SignalCacheStats, SignalStoreCache } from "./signal_store_cache.ts";

/** What can be done with an account's Signal state whatever its records are in memory. */
export type SignalUserState = Pick<
  SignalStoreCache<unknown, unknown>,
  | "deleteSenderKey"
  | "deleteSessions"
  | "moveUser"
  | "moveUsers"
  | "onEvent"
  | "publishable"
  | "releaseLeases"
  | "stats"
  | "usersToMove"
>;

/** A cache that is open, and the form of its records. */
export interface OpenedCache {
  readonly codecs: { readonly sessions: object; readonly senderKeys: object };
  readonly cache: SignalUserState;
}

/** The caches of open accounts: an account has one. */
export const openedCaches: WeakMap<object, OpenedCache> = new WeakMap();

/**
 * The numbers of an account's Signal cache, `undefined` when none is open. It opens none, and needs none of
 * the code of one.
 *
 * @param account An account of `openAccount`.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { signalCache, signalCacheStats } from "@holdfast/store/signal";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * if (signalCacheStats(account) !== undefined) throw new Error("nobody has opened a cache");
 * await signalCache(account).sessions.load("5511999990000@c.us.0");
 * if (signalCacheStats(account)?.misses !== 1) throw new Error("the session was not in memory");
 * ```
 */
export function signalCacheStats(account: object): SignalCacheStats | undefined {
  return openedCaches.get(account)?.cache.stats;
}

/**
 * Resolves when ciphertexts of an account may leave, as `SignalStoreCache.publishable`; at once where no
 * Signal cache is open. It opens none, and needs none of the code of one.
 *
 * @param account An account of `openAccount`.
 * @param addresses Canonical Signal addresses and sender key names; all that are gated when left out.
 * @throws {StoreError} When it could not be brought about. Nothing may leave then.
 */
export async function publishable(account: object, addresses?: readonly string[]): Promise<void> {
  await openedCaches.get(account)?.cache.publishable(addresses);
}
