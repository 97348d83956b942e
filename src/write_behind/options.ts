import type { Committer } from "../backend/mod.ts";
import type { Host } from "../ports/mod.ts";
import type { WriteBehindEvent } from "./events.ts";

/** Times, in milliseconds, and limits of the engine. */
export interface WriteBehindPolicy {
  /** Maximum delay of a `now` change after the turn in which it was made. Defaults to 40. */
  readonly nowDelayMs: number;
  /** Maximum delay of a `must` change. Defaults to 5,000. */
  readonly intervalMs: number;
  /** Age at which `may` changes alone cause a commit. Defaults to 60,000. */
  readonly maxAgeMs: number;
  /**
   * Length of a pause: `may` changes alone cause a commit after this time without a change. Defaults to
   * 8,000, less than the 10 s after which an idle Durable Object may lose its memory. The same pauses
   * determine the size of Signal leases: a chat with one message per pause reserves one counter at a time.
   */
  readonly idleMs: number;
  /**
   * A turn of the event loop that changes something after this time without a change is slow: everything is
   * flushed at its end, as in a pause, and no timer is left. What is dirty after another turn is flushed by
   * an alarm too, where the scheduler has one. The host of a Durable Object sets it to 3,000. By default no
   * turn is slow.
   */
  readonly slowTurnMs: number;
  /** Maximum delay after a first failure. Defaults to 1,000. */
  readonly firstRetryMs: number;
  /** Maximum delay between retries, also while halted. Defaults to 30,000. */
  readonly maxRetryMs: number;
  /** Number of consecutive failures that close gates. Defaults to 10. */
  readonly haltAfter: number;
  /** First pause before the retry of a refused item; it doubles up to an hour. Defaults to 60,000. */
  readonly refusedRetryMs: number;
  /** Maximum number of commits for items in one flush, to find refused ones. Defaults to 256. */
  readonly maxCommitsPerFlush: number;
  /** Number of dirty items from which `ready` makes writers wait. Defaults to 10,000. */
  readonly maxPendingItems: number;
  /** Number of dirty bytes from which `ready` makes writers wait. Defaults to 32 MiB. */
  readonly maxPendingBytes: number;
  /** Time after which `ready` rejects with `LimitError`. Defaults to 30,000. */
  readonly maxWaitMs: number;
}

/** Options of {@link WriteBehind}. */
export interface WriteBehindOptions {
  /** Executes commits, guarded and in order: an account's commit queue. */
  readonly committer: Pick<Committer, "commit" | "capabilities">;
  readonly host: Host;
  /**
   * Prefix of the names of scheduled tasks; must be unique per account when several accounts share one
   * scheduler.
   */
  readonly taskPrefix?: string | undefined;
  readonly policy?: Partial<WriteBehindPolicy> | undefined;
  /** The first event: what happened while the account was opened. */
  readonly first?: WriteBehindEvent | undefined;
}

const DEFAULTS: WriteBehindPolicy = {
  nowDelayMs: 40,
  intervalMs: 5_000,
  maxAgeMs: 60_000,
  idleMs: 8_000,
  slowTurnMs: Number.MAX_SAFE_INTEGER,
  firstRetryMs: 1_000,
  maxRetryMs: 30_000,
  haltAfter: 10,
  refusedRetryMs: 60_000,
  maxCommitsPerFlush: 256,
  maxPendingItems: 10_000,
  maxPendingBytes: 32 * 1_024 * 1_024,
  maxWaitMs: 30_000,
};

/** The policy with defaults. @throws {RangeError} When a value is not a positive integer. */
export function resolvePolicy(overrides: Partial<WriteBehindPolicy> = {}): WriteBehindPolicy {
  const policy = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof WriteBehindPolicy)[]) {
    const value = overrides[name];
    if (value === undefined) continue;
    requirePositive(`write-behind: ${name}`, value);
    policy[name] = value;
  }
  return policy as WriteBehindPolicy;
}

/** Checks a time or a count. @throws {RangeError} When it is not a positive integer. */
export function requirePositive(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${what} is not a positive integer`);
  }
}
