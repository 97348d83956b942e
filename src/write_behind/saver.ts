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
  /** Lets the flushables raise their reserves, before a flush at the maximum age. */
  renew(): void;
  /**
   * Flushes all items, or only those that must not be lost; `none` waits for the commits that have begun.
   * Never rejects.
   */
  save(scope: "all" | "now" | "none"): Promise<void>;
}

/**
 * Distance of the ticks at which the savers of one database flush, in milliseconds. Due times of at least twice
 * this delay move to the tick before them.
 */
const TICK_MS = 1_000;

/** Times of the saver, in milliseconds. */
export interface SaverTimes {
  readonly nowDelayMs: number;
  readonly intervalMs: number;
  readonly maxAgeMs: number;
  readonly idleMs: number;
  /** See `Capabilities.savePhaseMs`. */
  readonly phaseMs?: number | undefined;
  readonly slowTurnMs: number;
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
 * The savers of accounts whose commits can share a transaction flush at common ticks, so that they do. What
 * must be written soon does not wait for a tick.
 *
 * A due time moves to a later time only when the task runs and nothing is due yet. Changes therefore do not
 * re-arm the timer.
 *
 * With `slowTurnMs`, it decides at the end of each turn of the event loop that begins something: after a slow
 * turn it releases and flushes everything, and nothing is scheduled. What is still dirty after another turn
 * is also flushed by a task that an alarm runs, should the timers fail. Its due time is never moved to a
 * later one, because each setting of an alarm costs a row.
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
  #sinceMs: { [Each in Urgency]?: number | undefined } = {};
  #roundBeganAtMs = 0;
  /** Time of a requested flush, independent of the age of changes. */
  #wantedAtMs: number | undefined;
  /** Whether flushables are releasing their reserves, which does not end a pause. */
  #resting = false;
  /** Whether a flushable may hold a reserve, also one without dirty items. */
  #restWanted = false;
  /** When this turn began, while its end is not decided, and whether it is a slow one. */
  #turnAtMs: number | undefined;
  #isSlow = false;
  /** When the alarm is due. */
  #alarmAtMs: number | undefined;

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

  /** Whether there is a decision at the end of turns. */
  get #byTurns(): boolean {
    return this.#times.slowTurnMs < Number.MAX_SAFE_INTEGER;
  }

  get running(): boolean {
    return this.#unregister !== undefined;
  }

  /** Starts flushing automatically; at once, if anything is dirty. @throws {TypeError} When it is running. */
  start(intervalMs: number): void {
    if (this.running) throw new TypeError("run saver: already running");
    const options = this.#byTurns ? [false, true] : [undefined];
    const registered = options.map((alarm) =>
      this.#scheduler.register(alarm ? this.#alarmName : this.#taskName, () => this.#fire(alarm), { alarm }),
    );
    this.#unregister = () => {
      for (const unregister of registered) unregister();
    };
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
    let isNews = this.#note(urgency, now);
    if (!this.#resting) {
      this.#restWanted ||= urgency === "may";
      const isSlow = now - this.#changedAtMs >= this.#times.slowTurnMs;
      this.#isSlow ||= isSlow;
      this.#changedAtMs = now;
      if (this.#byTurns && this.#turnAtMs === undefined) {
        isNews ||= isSlow || this.#alarmAtMs === undefined;
        if (isNews) this.#turnAtMs = now;
      }
    }
    if (isNews) this.#notifier.notify(1);
  }

  /** Records the time of the first change of an urgency. Returns whether this is the first. */
  #note(urgency: Urgency, now: number): boolean {
    const isNews = urgency === "now" && this.#note("must", now);
    const sinceMs = this.#sinceMs[urgency];
    // If the clock stepped back, the recorded time is in the future and is replaced.
    if (sinceMs !== undefined && sinceMs <= now) return isNews;
    this.#sinceMs[urgency] = now;
    return true;
  }

  /** Called before a flush collects. */
  roundBegan(scope: RoundScope): void {
    this.#roundBeganAtMs = this.#clock.nowMs();
    if (scope === "some") return;
    if (scope === "now") {
      this.#sinceMs.now = undefined;
      return;
    }
    this.#wantedAtMs = undefined;
    this.#sinceMs = {};
  }

  /** Called after a flush: items that are dirty now were dirty when it began, or changed later. */
  roundEnded(): void {
    const { must, may } = this.#wanting();
    if (must > 0) this.#sinceMs.must ??= this.#roundBeganAtMs;
    if (may > 0 || this.#restWanted) this.#sinceMs.may ??= this.#roundBeganAtMs;
    this.rearm();
  }

  /** Schedules the task at the next due time, if that is earlier than its present due time. */
  rearm(): void {
    if (!this.running || this.#target.fenced()) return;
    const dueAtMs = earliest([this.#turnAtMs, this.#allDueAtMs(), this.#nowDueAtMs()]);
    if (dueAtMs === undefined) return;
    const armedAtMs = this.#armedAtMs ?? -1;
    // One that should have run before is lost.
    if (armedAtMs < this.#clock.nowMs() || dueAtMs < armedAtMs) this.#arm(dueAtMs);
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

  /** @param isAlarm Whether the alarm runs, which does not wait for due times. */
  async #fire(isAlarm?: boolean): Promise<void> {
    // A decision before the turn's own commits have ended would find their items dirty.
    if (this.#byTurns) await this.#target.save("none");
    if (isAlarm) this.#alarmAtMs = undefined;
    else this.#armedAtMs = undefined;
    if (!this.running || this.#target.fenced()) return;
    const nowMs = this.#clock.nowMs();
    const isSlow = this.#isSlow;
    this.#isSlow = false;
    this.#turnAtMs = undefined;
    const isForNow = isDue(this.#nowDueAtMs(), nowMs) && !isDue(this.#allDueAtMs(), nowMs);
    await (isForNow && !isSlow && !isAlarm ? this.#saveNow() : this.#saveAll(nowMs, isSlow, isAlarm));
    if (this.#byTurns) this.#armAlarm(isAlarm);
    this.rearm();
  }

  /** Plans the alarm for what is dirty at the end of a turn, and after an alarm for changes to come. */
  #armAlarm(isAlarm?: boolean): void {
    const nowMs = this.#clock.nowMs();
    const { intervalMs, maxAgeMs, idleMs } = this.#times;
    const { must, may } = this.#wanting();
    const goesOn = isAlarm && nowMs < this.#changedAtMs + idleMs;
    if (!this.running || (must + may === 0 && !goesOn)) return;
    const isUrgent = must > 0 && this.#target.retryAtMs() === undefined;
    const dueAtMs = nowMs + (isUrgent ? intervalMs : maxAgeMs);
    if (this.#alarmAtMs !== undefined && this.#alarmAtMs <= dueAtMs) return;
    this.#alarmAtMs = dueAtMs;
    this.#scheduler.schedule(this.#alarmName, dueAtMs);
  }

  async #saveAll(nowMs: number, isSlow: boolean, isAlarm?: boolean): Promise<void> {
    // While saving fails, releasing leases would only block messages.
    const isFailing = this.#target.retryAtMs() !== undefined;
    const isPause = !isFailing && (isSlow || nowMs >= this.#pauseAtMs());
    if (isPause) this.#release();
    const { must, may } = this.#target.dirty();
    if (must === 0) this.#sinceMs.must = undefined;
    // Keeps waiting for the next pause: a flushable may need it even without dirty items.
    if (may === 0) this.#sinceMs.may = isPause || this.#sinceMs.may === undefined ? undefined : nowMs;
    const isWanted = must + may > 0 && (isAlarm || (isSlow && isPause));
    if (!isWanted && !isDue(this.#allDueAtMs(), nowMs)) return;
    if (!isFailing && !isPause && (isAlarm || isDue(this.#ageDueAtMs(), nowMs))) this.#target.renew();
    await this.#target.save("all");
  }

  async #saveNow(): Promise<void> {
    // A flush on request may have written the items already.
    if (this.#target.dirty().must === 0) this.#sinceMs.now = undefined;
    else await this.#target.save("now");
  }

  get #alarmName(): string {
    return `${this.#taskName}.alarm`;
  }

  #release(): void {
    this.#restWanted = false;
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
    if (this.#sinceMs.now === undefined || this.#target.retryAtMs() !== undefined) return undefined;
    return this.#sinceMs.now + this.#times.nowDelayMs;
  }

  /** Due time of a flush of `may` changes in which no pause comes. */
  #ageDueAtMs(): number | undefined {
    return this.#sinceMs.may === undefined ? undefined : this.#after(this.#sinceMs.may, this.#times.maxAgeMs);
  }

  /** When a pause is long enough. */
  #pauseAtMs(): number {
    return this.#after(this.#changedAtMs, this.#times.idleMs);
  }

  /** The end of a delay, or the tick before it. */
  #after(sinceMs: number, delayMs: number): number {
    const { phaseMs } = this.#times;
    const dueAtMs = sinceMs + delayMs;
    if (phaseMs === undefined || delayMs < 2 * TICK_MS) return dueAtMs;
    return dueAtMs - ((dueAtMs - phaseMs) % TICK_MS);
  }

  /** Due time of a flush of all items. */
  #allDueAtMs(): number | undefined {
    const retryAtMs = this.#target.retryAtMs();
    if (retryAtMs !== undefined) return retryAtMs;
    const times = [this.#target.refusedRetryAtMs(), this.#wantedAtMs];
    if (this.#sinceMs.must !== undefined) times.push(this.#after(this.#sinceMs.must, this.#times.intervalMs));
    if (this.#sinceMs.may !== undefined) times.push(this.#ageDueAtMs(), this.#pauseAtMs());
    return earliest(times);
  }
}

function isDue(dueAtMs: number | undefined, nowMs: number): boolean {
  return dueAtMs !== undefined && dueAtMs <= nowMs;
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce((first, time) => (first === undefined || (time ?? first) < first ? time : first));
}
