import type { Committer } from "../backend/mod.ts";
import type { Host } from "../ports/mod.ts";

/** Times and limits of the engine. Each has a default; times are in milliseconds. */
export interface WriteBehindPolicy {
  /** A `now` change is written at the latest this long after the turn in which it was made. 40. */
  readonly nowDelayMs: number;
  /** A `must` change is written within this time. 5,000. */
  readonly intervalMs: number;
  /** `may` changes alone cause a commit at this age. 60,000. */
  readonly maxAgeMs: number;
  /**
   * `may` changes alone cause a commit when nothing has changed for this long. 8,000: below the 10 s after
   * which an idle Durable Object may lose its memory. Signal leases are sized by the same pauses: a chat with
   * one message between two of them reserves one counter at a time.
   */
  readonly idleMs: number;
  /** Longest wait after a first failure. 1,000. */
  readonly firstRetryMs: number;
  /** Longest wait between tries, and the pace of probing while halted. 30,000. */
  readonly maxRetryMs: number;
  /** Consecutive failures after which gates are shut. 10. */
  readonly haltAfter: number;
  /** First pause of an item that the backend refused; it doubles up to an hour. 60,000. */
  readonly refusedRetryMs: number;
  /** Commits that one flush may spend on finding out which items the backend refuses. 256. */
  readonly maxCommitsPerFlush: number;
  /** Items that may be dirty before `ready` makes writers wait. 10,000. */
  readonly maxPendingItems: number;
  /** Bytes that may be dirty before `ready` makes writers wait. 32 MiB. */
  readonly maxPendingBytes: number;
  /** How long `ready` waits before it gives up with `LimitError`. 30,000. */
  readonly maxWaitMs: number;
}

/** What the engine needs. */
export interface WriteBehindOptions {
  /** Carries out the commits, guarded and in order: an account's commit queue. */
  readonly committer: Pick<Committer, "commit" | "capabilities">;
  readonly host: Host;
  /** Prefix of the names of scheduled tasks; unique per account where several share one scheduler. */
  readonly taskPrefix?: string | undefined;
  readonly policy?: Partial<WriteBehindPolicy> | undefined;
}

const DEFAULTS: WriteBehindPolicy = {
  nowDelayMs: 40,
  intervalMs: 5_000,
  maxAgeMs: 60_000,
  idleMs: 8_000,
  firstRetryMs: 1_000,
  maxRetryMs: 30_000,
  haltAfter: 10,
  refusedRetryMs: 60_000,
  maxCommitsPerFlush: 256,
  maxPendingItems: 10_000,
  maxPendingBytes: 32 * 1_024 * 1_024,
  maxWaitMs: 30_000,
};

/** The policy with defaults filled in. @throws {RangeError} When a value is not a positive integer. */
export function resolvePolicy(overrides: Partial<WriteBehindPolicy> = {}): WriteBehindPolicy {
  const policy = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof WriteBehindPolicy)[]) {
    const value = overrides[name];
    if (value === undefined) continue;
    requirePositive(name, value);
    policy[name] = value;
  }
  return policy as WriteBehindPolicy;
}

/** Checks a time or a count. @throws {RangeError} When it is not a positive integer. */
export function requirePositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`write-behind: ${name} is ${value}, expected a positive integer`);
  }
}
