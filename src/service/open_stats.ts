import type { Account } from "../account/mod.ts";
import { signalCacheStats } from "../signal/mod.ts";
import type { CacheSummary, OpenAccountStats, SaverSummary } from "./account_stats.ts";
import type { FlushMeter } from "./flush_meter.ts";

/** Returns the statistics of an open account. */
export function openStats(account: Account, flushes: FlushMeter): OpenAccountStats {
  const { pending, oldestDirtyAgeMs } = account.health();
  const { must, may, bytes } = pending;
  return {
    dirty: { must, may, bytes, ...defined({ oldestAgeMs: oldestDirtyAgeMs }) },
    ...account.stats(),
    flush: flushes.latency,
    saver: saverOf(account),
    ...defined({ cache: cacheOf(account) }),
  };
}

function cacheOf(account: Account): CacheSummary | undefined {
  const stats = signalCacheStats(account);
  if (stats === undefined) return undefined;
  const { hits, misses, gated } = stats;
  return { hits, misses, hitRatio: hits === 0 ? 0 : hits / (hits + misses), gated };
}

function saverOf(account: Account): SaverSummary {
  const { state, consecutiveFailures, isolated, waitingWriters, ...times } = account.health();
  const { lastError, lastSuccessAtMs, lastFailureAtMs, retryAtMs } = times;
  return {
    state,
    consecutiveFailures,
    ...defined({ lastError, lastSuccessAtMs, lastFailureAtMs, retryAtMs }),
    isolated: isolated.length,
    waitingWriters,
  };
}

/** Leaves out members that are `undefined`, which JSON does not have. */
function defined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}
