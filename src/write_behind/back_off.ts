import type { Random } from "../ports/mod.ts";

/** Limits of the delay between retries. */
export interface BackOffPolicy {
  /** Maximum delay after the first failure, in milliseconds. */
  readonly firstDelayMs: number;
  /** Maximum delay, in milliseconds. */
  readonly maxDelayMs: number;
}

/**
 * The delay before the next retry, in milliseconds. It doubles with each failure up to the maximum. Its
 * second half is random, so that accounts that lost the same database do not retry at the same time.
 *
 * @param failures Failures so far, at least 1.
 */
export function backOffMs(failures: number, policy: BackOffPolicy, random: Random): number {
  const longestMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
  const [high = 0, low = 0] = random.bytes(2);
  const share = (high * 256 + low) / 65_535;
  return Math.ceil((longestMs / 2) * (1 + share));
}
