import type { Clock, Listener, Notifier, Scheduler } from "../ports/mod.ts";
import type { Urgency } from "./flushable.ts";
import type { RoundScope } from "./round_queue.ts";

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
  /** Flushes everything, or only what must not be lost. Never rejects. */
  save(scope: "all" | "now"): Promise<void>;
}

/** When the saver flushes, in milliseconds. */
export interface SaverTimes {
  readonly nowDelayMs: number;
  readonly intervalMs: number;
  readonly maxAgeMs: number;
  readonly idleMs: number;
}

/**
 * Decides when to flush without being asked.
 *
 * It waits on a notifier, which `changed` notifies, and sets a timer to the next due time when it wakes: once
 * for all changes of a turn. A `now` change is flushed after `nowDelayMs`, without what is less urgent; a
 * `must` change within the interval, with everything else. `may` changes alone wait for their maximum age or
 * for a pause in the changes. After a failure the back-off decides. What the backend refuses causes a flush
 * only when it is due. Changes are noted whether or not the saver runs; one that comes during a flush is
 * never lost.
 *
 * Due times only ever move forward when the task has run and found that there is still time: arming costs
 * nothing per change, and on a Durable Object each arming costs a row.
 */
export class Saver {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #notifier: Notifier;
  readonly #taskName: string;
  readonly #target: SaverTarget;
  #times: SaverTimes;
  #unregister: (() => void) | undefined;
  #listener: Listener | undefined;
  #armedAtMs: number | undefined;
  #changedAtMs = 0;
  /**
   * Since when there may be changes of each urgency that no flush of theirs has collected. They are looked
   * for when due.
   */
  #nowSinceMs: number | undefined;
  #mustSinceMs: number | undefined;
  #maySinceMs: number | undefined;
  #roundBeganAtMs = 0;
  /** A flush is wanted whatever the age of the changes. */
  #wantedAtMs: number | undefined;
  /** The flushables release their reserves just now, which ends no pause. */
  #resting = false;

  constructor(
    host: { readonly clock: Clock; readonly scheduler: Scheduler; readonly createNotifier: () => Notifier },
    taskName: string,
    times: SaverTimes,
    target: SaverTarget,
  ) {
    this.#clock = host.clock;
    this.#scheduler = host.scheduler;
    this.#notifier = host.createNotifier();
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
    void this.#watch();
  }

  /** Flushes no more by itself. One that is in flight goes on. */
  stop(): void {
    this.#unregister?.();
    this.#unregister = undefined;
    this.#listener?.drop();
    this.#armedAtMs = undefined;
  }

  /**
   * Something became dirty, at most as urgent as this. It is called for every message: it asks no flushable,
   * and notifies only of the first change of an urgency.
   */
  changed(urgency: Urgency): void {
    const now = this.#clock.nowMs();
    if (!this.#resting) this.#changedAtMs = now;
    if (!this.#note(urgency, now)) return;
    this.#notifier.notify(1);
  }

  /** Notes since when there are changes of an urgency. Returns whether that is news. */
  #note(urgency: Urgency, now: number): boolean {
    switch (urgency) {
      case "now": {
        const isNews = this.#note("must", now);
        if (isKnown(this.#nowSinceMs, now)) return isNews;
        this.#nowSinceMs = now;
        return true;
      }
      case "must":
        if (isKnown(this.#mustSinceMs, now)) return false;
        this.#mustSinceMs = now;
        return true;
      case "may":
        if (isKnown(this.#maySinceMs, now)) return false;
        this.#maySinceMs = now;
        return true;
    }
  }

  /** A flush begins to collect. */
  roundBegan(scope: RoundScope): void {
    this.#roundBeganAtMs = this.#clock.nowMs();
    if (scope === "some") return;
    this.#nowSinceMs = undefined;
    if (scope === "now") return;
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
    const dueAtMs = earliest([this.#allDueAtMs(), this.#nowDueAtMs()]);
    if (dueAtMs !== undefined && (this.#armedAtMs === undefined || dueAtMs < this.#armedAtMs)) {
      this.#arm(dueAtMs);
    }
  }

  /** Sets the timer whenever changes were notified. */
  async #watch(): Promise<void> {
    const unregister = this.#unregister;
    while (unregister !== undefined && this.#unregister === unregister) {
      const listener = this.#notifier.listen();
      this.#listener = listener;
      this.rearm();
      await listener.wait();
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
    const isForNow = isDue(this.#nowDueAtMs(), nowMs) && !isDue(this.#allDueAtMs(), nowMs);
    await (isForNow ? this.#saveNow() : this.#saveAll(nowMs));
    this.rearm();
  }

  async #saveAll(nowMs: number): Promise<void> {
    // While saving fails, released leases would only keep messages from being sent.
    const isFailing = this.#target.retryAtMs() !== undefined;
    const isPause = !isFailing && nowMs >= this.#changedAtMs + this.#times.idleMs;
    if (isPause) this.#release();
    const { must, may } = this.#target.dirty();
    if (must === 0) this.#mustSinceMs = undefined;
    // A caller may wait for the next pause.
    if (may === 0) this.#maySinceMs = isPause || this.#maySinceMs === undefined ? undefined : nowMs;
    if (isDue(this.#allDueAtMs(), nowMs)) await this.#target.save("all");
  }

  async #saveNow(): Promise<void> {
    // It may be written already, on request.
    if (this.#target.dirty().must === 0) this.#nowSinceMs = undefined;
    else await this.#target.save("now");
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

  /** When what must not be lost is flushed by itself. After a failure it is part of the retry. */
  #nowDueAtMs(): number | undefined {
    if (this.#nowSinceMs === undefined || this.#target.retryAtMs() !== undefined) return undefined;
    return this.#nowSinceMs + this.#times.nowDelayMs;
  }

  /** When everything is flushed. */
  #allDueAtMs(): number | undefined {
    const retryAtMs = this.#target.retryAtMs();
    if (retryAtMs !== undefined) return retryAtMs;
    const { intervalMs, maxAgeMs, idleMs } = this.#times;
    const times = [this.#target.refusedRetryAtMs(), this.#wantedAtMs];
    if (this.#mustSinceMs !== undefined) times.push(this.#mustSinceMs + intervalMs);
    if (this.#maySinceMs !== undefined) {
      times.push(Math.min(this.#maySinceMs + maxAgeMs, this.#changedAtMs + idleMs));
    }
    return earliest(times);
  }
}

/**
 * Whether a change is known already. A clock that stepped back would put its due time out of reach: then it
 * counts anew.
 */
function isKnown(sinceMs: number | undefined, nowMs: number): boolean {
  return sinceMs !== undefined && sinceMs <= nowMs;
}

function isDue(dueAtMs: number | undefined, nowMs: number): boolean {
  return dueAtMs !== undefined && dueAtMs <= nowMs;
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce((first, time) => (first === undefined || (time ?? first) < first ? time : first));
}
