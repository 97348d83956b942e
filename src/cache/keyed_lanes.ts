import { LimitError } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import { PortableCache } from "./portable_cache.ts";

/** Work that may wait in one lane. A chat that is a thousand messages behind is not helped by more. */
const MAX_WAITING = 1_000;

/** Lanes that are kept by default while they are empty. */
const DEFAULT_CAPACITY = 5_000;

/** Options of {@link KeyedLanes}. */
export interface KeyedLanesOptions {
  readonly clock: Clock;
  /**
   * Empty lanes that are kept; lanes in use are kept beyond it. Defaults to 5,000, enough for the
   * chats of one account; give locks of sessions 10,000.
   */
  readonly capacity?: number | undefined;
  /** Work that may wait in one lane, what is under way included. Defaults to 1,000. */
  readonly maxWaiting?: number | undefined;
}

/** A lane: it is held while there is work in it. */
interface Lane {
  /** Ends when what was given last has ended, and never rejects. */
  tail: Promise<unknown>;
  waiting: number;
}

/**
 * Work in order, by key: a lane for each chat, so that its messages are handled one after the other while
 * chats do not wait for each other.
 *
 * Lanes stay in process and have no expiry: one that is in use is never evicted, so two works of one key
 * never overlap. Beyond the capacity the oldest idle one goes, which costs its key nothing but a new one.
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

  /** @throws {RangeError} When a number is out of range. */
  constructor({ clock, capacity = DEFAULT_CAPACITY, maxWaiting = MAX_WAITING }: KeyedLanesOptions) {
    if (!Number.isSafeInteger(maxWaiting) || maxWaiting < 1)
      throw new RangeError(`create lanes: maxWaiting ${maxWaiting} is not a positive count`);
    // With room for at least one lane, a second caller finds the lane of the first.
    if (capacity === 0) throw new RangeError("create lanes: capacity 0 has no room for a lane");
    this.#maxWaiting = maxWaiting;
    this.#lanes = new PortableCache({ capacity, clock, isHeld: (_key, { waiting }) => waiting > 0 });
  }

  /** How many lanes there are, idle ones included. */
  get size(): number {
    return this.#lanes.entryCount();
  }

  /** How much work is in a lane, what is under way included. */
  waiting(key: string): number {
    return this.#lanes.get(key)?.waiting ?? 0;
  }

  /**
   * Runs `work` when all that was given for this key before has ended, however it did. What it throws reaches
   * its caller alone. Work that waits for other work of its own key never ends.
   *
   * @throws {LimitError} When too much is waiting: the work was not taken.
   */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.getOrInsert(key, () => ({ tail: Promise.resolve(), waiting: 0 }));
    if (lane.waiting >= this.#maxWaiting)
      return Promise.reject(new LimitError(`run in lane: ${this.#maxWaiting} are waiting`));
    // Before anything else can be inserted: from here on the lane is held.
    lane.waiting += 1;
    const running = lane.tail.then(work).finally(() => {
      lane.waiting -= 1;
    });
    lane.tail = running.catch(() => {});
    return running;
  }
}
