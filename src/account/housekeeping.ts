import type { Committer, Write } from "../backend/mod.ts";
import { type Host, nowSeconds } from "../ports/mod.ts";
import { summarizeError } from "../write_behind/mod.ts";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

/** Rows that one run takes at most, so that no commit is held up for long. */
const ROWS_PER_RUN = 1_000;

/** Pause before the next run when there was more, in milliseconds. */
const MORE_AFTER_MS = 1_000;

/** How long rows are kept, and how often what is older is looked for. Times are in seconds. */
export interface HousekeepingPolicy {
  /** Defaults to an hour. */
  readonly intervalS: number;
  /** Sent messages, which are kept for retry receipts. Defaults to two hours. */
  readonly sentMessageS: number;
  /** Base keys, which tell a retry from a repeated one. Defaults to a day. */
  readonly baseKeyS: number;
  /** Messages that were decrypted and never handed over. Defaults to 30 days. */
  readonly pendingInboundS: number;
  /**
   * Trusted-contact tokens: since they came and since they were last used. Defaults to 28 days, four of the
   * weeks they are counted in.
   */
  readonly tcTokenS: number;
}

/** What holds where `openAccount` is given no other times. */
export const HOUSEKEEPING_DEFAULTS: HousekeepingPolicy = {
  intervalS: HOUR_S,
  sentMessageS: 2 * HOUR_S,
  baseKeyS: DAY_S,
  pendingInboundS: 30 * DAY_S,
  tcTokenS: 28 * DAY_S,
};

/** What housekeeping works with. */
export interface HousekeepingParts {
  readonly host: Pick<Host, "clock" | "scheduler" | "logger">;
  readonly taskPrefix: string;
  readonly committer: Pick<Committer, "commit">;
  readonly policy?: Partial<HousekeepingPolicy> | undefined;
}

/** What is removed at a time, in Unix seconds. */
type Expiry = (policy: HousekeepingPolicy, nowS: number) => Write;

/** One task for each kind, by the name that a scheduler stores. */
const TASKS: Readonly<Record<string, Expiry>> = {
  "sent-messages": ({ sentMessageS }, nowS) => {
    return { kind: "sentMessage.expire", cutoff: since(nowS, sentMessageS), limit: ROWS_PER_RUN };
  },
  "base-keys": ({ baseKeyS }, nowS) => {
    return { kind: "baseKey.expire", cutoff: since(nowS, baseKeyS), limit: ROWS_PER_RUN };
  },
  "pending-inbound": ({ pendingInboundS }, nowS) => {
    return { kind: "pendingInbound.expire", cutoff: since(nowS, pendingInboundS), limit: ROWS_PER_RUN };
  },
  "tc-tokens": ({ tcTokenS }, nowS) => {
    const cutoff = since(nowS, tcTokenS);
    return { kind: "tcToken.expire", tokenCutoff: cutoff, senderCutoff: cutoff, limit: ROWS_PER_RUN };
  },
  // Value MACs that a newer set of their collection replaced, or that a crash kept from ever being one.
  "app-state": () => ({ kind: "syncVersion.sweep", limit: ROWS_PER_RUN }),
  // Each secret says itself until when it is kept.
  "message-secrets": (_policy, nowS) => ({ kind: "msgSecret.expire", cutoff: nowS, limit: ROWS_PER_RUN }),
};

/**
 * Removes what has expired: one named task of the scheduler a kind, at every interval and within a second
 * when there was more than a run takes. A run that fails is logged, and there is another at the next
 * interval.
 *
 * @returns How to stop. A run that has begun goes on.
 * @throws {RangeError} When a time is not a positive integer.
 */
export function startHousekeeping({ host, taskPrefix, committer, policy }: HousekeepingParts): () => void {
  const times = resolve(policy);
  const { clock, scheduler, logger } = host;
  let isStopped = false;
  const stops = Object.entries(TASKS).map(([kind, expiry]) => {
    const name = `${taskPrefix}housekeeping.${kind}`;
    const plan = (delayMs: number): void => scheduler.schedule(name, clock.nowMs() + delayMs);
    const run = async (): Promise<void> => {
      let rows = 0;
      try {
        [rows = 0] = await committer.commit([expiry(times, nowSeconds(clock))]);
      } catch (error) {
        const { code, message } = summarizeError(error);
        logger.log("warn", "housekeeping: failed", { task: kind, code, error: message });
      }
      if (isStopped) return;
      plan(rows < ROWS_PER_RUN ? times.intervalS * 1_000 : MORE_AFTER_MS);
    };
    const unregister = scheduler.register(name, run, { stored: true });
    // What an earlier process has planned stays: an account that is opened often would never get to it.
    const latestAtMs = clock.nowMs() + times.intervalS * 1_000;
    if ((scheduler.dueAtMs?.(name) ?? latestAtMs + 1) > latestAtMs) scheduler.schedule(name, latestAtMs);
    return unregister;
  });
  return () => {
    isStopped = true;
    for (const stop of stops) stop();
  };
}

function since(nowS: number, lifetimeS: number): number {
  return Math.max(0, nowS - lifetimeS);
}

/** The times with defaults filled in. @throws {RangeError} */
function resolve(overrides: Partial<HousekeepingPolicy> = {}): HousekeepingPolicy {
  const policy = { ...HOUSEKEEPING_DEFAULTS, ...overrides };
  for (const [name, value] of Object.entries(policy)) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new RangeError(`housekeeping: ${name} is not a positive integer`);
  }
  return policy;
}
