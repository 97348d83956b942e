import type { Random } from "../ports/mod.ts";

/** How long to wait between tries. */
export interface BackOffPolicy {
  /** Longest wait after the first failure, in milliseconds. */
  readonly firstDelayMs: number;
  /** Longest wait ever, in milliseconds. */
  readonly maxDelayMs: number;
}

/**
 * The wait before the next try, in milliseconds: doubling with each failure up to the cap, of which the
 * second half is random, so that many accounts that lost one database do not come back at the same moment.
 *
 * @param failures Failures so far, at least 1.
 */
export function backOffMs(failures: number, policy: BackOffPolicy, random: Random): number {
  const longestMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
  const [high = 0, low = 0] = random.bytes(2);
  const share = (high * 256 + low) / 65_535;
  return Math.ceil((longestMs / 2) * (1 + share));
}
