import type { Clock } from "./clock.ts";

/** A due time in a queue. */
export interface QueuedTimer {
  /** Set by the queue. */
  dueAtMs: number;
  /** Place in the queue; -1 outside of it. Set by the queue. */
  place: number;
  /** Called once when it is due, after it has left the queue. It must not throw. */
  fire(): void;
}

/**
 * Starts a timer of the host and returns a function that stops it.
 *
 * @param isAwaited Whether it keeps the process alive.
 */
export type StartTimer = (run: () => void, delayMs: number, isAwaited: boolean) => () => void;

/** Due times within this time keep the process alive. By default no saver waits longer. */
export const AWAITED_MS = 60_000;

/** A timer that is this late is gone, for example with the faked timers of a test. */
const LOST_AFTER_MS = 1_000;

/** Any number of due times on one timer of the host: a binary heap, so that each operation is O(log n). */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #start: StartTimer;
  readonly #heap: QueuedTimer[] = [];
  #stop: (() => void) | undefined;
  /** The due time that the host's timer is armed for, and when it should fire. */
  #armedFor: number | undefined;
  #firesAtMs = 0;
  /** Whether the host's timer keeps the process alive. */
  #isAwaited = false;

  constructor(clock: Clock, start: StartTimer) {
    this.#clock = clock;
    this.#start = start;
  }

  /** Number of due times. */
  get size(): number {
    return this.#heap.length;
  }

  /** Adds a timer, or moves it to another time. */
  set(timer: QueuedTimer, dueAtMs: number): void {
    timer.dueAtMs = dueAtMs;
    if (timer.place === -1) timer.place = this.#heap.push(timer) - 1;
    this.#sink(this.#rise(timer));
    // The first due time was far away when its timer was started, and this one may be near.
    this.#arm(dueAtMs - this.#clock.nowMs() <= AWAITED_MS);
  }

  /** Removes a timer, if it is queued. */
  delete(timer: QueuedTimer): void {
    if (timer.place === -1) return;
    this.#take(timer);
    this.#arm();
  }

  #take(timer: QueuedTimer): void {
    const { place } = timer;
    timer.place = -1;
    const last = this.#heap.pop() as QueuedTimer;
    if (last === timer) return;
    this.#put(last, place);
    this.#sink(this.#rise(last));
  }

  /** Arms the host's timer for the first due time, unless it is armed for it. */
  #arm(needsAwaited = false): void {
    const dueAtMs = this.#heap[0]?.dueAtMs;
    const nowMs = this.#clock.nowMs();
    const isArmed = dueAtMs === this.#armedFor && nowMs < this.#firesAtMs + LOST_AFTER_MS;
    if (isArmed && (this.#isAwaited || !needsAwaited)) return;
    this.#stop?.();
    this.#stop = undefined;
    this.#armedFor = dueAtMs;
    if (dueAtMs === undefined) return;
    this.#firesAtMs = Math.max(nowMs, dueAtMs);
    this.#isAwaited = dueAtMs - nowMs <= AWAITED_MS;
    this.#stop = this.#start(() => this.#fire(), dueAtMs - nowMs, this.#isAwaited);
  }

  #fire(): void {
    this.#stop = undefined;
    this.#armedFor = undefined;
    const nowMs = this.#clock.nowMs();
    for (let first = this.#heap[0]; first !== undefined && first.dueAtMs <= nowMs; first = this.#heap[0]) {
      this.#take(first);
      first.fire();
    }
    this.#arm();
  }

  #rise(timer: QueuedTimer): QueuedTimer {
    let { place } = timer;
    while (place > 0) {
      const parent = this.#heap[(place - 1) >> 1] as QueuedTimer;
      if (parent.dueAtMs <= timer.dueAtMs) break;
      this.#put(parent, place);
      place = (place - 1) >> 1;
    }
    this.#put(timer, place);
    return timer;
  }

  #sink(timer: QueuedTimer): void {
    let { place } = timer;
    for (;;) {
      let child = 2 * place + 1;
      const [left, right] = [this.#heap[child], this.#heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && right.dueAtMs < left.dueAtMs) child += 1;
      const next = this.#heap[child] as QueuedTimer;
      if (next.dueAtMs >= timer.dueAtMs) break;
      this.#put(next, place);
      place = child;
    }
    this.#put(timer, place);
  }

  #put(timer: QueuedTimer, place: number): void {
    this.#heap[place] = timer;
    timer.place = place;
  }
}
