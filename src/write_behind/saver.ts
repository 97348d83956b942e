import type { Clock, Scheduler } from "../ports/mod.ts";
import type { Urgency } from "./flushable.ts";

/** What is dirty, as far as the saver cares. */
export interface DirtyCounts {
  readonly must: number;
  readonly may: number;
}

/** What the saver drives. */
export interface SaverTarget {
  /** Everything that is dirty. */
  dirty(): DirtyCounts;
  /** Of that, what the backend refuses: it does not cause a flush of its own. */
  refused(): DirtyCounts;
  /** When a refused item is due to be tried again. */
  refusedRetryAtMs(): number | undefined;
  /** When to try again after a failure. */
  retryAtMs(): number | undefined;
  /** Whether nothing can be saved any more. */
  fenced(): boolean;
  /** Lets the flushables release their reserves: nothing has changed for a while. */
  release(): void;
  /** Flushes. Never rejects. */
  save(): Promise<void>;
}

/** When the saver flushes, in milliseconds. */
export interface SaverTimes {
  readonly intervalMs: number;
  readonly maxAgeMs: number;
  readonly idleMs: number;
}

/**
 * Decides when to flush without being asked.
 *
 * A `must` change is flushed within the interval. `may` changes alone wait for their maximum age or for a pause in the
 * changes. After a failure the back-off decides. What the backend refuses causes a flush only when it is due.
 * Changes are signalled by `changed`, whether or not the saver runs; one that comes during a flush is never lost.
 *
 * Due times only ever move forward when the task has run and found that there is still time: arming costs nothing per
 * change, and on a Durable Object each arming costs a row.
 */
export class Saver {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #taskName: string;
  readonly #target: SaverTarget;
  #times: SaverTimes;
  #unregister: (() => void) | undefined;
  #armedAtMs: number | undefined;
  #changedAtMs = 0;
  /** Since when there may be `must` and `may` changes that no full flush has collected. They are looked for when due. */
  #mustSinceMs: number | undefined;
  #maySinceMs: number | undefined;
  #roundBeganAtMs = 0;
  /** A flush is wanted whatever the age of the changes. */
  #wantedAtMs: number | undefined;
  /** The flushables release their reserves just now, which ends no pause. */
  #resting = false;

  constructor(
    host: { readonly clock: Clock; readonly scheduler: Scheduler },
    taskName: string,
    times: SaverTimes,
    target: SaverTarget,
  ) {
    this.#clock = host.clock;
    this.#scheduler = host.scheduler;
    this.#taskName = taskName;
    this.#times = times;
    this.#target = target;
  }

  get running(): boolean {
    return this.#unregister !== undefined;
  }

  /** Starts to flush by itself; at once, if anything is dirty. @throws {TypeError} When it runs already. */
  start(intervalMs: number): void {
    if (this.running) throw new TypeError("run saver: it is running already");
    this.#unregister = this.#scheduler.register(this.#taskName, () => this.#fire());
    this.#times = { ...this.#times, intervalMs };
    const { must, may } = this.#target.dirty();
    if (must + may > 0) this.#wantedAtMs = this.#clock.nowMs();
    this.rearm();
  }

  /** Flushes no more by itself. One that is in flight goes on. */
  stop(): void {
    this.#unregister?.();
    this.#unregister = undefined;
    this.#armedAtMs = undefined;
  }

  /**
   * Something became dirty, at most as urgent as this. It asks no flushable and arms nothing that is armed: it is called
   * for every message. (A clock that stepped back would put the due time out of reach; then it starts anew.)
   */
  changed(urgency: Urgency): void {
    const now = this.#clock.nowMs();
    if (!this.#resting) this.#changedAtMs = now;
    if (urgency === "must") {
      if (this.#mustSinceMs !== undefined && this.#mustSinceMs <= now) return;
      this.#mustSinceMs = now;
    } else {
      if (this.#maySinceMs !== undefined && this.#maySinceMs <= now) return;
      this.#maySinceMs = now;
    }
    this.rearm();
  }

  /** A flush begins to collect. @param full Whether it collects everything. */
  roundBegan(full: boolean): void {
    this.#roundBeganAtMs = this.#clock.nowMs();
    if (!full) return;
    this.#wantedAtMs = undefined;
    this.#mustSinceMs = undefined;
    this.#maySinceMs = undefined;
  }

  /** A flush is over: what is dirty now was there when it began, or was changed since. */
  roundEnded(): void {
    const { must, may } = this.#wanting();
    if (must > 0) this.#mustSinceMs ??= this.#roundBeganAtMs;
    if (may > 0) this.#maySinceMs ??= this.#roundBeganAtMs;
    this.rearm();
  }

  /** Sets the task to the next due time, if that is sooner than what it is set to. */
  rearm(): void {
    if (!this.running || this.#target.fenced()) return;
    const dueAtMs = this.#dueAtMs();
    if (dueAtMs !== undefined && (this.#armedAtMs === undefined || dueAtMs < this.#armedAtMs)) {
      this.#arm(dueAtMs);
    }
  }

  #arm(dueAtMs: number): void {
    this.#armedAtMs = dueAtMs;
    this.#scheduler.schedule(this.#taskName, dueAtMs);
  }

  async #fire(): Promise<void> {
    this.#armedAtMs = undefined;
    if (!this.running || this.#target.fenced()) return;
    const nowMs = this.#clock.nowMs();
    // While saving fails, released leases would only keep messages from being sent.
    const isFailing = this.#target.retryAtMs() !== undefined;
    const isPause = !isFailing && nowMs >= this.#changedAtMs + this.#times.idleMs;
    if (isPause) this.#release();
    const { must, may } = this.#target.dirty();
    if (must === 0) this.#mustSinceMs = undefined;
    // A caller may wait for the next pause.
    if (may === 0) this.#maySinceMs = isPause || this.#maySinceMs === undefined ? undefined : nowMs;
    const dueAtMs = this.#dueAtMs();
    if (dueAtMs !== undefined && dueAtMs <= nowMs) await this.#target.save();
    this.rearm();
  }

  #release(): void {
    this.#resting = true;
    this.#target.release();
    this.#resting = false;
  }

  /** Dirty items that the backend does not refuse. */
  #wanting(): DirtyCounts {
    const dirty = this.#target.dirty();
    const refused = this.#target.refused();
    return { must: dirty.must - refused.must, may: dirty.may - refused.may };
  }

  #dueAtMs(): number | undefined {
    const retryAtMs = this.#target.retryAtMs();
    if (retryAtMs !== undefined) return retryAtMs;
    const { intervalMs, maxAgeMs, idleMs } = this.#times;
    const times = [this.#target.refusedRetryAtMs(), this.#wantedAtMs];
    if (this.#mustSinceMs !== undefined) times.push(this.#mustSinceMs + intervalMs);
    if (this.#maySinceMs !== undefined) {
      times.push(Math.min(this.#maySinceMs + maxAgeMs, this.#changedAtMs + idleMs));
    }
    return times.reduce((first, time) => (first === undefined || (time ?? first) < first ? time : first));
  }
}
