import type { Lease } from "../backend/mod.ts";
import type { SendingChain } from "../ratchet/mod.ts";

/** Most counters that one commit reserves, and so most keys of a chain that one crash can cost. */
export const MAX_LEASE_SIZE = 64;

/**
 * Keys of one chain that may be burned before the chain is given up. libsignal's receivers refuse a message
 * that is 2,000 ahead of the last one they have; the rest is room for messages that were sent and have not
 * arrived.
 */
export const MAX_BURNED_KEYS = 1_500;

/** Chains that a lease remembers after others took over: as many as a record can have archived. */
const MAX_RETIRED_CHAINS = 40;

/**
 * How a new sending chain takes over from the one before it.
 *
 * - `step`: the same session moved on to a fresh chain.
 * - `start`: a new session or sender key.
 * - `resume`: an older chain came back out of the archive.
 */
export type ChainChange = "step" | "start" | "resume";

/**
 * When the first message of a new chain may leave.
 *
 * - `strict`: once the chain is durable. A crash never costs a session.
 * - `relaxed`: at once, within the lease that the chain before it had. A crash before the next flush may cost
 *   the peer a retry and a new session. Counters are never repeated either way.
 */
export type Durability = "strict" | "relaxed";

/** Pauses in the changes of a cache. */
export interface Pauses {
  /** How many there have been. */
  count(): number;
}

/** What is remembered of a chain that sends no more. */
interface RetiredChain {
  readonly next: number;
  readonly burned: number;
}

/** How far one record's counters may go before a commit, and where they are. */
export class CounterLease {
  /** Names the chain that the record sends on; empty when it sends on none. */
  chain: string;
  /** Counter of its next message. */
  next: number;
  /** Exclusive bound on the counters that may leave once the entry's gate is open. */
  bound: number;
  /**
   * Keys of the chain that no message carries: burned on load, or taken for a message that was never
   * published.
   */
  burned: number;
  /** Counters below it were published, may have been, or count as burned. */
  #published: number;
  /** Counters that the next reservation takes. */
  #size = 1;
  /**
   * How often the counter went forward since the last pause that a reservation saw, and which one that was.
   */
  #used = 0;
  #pause = 0;
  /** Chains that may come back out of an archive. */
  #retired: Map<string, RetiredChain> | undefined;

  constructor(chain: SendingChain | undefined, bound: number, burned: number) {
    this.chain = chain?.id ?? "";
    this.next = chain?.next ?? 0;
    this.bound = bound;
    this.burned = burned;
    this.#published = this.next;
  }

  /** Whether sending this many more counters takes a commit first. */
  needsCommit(steps: number): boolean {
    return this.next + steps > this.bound;
  }

  /**
   * Whether the stored bound may be above the counter: a load by somebody else would burn keys for nothing.
   */
  get hasReserve(): boolean {
    return this.bound > this.next;
  }

  /** Whether a chain is behind where this record has been on it: sending would use a message key twice. */
  isBehind(chain: SendingChain): boolean {
    return chain.next < (chain.id === this.chain ? this.next : (this.#retired?.get(chain.id)?.next ?? 0));
  }

  /**
   * Notes the counter of the same chain after a put. What is reserved doubles with use, and after a pause it
   * is no more than what was used before it: a pause releases the lease, so a chat with one message between
   * two of them needs no bound above its counter, and no write that lowers it again.
   *
   * @returns Whether the bound had to be raised: nothing may leave before that is durable.
   */
  advance(next: number, pauses: Pauses): boolean {
    const isStep = next !== this.next;
    this.next = next;
    if (next <= this.bound) {
      if (isStep) this.#used += 1;
      return false;
    }
    const pause = pauses.count();
    if (pause !== this.#pause) {
      this.#size = Math.max(1, Math.min(this.#size, this.#used));
      this.#used = 0;
      this.#pause = pause;
    }
    this.#used += 1;
    this.bound = next - 1 + this.#size;
    this.#size = Math.min(MAX_LEASE_SIZE, this.#size * 2);
    return true;
  }

  /** Notes that messages with counters below `next` may have left: no gate is shut that holds them back. */
  markPublished(next: number = this.next): void {
    this.#published = next;
  }

  /**
   * Counts the keys that were taken since `markPublished` as burned: their messages are never published.
   * Returns how many.
   */
  forfeit(): number {
    const keys = Math.max(0, this.next - this.#published);
    this.burned += keys;
    this.#published = this.next;
    return keys;
  }

  /** Notes that the record sends on another chain now, before `advance`. */
  follow(chain: SendingChain, change: ChainChange, durability: Durability): void {
    const carriesOver = change === "step" && durability === "relaxed";
    // A chain that the session has moved on from never comes back.
    if (change !== "step") this.#retire();
    this.chain = chain.id;
    this.burned = change === "resume" ? (this.#retired?.get(chain.id)?.burned ?? 0) : 0;
    this.#published = change === "step" ? 0 : chain.next;
    this.bound = carriesOver ? Math.min(this.bound, MAX_LEASE_SIZE) : 0;
  }

  /** Notes that the record sends no more. */
  stop(): void {
    this.bound = 0;
  }

  /**
   * Lowers the bound to the counter: to be stored with the exact record, so that the next load burns nothing.
   */
  release(): void {
    this.bound = this.next;
  }

  /** A lease of its own that is equal to this one. */
  copy(): CounterLease {
    const copy = new CounterLease(
      { id: this.chain, next: this.next, isResumed: false },
      this.bound,
      this.burned,
    );
    copy.#size = this.#size;
    copy.#used = this.#used;
    copy.#pause = this.#pause;
    copy.#published = this.#published;
    copy.#retired = this.#retired === undefined ? undefined : new Map(this.#retired);
    return copy;
  }

  /** What is stored beside the record. */
  toStored(incarnation: string): Lease {
    return { reservedUntil: this.bound, incarnation, burned: this.burned };
  }

  #retire(): void {
    if (this.chain === "") return;
    this.#retired ??= new Map();
    this.#retired.set(this.chain, { next: this.next, burned: this.burned });
    if (this.#retired.size <= MAX_RETIRED_CHAINS) return;
    const [oldest = ""] = this.#retired.keys();
    this.#retired.delete(oldest);
  }
}
