import type { Clock, Listener, Notifier, Scheduler } from "../ports/mod.ts";
import type { Urgency } from "./flushable.ts";
import type { RoundScope } from "./round_queue.ts";

/** Counts of dirty items for the saver. */
export interface DirtyCounts {
  readonly must: number;
  readonly may: number;
}

/** The engine, as the saver uses it. */
export interface SaverTarget {
  /** Counts of all dirty items. */
  dirty(): DirtyCounts;
  /** Counts of the refused items among them, which do not cause a flush. */
  refused(): DirtyCounts;
  /** Time of the next retry of a refused item. */
  refusedRetryAtMs(): number | undefined;
  /** Time of the retry after a failure. */
  retryAtMs(): number | undefined;
  /** Whether a later owner exists, so that nothing can be saved any more. */
  fenced(): boolean;
  /** Makes the flushables release their reserves, in a pause. */
  release(): void;
  /** Flushes all items, or only those that must not be lost. Never rejects. */
  save(scope: "all" | "now"): Promise<void>;
}

/** Times of the saver, in milliseconds. */
export interface SaverTimes {
  readonly nowDelayMs: number;
  readonly intervalMs: number;
  readonly maxAgeMs: number;
  readonly idleMs: number;
}

/**
 * Decides when the engine flushes automatically.
 *
 * It waits on a notifier, which `changed` notifies, and on wake-up sets a timer to the next due time, once
 * for all changes of a turn. A `now` change is flushed after `nowDelayMs`, without less urgent changes; a
 * `must` change within the interval, with all others. `may` changes alone wait for their maximum age or a
 * pause. After a failure the back-off decides. Refused items cause a flush only when their retry is due. The
 * saver records changes even while it is stopped, and never loses one made during a flush.
 *
 * A due time moves to a later time only when the task runs and nothing is due yet. Changes therefore do not
 * re-arm the timer, and on a Durable Object each arming writes a row.
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
   * Time since which there may be uncollected changes of each urgency. The saver checks for them when due.
   */
  #nowSinceMs: number | undefined;
  #mustSinceMs: number | undefined;
  #maySinceMs: number | undefined;
  #roundBeganAtMs = 0;
  /** Time of a requested flush, independent of the age of changes. */
  #wantedAtMs: number | undefined;
  /** Whether flushables are releasing their reserves, which does not end a pause. */
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

  /** Starts flushing automatically; at once, if anything is dirty. @throws {TypeError} When it is running. */
  start(intervalMs: number): void {
    if (this.running) throw new TypeError("run saver: already running");
    this.#unregister = this.#scheduler.register(this.#taskName, () => this.#fire());
    this.#times = { ...this.#times, intervalMs };
    const { must, may } = this.#target.dirty();
    if (must + may > 0) this.#wantedAtMs = this.#clock.nowMs();
    this.rearm();
    void this.#watch();
  }

  /** Stops flushing automatically. A flush in flight continues. */
  stop(): void {
    this.#unregister?.();
    this.#unregister = undefined;
    this.#listener?.drop();
    this.#armedAtMs = undefined;
  }

  /**
   * Records that an item of at most this urgency became dirty. It is called for every message, so it queries
   * no flushable and notifies only for the first change of an urgency.
   */
  changed(urgency: Urgency): void {
    const now = this.#clock.nowMs();
    if (!this.#resting) this.#changedAtMs = now;
    if (!this.#note(urgency, now)) return;
    this.#notifier.notify(1);
  }

  /** Records the time of the first change of an urgency. Returns whether this is the first. */
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

  /** Called before a flush collects. */
  roundBegan(scope: RoundScope): void {
    this.#roundBeganAtMs = this.#clock.nowMs();
    if (scope === "some") return;
    this.#nowSinceMs = undefined;
    if (scope === "now") return;
    this.#wantedAtMs = undefined;
    this.#mustSinceMs = undefined;
    this.#maySinceMs = undefined;
  }

  /** Called after a flush: items that are dirty now were dirty when it began, or changed later. */
  roundEnded(): void {
    const { must, may } = this.#wanting();
    if (must > 0) this.#mustSinceMs ??= this.#roundBeganAtMs;
    if (may > 0) this.#maySinceMs ??= this.#roundBeganAtMs;
    this.rearm();
  }

  /** Schedules the task at the next due time, if that is earlier than its present due time. */
  rearm(): void {
    if (!this.running || this.#target.fenced()) return;
    const dueAtMs = earliest([this.#allDueAtMs(), this.#nowDueAtMs()]);
    if (dueAtMs !== undefined && (this.#armedAtMs === undefined || dueAtMs < this.#armedAtMs)) {
      this.#arm(dueAtMs);
    }
  }

  /** Re-arms the timer after each notification. */
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
    // While saving fails, releasing leases would only block messages.
    const isFailing = this.#target.retryAtMs() !== undefined;
    const isPause = !isFailing && nowMs >= this.#changedAtMs + this.#times.idleMs;
    if (isPause) this.#release();
    const { must, may } = this.#target.dirty();
    if (must === 0) this.#mustSinceMs = undefined;
    // Keeps waiting for the next pause: a flushable may need it even without dirty items.
    if (may === 0) this.#maySinceMs = isPause || this.#maySinceMs === undefined ? undefined : nowMs;
    if (isDue(this.#allDueAtMs(), nowMs)) await this.#target.save("all");
  }

  async #saveNow(): Promise<void> {
    // A flush on request may have written the items already.
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

  /** Due time of a flush of `now` items only. After a failure they are part of the retry. */
  #nowDueAtMs(): number | undefined {
    if (this.#nowSinceMs === undefined || this.#target.retryAtMs() !== undefined) return undefined;
    return this.#nowSinceMs + this.#times.nowDelayMs;
  }

  /** Due time of a flush of all items. */
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
 * Whether an earlier change is recorded. If the clock stepped back, the recorded time is in the future and is
 * replaced.
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
