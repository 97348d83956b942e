import type { Account } from "../account/mod.ts";
import type { SignalCacheStats } from "../signal/mod.ts";
import type { CacheSummary, OpenAccountStats } from "./account_stats.ts";
import type { FlushMeter } from "./flush_meter.ts";

/** Returns the statistics of an open account. @param signal Those of its Signal cache, if it has one. */
export function openStats(
  account: Account,
  flushes: FlushMeter,
  signal: SignalCacheStats | undefined,
): OpenAccountStats {
  const { pending, oldestDirtyAgeMs, isolated, waitingWriters, ...saver } = account.health();
  const { must, may, bytes } = pending;
  return {
    dirty: { must, may, bytes, ...defined({ oldestAgeMs: oldestDirtyAgeMs }) },
    ...account.commitStats,
    flush: flushes.latency,
    // Its other members are always set.
    saver: { ...(defined(saver) as typeof saver), isolated: isolated.length, waitingWriters },
    ...defined({ cache: signal && cacheOf(signal) }),
  };
}

function cacheOf({ hits, misses, gated }: SignalCacheStats): CacheSummary {
  return { hits, misses, hitRatio: hits / (hits + misses || 1), gated };
}

/** Leaves out members that are `undefined`, which JSON does not have. */
function defined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}
