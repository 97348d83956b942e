import { ArgumentTypeError, LimitError, requireObject } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import { PortableCache } from "./portable_cache.ts";

/**
 * Maximum number of works in one lane. A longer queue does not help a chat that is a thousand messages
 * behind.
 */
const MAX_WAITING = 1_000;

/** Default maximum number of lanes. */
const DEFAULT_CAPACITY = 5_000;

/** Options of {@link KeyedLanes}. */
export interface KeyedLanesOptions {
  /** Measures how long lanes are idle. */
  readonly clock: Clock;
  /**
   * Maximum number of lanes; lanes in use are kept beyond it. Defaults to 5,000, enough for the chats of one
   * account; use 10,000 for locks of sessions.
   */
  readonly capacity?: number | undefined;
  /** Maximum number of works in one lane, including the running one. Defaults to 1,000. */
  readonly maxWaiting?: number | undefined;
}

/** A lane, in use while it has work. */
interface Lane {
  /** Resolves when the last work has ended; never rejects. */
  tail: Promise<unknown>;
  waiting: number;
}

/**
 * Runs work in order, by key: with one lane for each chat, messages of a chat run in sequence while chats do
 * not wait for each other.
 *
 * Lanes stay in process and do not expire: a lane in use is never evicted, so two works of one key never
 * overlap. Beyond the capacity the oldest idle lane is evicted; its key gets a new lane when needed.
 *
 * @example
 * ```ts
 * import { KeyedLanes } from "@holdfast/store/cache";
 * import { systemClock } from "@holdfast/store";
 *
 * const lanes = new KeyedLanes({ clock: systemClock });
 * const handled: string[] = [];
 * const handle = async (message: string) => void handled.push(message);
 * await Promise.all(["first", "second"].map((message) => lanes.run("1@g.us", () => handle(message))));
 * if (handled.join() !== "first,second") throw new Error("out of order");
 * ```
 */
export class KeyedLanes {
  readonly #lanes: PortableCache<string, Lane>;
  readonly #maxWaiting: number;

  /**
   * Creates lanes on demand, one for each key in use.
   *
   * @throws {RangeError} When a number is out of range.
   */
  constructor(options: KeyedLanesOptions) {
    requireObject("create lanes: options", options);
    const { clock, capacity = DEFAULT_CAPACITY, maxWaiting = MAX_WAITING } = options;
    if (!Number.isSafeInteger(maxWaiting) || maxWaiting < 1)
      throw new RangeError("create lanes: maxWaiting is not a positive count");
    // A second caller must find the lane of the first, which needs a capacity of at least one.
    if (capacity === 0) throw new RangeError("create lanes: capacity 0 has no room for a lane");
    this.#maxWaiting = maxWaiting;
    this.#lanes = new PortableCache({ capacity, clock, isHeld: (_key, { waiting }) => waiting > 0 });
  }

  /** Number of lanes, including idle ones. */
  get size(): number {
    return this.#lanes.entryCount();
  }

  /** Number of works in a lane, including the running one. */
  waiting(key: string): number {
    return this.#lanes.get(key)?.waiting ?? 0;
  }

  /**
   * Runs `work` after all earlier work of this key has resolved or rejected. Only its caller gets its error.
   * Work that waits for other work of its own key deadlocks.
   *
   * @throws {LimitError} When the lane is full. `work` does not run.
   */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (typeof work !== "function")
      return Promise.reject(new ArgumentTypeError("run in lane: work is not a function"));
    const lane = this.#lanes.getOrInsert(key, () => ({ tail: Promise.resolve(), waiting: 0 }));
    if (lane.waiting >= this.#maxWaiting)
      return Promise.reject(new LimitError(`run in lane: ${this.#maxWaiting} works are waiting`));
    // From here on the lane is in use. No other insert can come before this line.
    lane.waiting += 1;
    const running = lane.tail.then(work).finally(() => {
      lane.waiting -= 1;
    });
    lane.tail = running.catch(() => {});
    return running;
  }
}
