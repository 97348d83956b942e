import type { ValueCache } from "./account_caches.ts";

/**
 * Removes keys from a cache that outlives the process, before what they come from changes: the process may
 * die between the change and telling the cache, and the next one would find the older value. In process
 * nothing is done. Best effort, as the cache is.
 */
export async function forgetElsewhere<V>(
  cache: ValueCache<string, V>,
  keys: readonly string[],
): Promise<void> {
  if (cache.isInProcess !== false) return;
  await Promise.all([...new Set(keys)].map((key) => cache.invalidate(key)));
}
