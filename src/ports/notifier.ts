import { requireIntegerWithin } from "../errors/mod.ts";
/** One registered interest in the next notification. */
export interface Listener {
  /** Resolves once this listener is notified. Calling it again returns the same promise. */
  wait(): Promise<void>;
  /** Whether it was notified, with or without a `wait`. */
  readonly notified: boolean;
  /**
   * Ends the registration. A notified listener whose `wait` has not resolved yet passes its wake-up to the
   * next one. A pending `wait` of a dropped listener never resolves. Dropping twice does nothing.
   */
  drop(): void;
}

/**
 * Wakes waiting code, with the semantics of an event listener.
 *
 * - `listen()` registers before the caller checks its condition, so a `notify` between check and wait is
 *   never lost.
 * - `notify(n)` wakes at most n listeners that are not yet notified, in the order in which they registered.
 * - A listener dropped while notified passes its wake-up to the next one.
 * - A notification without a listener has no effect.
 */
export class Notifier {
  /** Listeners that are not yet notified, in order of registration. */
  readonly #waiting = new Set<RegisteredListener>();

  /** Number of listeners that are registered and not yet notified. */
  get listenerCount(): number {
    return this.#waiting.size;
  }

  /** Registers a listener, which counts from this call on, with or without a `wait`. */
  listen(): Listener {
    const listener = new RegisteredListener((dropped) => {
      if (!this.#waiting.delete(dropped) && dropped.owesWakeUp) this.notify(1);
    });
    this.#waiting.add(listener);
    return listener;
  }

  /**
   * Wakes at most `count` listeners that are not yet notified and returns how many it woke.
   *
   * @throws {RangeError} When `count` is not a positive integer or `Infinity`.
   */
  notify(count: number): number {
    if (count !== Number.POSITIVE_INFINITY)
      requireIntegerWithin("notify: count", count, 1, Number.MAX_SAFE_INTEGER);
    let woken = 0;
    for (const listener of this.#waiting) {
      if (woken === count) break;
      this.#waiting.delete(listener);
      listener.wake();
      woken += 1;
    }
    return woken;
  }
}

class RegisteredListener implements Listener {
  readonly #onDrop: (listener: RegisteredListener) => void;
  readonly #woken: Promise<void>;
  #resolve: () => void = () => {};
  #wait: Promise<void> | undefined;
  #state: "waiting" | "notified" | "consumed" | "dropped" = "waiting";

  constructor(onDrop: (listener: RegisteredListener) => void) {
    this.#onDrop = onDrop;
    this.#woken = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get notified(): boolean {
    return this.#state === "notified" || this.#state === "consumed";
  }

  /** Whether a wake-up was delivered and not yet used. */
  get owesWakeUp(): boolean {
    return this.#state === "notified";
  }

  wait(): Promise<void> {
    this.#wait ??= this.#woken.then(() => {
      if (this.#state === "dropped") return new Promise<void>(() => {});
      this.#state = "consumed";
    });
    return this.#wait;
  }

  wake(): void {
    this.#state = "notified";
    this.#resolve();
  }

  drop(): void {
    if (this.#state === "dropped") return;
    this.#onDrop(this);
    this.#state = "dropped";
  }
}
