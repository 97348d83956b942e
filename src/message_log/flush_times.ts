import type { Account } from "../account/mod.ts";
import { LOG_KINDS, type LogKind } from "./log_entry.ts";

/** Delay of a flush after the oldest entry that is not durable: a frame that left 5 s before is durable. */
const DEFAULT_WITHIN_MS = 4_500;

/** The segments in memory, as their timer uses them. */
export interface FlushTarget {
  /** Time of a kind's oldest change that is not durable, in milliseconds. */
  dirtySinceMs(kind: LogKind): number | undefined;
  /** Time of a kind's last entry while durable entries are in memory. */
  keptSinceMs(kind: LogKind): number | undefined;
  /** Flushes some kinds alone. */
  flush(kinds: readonly LogKind[]): Promise<unknown>;
  /** Drops durable entries of a kind from memory. */
  rest(kind: LogKind): void;
}

/**
 * Flushes each kind when its oldest entry has waited long enough, and drops what is durable from memory in a
 * pause, with one timer for all.
 */
export class FlushTimes {
  readonly #host: Account["host"];
  readonly #writeBehind: Account["writeBehind"];
  readonly #taskName: string;
  readonly #target: FlushTarget;
  readonly #withinMs = new Map<LogKind, number>();
  #unregister: (() => void) | undefined;
  #armedAtMs: number | undefined;
  #isFlushing = false;
  /** No flush in this time, after a failure. */
  #pause: { readonly sinceMs: number; readonly untilMs: number } | undefined;

  constructor(account: Pick<Account, "host" | "writeBehind">, taskName: string, target: FlushTarget) {
    this.#host = account.host;
    this.#writeBehind = account.writeBehind;
    this.#taskName = taskName;
    this.#target = target;
    this.#unregister = this.#host.scheduler.register(taskName, () => this.#fire());
  }

  setWithin(kind: LogKind, withinMs: number): void {
    this.#withinMs.set(kind, withinMs);
    this.arm();
  }

  /** Sets the timer, if something is due earlier than it is set. */
  arm(): void {
    if (this.#unregister === undefined || this.#isFlushing) return;
    const dueMs = Math.min(...LOG_KINDS.flatMap((kind) => [this.#flushAtMs(kind), this.#restAtMs(kind)]));
    if (dueMs >= (this.#armedAtMs ?? Number.POSITIVE_INFINITY)) return;
    this.#armedAtMs = dueMs;
    this.#host.scheduler.schedule(this.#taskName, dueMs);
  }

  stop(): void {
    this.#unregister?.();
    this.#unregister = undefined;
  }

  /** If the clock stepped back, a recorded time is in the future: a change is due then, and a pause over. */
  #flushAtMs(kind: LogKind): number {
    const sinceMs = this.#target.dirtySinceMs(kind);
    if (sinceMs === undefined) return Number.POSITIVE_INFINITY;
    const nowMs = this.#host.clock.nowMs();
    const dueMs = sinceMs > nowMs ? nowMs : sinceMs + (this.#withinMs.get(kind) ?? DEFAULT_WITHIN_MS);
    const isPaused = this.#pause !== undefined && this.#pause.sinceMs <= nowMs;
    return isPaused ? Math.max(dueMs, this.#pause?.untilMs ?? 0) : dueMs;
  }

  #restAtMs(kind: LogKind): number {
    const sinceMs = this.#target.keptSinceMs(kind);
    return sinceMs === undefined ? Number.POSITIVE_INFINITY : sinceMs + this.#writeBehind.idleMs;
  }

  async #fire(): Promise<void> {
    this.#armedAtMs = undefined;
    const nowMs = this.#host.clock.nowMs();
    for (const kind of LOG_KINDS) if (this.#restAtMs(kind) <= nowMs) this.#target.rest(kind);
    const due = LOG_KINDS.filter((kind) => this.#flushAtMs(kind) <= nowMs);
    if (due.length > 0) await this.#flush(due);
    this.arm();
  }

  /** The engine reports failures. Until it works again, only its own retries write, and those write all. */
  async #flush(due: readonly LogKind[]): Promise<void> {
    const sinceMs = due.map((kind) => this.#target.dirtySinceMs(kind));
    if (this.#writeBehind.health().retryAtMs === undefined) {
      this.#isFlushing = true;
      await this.#target.flush(due).catch(() => {});
      this.#isFlushing = false;
    }
    const isLeft = due.some((kind, at) => this.#target.dirtySinceMs(kind) === sinceMs[at]);
    const nowMs = this.#host.clock.nowMs();
    const { retryAtMs = nowMs } = this.#writeBehind.health();
    this.#pause = isLeft ? { sinceMs: nowMs, untilMs: retryAtMs + DEFAULT_WITHIN_MS } : undefined;
  }
}
