import type { Lease } from "../backend/mod.ts";
import { MAX_ARCHIVED_SESSIONS, MAX_SKIPPED_MESSAGES, type SendingChain } from "../ratchet/mod.ts";

/** Maximum number of counters that one commit reserves, and so of keys of a chain that one crash burns. */
export const MAX_LEASE_SIZE = 64;

/** Counters of a reservation from which a lease is renewed at the maximum age: less is hardly used. */
const RENEWED_SIZE = 8;

/** Room for messages of one chain that were sent and have not arrived. */
const UNDELIVERED_MESSAGES = 500;

/**
 * Number of burned keys after which a chain is given up: a session is closed, our own sender key is removed
 * with the marks of its group.
 */
export const MAX_BURNED_KEYS: number = MAX_SKIPPED_MESSAGES - UNDELIVERED_MESSAGES;

/** Maximum number of retired chains in a lease: as many as a record can archive. */
const MAX_RETIRED_CHAINS = MAX_ARCHIVED_SESSIONS;

/**
 * Kind of transition to a new sending chain.
 *
 * - `step`: the same session has moved to a new chain.
 * - `start`: a new session or sender key.
 * - `resume`: an older chain has returned from the archive.
 */
export type ChainChange = "step" | "start" | "resume";

/**
 * When the first message of a new chain may be sent.
 *
 * - `strict`: once the chain is durable. A crash never breaks a session.
 * - `relaxed`: at once, within the lease of the previous chain. After a crash before the next flush, the peer
 *   may need a retry and a new session. Counters never repeat in either mode.
 */
export type Durability = "strict" | "relaxed";

/** Counts pauses in the changes of a cache. */
export interface Pauses {
  /** Number of pauses so far. */
  count(): number;
}

/** State of a chain that no longer sends. */
interface RetiredChain {
  readonly next: number;
  readonly burned: number;
}

/** The lease of one record: its counter, and the bound up to which it may send before a commit. */
export class CounterLease {
  /** Id of the record's sending chain; empty when there is none. */
  chain: string;
  /** Counter of its next message. */
  next: number;
  /** Exclusive bound on the counters that may be sent once the entry's gate is open. */
  bound: number;
  /**
   * Number of keys of the chain without a message: burned on load, or taken for a message that was not
   * published.
   */
  burned: number;
  /** All counters below it were or may have been published, or count as burned. */
  #published: number;
  /** Number of counters in the next reservation. */
  #size = 1;
  /** Number of steps since the last pause that a reservation saw, and the count of that pause. */
  #used = 0;
  #pause = 0;
  /** A greater bound that is being written: in force once it is durable. 0 when there is none. */
  #renewed = 0;
  /** Chains that may return from an archive. */
  #retired: Map<string, RetiredChain> | undefined;

  constructor(chain: SendingChain | undefined, bound: number, burned: number) {
    this.chain = chain?.id ?? "";
    this.next = chain?.next ?? 0;
    this.bound = bound;
    this.burned = burned;
    this.#published = this.next;
  }

  /** Whether this many more steps need a commit first. */
  needsCommit(steps: number): boolean {
    return this.next + steps > this.bound;
  }

  /**
   * Whether the stored bound may be above the counter, so that a load by another incarnation would burn
   * unused keys.
   */
  get hasReserve(): boolean {
    return Math.max(this.bound, this.#renewed) > this.next;
  }

  /** The greater bound that the stored form has; 0 when it has none. */
  get renewed(): number {
    return this.#renewed;
  }

  /**
   * Whether the chain's counter is behind this record's last counter on it: sending would use a message key
   * twice.
   */
  isBehind(chain: SendingChain): boolean {
    return chain.next < (chain.id === this.chain ? this.next : (this.#retired?.get(chain.id)?.next ?? 0));
  }

  /**
   * Records the counter of the same chain after a put. Reservations double with use. After a pause they are
   * limited to the counters used before it: a pause releases the lease, so a chat with one message per pause
   * needs no bound above its counter and no write that lowers the bound.
   *
   * @returns Whether the bound was raised: no ciphertext may be sent before that is durable.
   */
  advance(next: number, pauses: Pauses): boolean {
    const isStep = next !== this.next;
    this.next = next;
    if (next <= this.bound) {
      if (isStep) this.#used += 1;
      return false;
    }
    this.#notice(pauses);
    this.#used += 1;
    this.bound = next - 1 + this.#size;
    this.#size = Math.min(MAX_LEASE_SIZE, this.#size * 2);
    return true;
  }

  /**
   * Raises the bound of the stored form, where half of a reservation of a busy chain is used. The record is
   * about to be written anyway. No message beyond the present bound may be sent before `renewalStored`.
   */
  renew(pauses: Pauses): void {
    this.#notice(pauses);
    if (this.bound === 0 || this.#size < RENEWED_SIZE || this.bound - this.next >= this.#size / 2) return;
    this.#renewed = this.next - 1 + this.#size;
    this.#size = Math.min(MAX_LEASE_SIZE, this.#size * 2);
  }

  /** Records that a stored form with this greater bound is durable. */
  renewalStored(renewed: number): void {
    // A lease that was released or follows another chain has none.
    if (renewed === 0 || renewed !== this.#renewed) return;
    this.bound = Math.max(this.bound, renewed);
    this.#renewed = 0;
  }

  /** After a pause, reservations are limited to the counters that were used before it. */
  #notice(pauses: Pauses): void {
    const pause = pauses.count();
    if (pause === this.#pause) return;
    this.#size = Math.max(1, Math.min(this.#size, this.#used));
    this.#used = 0;
    this.#pause = pause;
  }

  /** Records that messages with counters below `next` may have been sent, because no gate blocks them. */
  markPublished(next: number = this.next): void {
    this.#published = next;
  }

  /**
   * Counts the keys taken since `markPublished` as burned, because their messages are never published.
   * Returns their number.
   */
  forfeit(): number {
    const keys = Math.max(0, this.next - this.#published);
    this.burned += keys;
    this.#published = this.next;
    return keys;
  }

  /** Records that the record sends on another chain. Call before `advance`. */
  follow(chain: SendingChain, change: ChainChange, durability: Durability): void {
    const carriesOver = change === "step" && durability === "relaxed";
    // After a step the previous chain never returns.
    if (change !== "step") this.#retire();
    this.chain = chain.id;
    // The first counter of a fresh chain is no use of it.
    this.next = change === "resume" ? chain.next : 0;
    this.burned = change === "resume" ? (this.#retired?.get(chain.id)?.burned ?? 0) : 0;
    this.#published = change === "step" ? 0 : chain.next;
    this.#renewed = 0;
    this.bound = carriesOver ? Math.min(this.bound, MAX_LEASE_SIZE) : 0;
  }

  /** Records that the record no longer sends. */
  stop(): void {
    this.#renewed = 0;
    this.bound = 0;
  }

  /** Lowers the bound to the counter. Stored with the same record, it makes the next load burn nothing. */
  release(): void {
    this.#renewed = 0;
    this.bound = this.next;
  }

  /** Returns an independent copy. */
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

  /** The stored form beside the record. */
  toStored(incarnation: string): Lease {
    const reservedUntil = Math.max(this.bound, this.#renewed);
    return { reservedUntil, incarnation, burned: this.burned };
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
