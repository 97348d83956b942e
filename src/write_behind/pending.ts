import type { Flushable, Pending } from "./flushable.ts";

/** Sums the pending counts of all flushables. */
export function totalPending(flushables: readonly Flushable[]): Pending {
  const total = { must: 0, may: 0, bytes: 0 };
  let oldestAtMs: number | undefined;
  for (const flushable of flushables) {
    const pending = flushable.pending();
    total.must += pending.must;
    total.may += pending.may;
    total.bytes += pending.bytes;
    if (pending.oldestAtMs === undefined) continue;
    oldestAtMs = oldestAtMs === undefined ? pending.oldestAtMs : Math.min(oldestAtMs, pending.oldestAtMs);
  }
  return { ...total, oldestAtMs };
}
