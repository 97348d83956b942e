import type { ValueCache } from "./cache_defaults.ts";

/**
 * Removes keys from a cache in a store before their source changes: the process may crash between the change
 * and the update of the cache, and the next process would read the older value. In process it does nothing.
 * Best effort, like the cache.
 */
export async function forgetElsewhere(
  cache: Pick<ValueCache<string, unknown>, "invalidate" | "isInProcess">,
  keys: readonly string[],
): Promise<void> {
  if (cache.isInProcess !== false) return;
  await Promise.all([...new Set(keys)].map((key) => cache.invalidate(key)));
}
