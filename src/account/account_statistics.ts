import type { Attachments } from "../attachments/mod.ts";
import type { CommitStats } from "../backend/mod.ts";
import { type CacheSize, MeasuredCaches } from "../cache/mod.ts";
import type { SignalCacheStats, SignalPolicy } from "../signal/mod.ts";
import type { Pending, WriteBehindHealth } from "../write_behind/mod.ts";

/** What an open account has done since it was opened, and what it holds. It names no user and has no key. */
export interface AccountStatistics extends CommitStats, Omit<WriteBehindHealth, "isolated" | "pending"> {
  /** Number of the ownership: see `Account.ownerEpoch`. */
  readonly ownerEpoch: number;
  /** Restores of the database from an older copy that are counted: see `SignalPolicy.restoreEpoch`. */
  readonly restoreEpoch: number;
  /** 1 when another owner has opened the account, which saves nothing any more then. */
  readonly fences: number;
  /** Items that are not durable, by urgency, and their estimated bytes. */
  readonly dirty: Omit<Pending, "oldestAtMs">;
  /** Items that the backend refused. They are still dirty. */
  readonly isolated: number;
  /** `undefined` when no Signal cache is open. */
  readonly signal: SignalCacheStats | undefined;
  /** What each cache of the account holds in this process, by its name. */
  readonly caches: Readonly<Record<string, CacheSize>>;
}

/** The part of an open account that its statistics are read of. */
export interface StatisticsSource {
  readonly attachments: Attachments;
  readonly commitStats: CommitStats;
  readonly ownerEpoch: number;
  readonly signalPolicy: SignalPolicy;
  health(): WriteBehindHealth;
}

/** Reads the statistics of an open account. Opens nothing, and asks no backend. */
export function accountStatistics(account: StatisticsSource): AccountStatistics {
  const { pending, isolated, ...health } = account.health();
  const { oldestAtMs: _, ...dirty } = pending;
  const measured = account.attachments.get(MeasuredCaches);
  const signal = measured?.signal?.() as SignalCacheStats | undefined;
  return {
    ...account.commitStats,
    ...health,
    ownerEpoch: account.ownerEpoch,
    restoreEpoch: account.signalPolicy.restoreEpoch ?? 0,
    fences: Number(health.state === "fenced"),
    dirty,
    isolated: isolated.length,
    signal,
    caches: { ...signal?.caches, ...measured?.sizes },
  };
}
