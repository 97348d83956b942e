import type { WriteBehind } from "../write_behind/mod.ts";
import type { FlushLatency } from "./account_stats.ts";

/** Measures the flushes of an engine. */
export class FlushMeter {
  #count = 0;
  #lastMs = 0;
  #totalMs = 0;
  #maxMs = 0;

  /** Listens until the engine is closed. */
  constructor(engine: Pick<WriteBehind, "onEvent">) {
    engine.onEvent((event) => {
      if (event.kind === "flushed") this.#add(event.report.durationMs);
    });
  }

  get latency(): FlushLatency {
    return {
      count: this.#count,
      lastMs: this.#lastMs,
      meanMs: this.#count === 0 ? 0 : this.#totalMs / this.#count,
      maxMs: this.#maxMs,
    };
  }

  #add(durationMs: number): void {
    this.#count += 1;
    this.#lastMs = durationMs;
    this.#totalMs += durationMs;
    this.#maxMs = Math.max(this.#maxMs, durationMs);
  }
}
