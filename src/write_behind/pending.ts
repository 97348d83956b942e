import type { DirtySource, Pending } from "./dirty_source.ts";

/** What is dirty over all sources. */
export function totalPending(sources: readonly DirtySource[]): Pending {
  const total = { must: 0, may: 0, bytes: 0 };
  let oldestAtMs: number | undefined;
  for (const source of sources) {
    const pending = source.pending();
    total.must += pending.must;
    total.may += pending.may;
    total.bytes += pending.bytes;
    if (pending.oldestAtMs === undefined) continue;
    oldestAtMs = oldestAtMs === undefined ? pending.oldestAtMs : Math.min(oldestAtMs, pending.oldestAtMs);
  }
  return { ...total, oldestAtMs };
}
