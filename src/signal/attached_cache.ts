import { type Attachments, attachmentsOf } from "../attachments/mod.ts";
import type { SignalCacheStats } from "./signal_cache_options.ts";
import type { SignalCacheListener } from "./signal_events.ts";
import type { SignalStoreCache } from "./signal_store_cache.ts";

/** The part of a Signal cache that does not depend on the records' form in memory. */
export type AnySignalCache = Pick<
  SignalStoreCache<unknown, unknown>,
  "deleteSenderKey" | "deleteSessions" | "moveUsers" | "onEvent" | "publishable" | "stats" | "usersToMove"
>;

/** An account that a Signal cache can be attached to. */
export interface CacheHolder {
  /** The slot that holds the cache. An account has at most one. */
  readonly attachments: Attachments;
}

/** An open cache and its codecs. */
export interface OpenedCache {
  readonly codecs: { readonly sessions: object; readonly senderKeys: object };
  readonly cache: AnySignalCache;
}

/** The Signal cache of an account, and the listeners of it. */
export class AttachedCache {
  /** What removes each listener; `undefined` until the cache is opened. */
  readonly #listeners = new Map<SignalCacheListener, (() => void) | undefined>();
  #opened: OpenedCache | undefined;

  get opened(): OpenedCache | undefined {
    return this.#opened;
  }

  open(opened: OpenedCache): void {
    this.#opened = opened;
    for (const listener of this.#listeners.keys()) this.onEvent(listener);
  }

  /**
   * Adds a listener of the cache, at once or when it is opened. Each is a function of its own.
   *
   * @returns A function that removes it.
   */
  onEvent(listener: SignalCacheListener): () => void {
    this.#listeners.set(listener, this.#opened?.cache.onEvent(listener));
    return () => {
      this.#listeners.get(listener)?.();
      this.#listeners.delete(listener);
    };
  }
}

/** The slot of an account's Signal cache. */
export function attachedCache(account: CacheHolder): AttachedCache {
  return attachmentsOf("use Signal cache", account).of(AttachedCache, () => new AttachedCache());
}

/**
 * The statistics of an account's Signal cache; `undefined` when none is open. It neither opens a cache nor
 * loads its code.
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
 * if (signalCacheStats(account) !== undefined) throw new Error("no cache is open");
 * await signalCache(account).sessions.load("5511999990000@c.us.0");
 * if (signalCacheStats(account)?.misses !== 1) throw new Error("the session was not in memory");
 * ```
 */
export function signalCacheStats(account: CacheHolder): SignalCacheStats | undefined {
  return attachedCache(account).opened?.cache.stats;
}

/**
 * Resolves when ciphertexts of an account may be sent, as `SignalStoreCache.publishable`; at once when no
 * Signal cache is open. It neither opens a cache nor loads its code.
 *
 * @param account An account of `openAccount`.
 * @param addresses Canonical Signal addresses and sender key names. Defaults to all gated ones.
 * @throws {StoreError} When the commit failed. The ciphertexts must not be sent.
 */
export async function publishable(account: CacheHolder, addresses?: readonly string[]): Promise<void> {
  await attachedCache(account).opened?.cache.publishable(addresses);
}
