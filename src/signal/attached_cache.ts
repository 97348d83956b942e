import type { Attachments } from "../attachments/mod.ts";
import type { SignalCacheListener } from "./signal_events.ts";
import type { SignalCacheStats, SignalStoreCache } from "./signal_store_cache.ts";

/** A Signal cache, as far as it does not matter what its records are in memory. */
export type AnySignalCache = Pick<
  SignalStoreCache<unknown, unknown>,
  "deleteSenderKey" | "deleteSessions" | "moveUsers" | "onEvent" | "publishable" | "stats" | "usersToMove"
>;

/** An account that a Signal cache can be attached to. */
export interface CacheHolder {
  readonly attachments: Attachments;
}

/** A cache that is open, and the form of its records. */
export interface OpenedCache {
  readonly codecs: { readonly sessions: object; readonly senderKeys: object };
  readonly cache: AnySignalCache;
}

/** The Signal cache of an account, and the listeners of before it was opened. */
export class AttachedCache {
  readonly #listeners = new Set<SignalCacheListener>();
  #opened: OpenedCache | undefined;

  get opened(): OpenedCache | undefined {
    return this.#opened;
  }

  open(opened: OpenedCache): void {
    this.#opened = opened;
    for (const listener of this.#listeners) opened.cache.onEvent(listener);
    this.#listeners.clear();
  }

  /** Adds a listener of the cache, at once or when it is opened. */
  onEvent(listener: SignalCacheListener): void {
    if (this.#opened === undefined) this.#listeners.add(listener);
    else this.#opened.cache.onEvent(listener);
  }
}

/** The place of an account's Signal cache. */
export function attachedCache(account: CacheHolder): AttachedCache {
  return account.attachments.of(AttachedCache, () => new AttachedCache());
}

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
 * if (signalCacheStats(account) !== undefined) throw new Error("no cache is open");
 * await signalCache(account).sessions.load("5511999990000@c.us.0");
 * if (signalCacheStats(account)?.misses !== 1) throw new Error("the session was not in memory");
 * ```
 */
export function signalCacheStats(account: CacheHolder): SignalCacheStats | undefined {
  return attachedCache(account).opened?.cache.stats;
}

/**
 * Resolves when ciphertexts of an account may leave, as `SignalStoreCache.publishable`; at once where no
 * Signal cache is open. It opens none, and needs none of the code of one.
 *
 * @param account An account of `openAccount`.
 * @param addresses Canonical Signal addresses and sender key names; all that are gated when left out.
 * @throws {StoreError} When it could not be brought about. Nothing may leave then.
 */
export async function publishable(account: CacheHolder, addresses?: readonly string[]): Promise<void> {
  await attachedCache(account).opened?.cache.publishable(addresses);
}
