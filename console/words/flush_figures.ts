import type { FlushPoint } from "../../src/console/model.ts";

/** Figures of the flushes that are plotted. */
export interface FlushFigures {
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly longestMs: number;
  readonly rows: number;
}

/** Sums up flushes. */
export function figuresOf(flushes: readonly FlushPoint[]): FlushFigures {
  const took = flushes.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  return {
    count: flushes.length,
    medianMs: at(0.5),
    p95Ms: at(0.95),
    longestMs: took.at(-1) ?? 0,
    rows: flushes.reduce((sum, { rows }) => sum + rows, 0),
  };
}
