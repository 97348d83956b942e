import type { Committer, DeviceReads, Write } from "../backend/mod.ts";
import { type Host, nowSeconds } from "../ports/mod.ts";
import { requirePositive, summarizeError } from "../write_behind/mod.ts";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

/** Rows that one run is meant to take, so that no commit is held up for long. */
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
  /**
   * Segments of messages, after they have expired: the log that wrote them removes them earlier and keeps
   * what has to live on. Defaults to a day.
   */
  readonly messageSegmentS: number;
}

/** What holds where `openAccount` is given no other times. */
export const HOUSEKEEPING_DEFAULTS: HousekeepingPolicy = {
  intervalS: HOUR_S,
  sentMessageS: 2 * HOUR_S,
  baseKeyS: DAY_S,
  pendingInboundS: 30 * DAY_S,
  tcTokenS: 28 * DAY_S,
  messageSegmentS: DAY_S,
};

/** What housekeeping works with. */
export interface HousekeepingParts {
  readonly host: Pick<Host, "clock" | "scheduler" | "logger">;
  readonly taskPrefix: string;
  /**
   * 0 to 1, different for each account: their runs are spread, so that accounts that are opened together do
   * not block the process together.
   */
  readonly phase: number;
  readonly committer: Pick<Committer, "commit">;
  /** Tells which accounts of the database are set aside. */
  readonly reads: Pick<DeviceReads, "listSetAside">;
  readonly policy?: Partial<HousekeepingPolicy> | undefined;
  /**
   * Whether a kind needs a further run, beside those of a backlog: asked at the start if none is planned, and
   * after each run. By default there is one in each interval.
   */
  readonly isNeeded?: ((kind: HousekeepingKind, isStart: boolean) => boolean) | undefined;
}

/** When something is removed, and how many rows of it at most. */
interface Run {
  readonly policy: HousekeepingPolicy;
  /** Unix seconds. */
  readonly nowS: number;
  /** `undefined` once there is no backlog. */
  readonly limit: number | undefined;
}

type Expiry = (run: Run) => Write;

function expiry(
  kind: "sentMessage.expire" | "baseKey.expire" | "pendingInbound.expire" | "messageSegment.expire",
  lifetime: keyof HousekeepingPolicy,
): Expiry {
  return ({ policy, nowS, limit }) => ({ kind, cutoff: since(nowS, policy[lifetime]), limit });
}

/** What expires, by the table of the writes that remove it. Names of tasks end with it. */
export type HousekeepingKind =
  | "sentMessage"
  | "baseKey"
  | "pendingInbound"
  | "tcToken"
  | "syncVersion"
  | "messageSegment"
  | "msgSecret";

/** One task for each kind. */
const TASKS: Readonly<Record<HousekeepingKind, Expiry>> = {
  sentMessage: expiry("sentMessage.expire", "sentMessageS"),
  baseKey: expiry("baseKey.expire", "baseKeyS"),
  pendingInbound: expiry("pendingInbound.expire", "pendingInboundS"),
  tcToken: ({ policy, nowS, limit }) => {
    const cutoff = since(nowS, policy.tcTokenS);
    return { kind: "tcToken.expire", tokenCutoff: cutoff, senderCutoff: cutoff, limit };
  },
  // Value MACs that a newer set of their collection replaced, or that a crash kept from ever being one.
  syncVersion: () => ({ kind: "syncVersion.sweep", limit: ROWS_PER_RUN }),
  // Each segment says when it expires. Its log comes first.
  messageSegment: expiry("messageSegment.expire", "messageSegmentS"),
  // Each secret says itself until when it is kept.
  msgSecret: ({ nowS, limit }) => ({ kind: "msgSecret.expire", cutoff: nowS, limit }),
};

/** The task that also deletes accounts that were set aside, of the whole database. */
const WITH_SET_ASIDE = "messageSegment";

async function expiredSetAside(reads: HousekeepingParts["reads"], nowS: number): Promise<readonly Write[]> {
  const isDue = (await reads.listSetAside()).some(({ until }) => until <= nowS);
  return isDue ? [{ kind: "account.expireSetAside", cutoff: nowS }] : [];
}

/**
 * Removes what has expired: one named task of the scheduler a kind. The first run comes between half an
 * interval and an interval after the account is opened, by its phase; the tasks of one account share it, so
 * that one alarm wakes all.
 *
 * A backlog is removed 1,000 rows at a time, a second apart. Afterwards a run removes all that has expired
 * since the one before, and the next one comes sooner if that was more than 1,000 rows. A run that fails is
 * logged, and there is another at the next interval. After a failure, and after an opening whatever was
 * planned before it, a run is limited again: there may be a backlog.
 *
 * @returns How to stop. A run that has begun goes on.
 * @throws {RangeError} When a time is not a positive integer.
 */
export function startHousekeeping({
  host,
  taskPrefix,
  phase,
  committer,
  reads,
  policy: overrides,
  isNeeded = () => true,
}: HousekeepingParts): () => void {
  const policy = resolve(overrides);
  const intervalMs = policy.intervalS * 1_000;
  const { clock, scheduler, logger } = host;
  let isStopped = false;
  const stops = (Object.keys(TASKS) as HousekeepingKind[]).map((kind) => {
    const name = `${taskPrefix}housekeeping.${kind}`;
    const plan = (delayMs: number): void => scheduler.schedule(name, clock.nowMs() + delayMs);
    let limit: number | undefined = ROWS_PER_RUN;
    const run = async (): Promise<void> => {
      let rows = 0;
      let isOver = false;
      try {
        const nowS = nowSeconds(clock);
        const expired = kind === WITH_SET_ASIDE ? await expiredSetAside(reads, nowS) : [];
        [rows = 0] = await committer.commit([TASKS[kind]({ policy, nowS, limit }), ...expired]);
        if (rows < ROWS_PER_RUN) limit = undefined;
        isOver = !isNeeded(kind, false);
      } catch (error) {
        limit = ROWS_PER_RUN;
        const { code, message } = summarizeError(error);
        logger.log("warn", "housekeeping: failed", { task: kind, code, error: message });
      }
      if (isStopped) return;
      const isBacklog = rows >= ROWS_PER_RUN && (limit !== undefined || kind === "syncVersion");
      if (isOver && !isBacklog) return;
      plan(isBacklog ? MORE_AFTER_MS : Math.floor(intervalMs / Math.max(1, rows / ROWS_PER_RUN)));
    };
    const unregister = scheduler.register(name, run, { stored: true });
    // What an earlier process has planned stays: an account that is opened often would never get to it.
    const plannedAtMs = scheduler.dueAtMs?.(name);
    if (plannedAtMs === undefined ? isNeeded(kind, true) : plannedAtMs > clock.nowMs() + intervalMs) {
      plan(Math.floor(intervalMs * (0.5 + phase / 2)));
    }
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
  for (const [name, value] of Object.entries(policy)) requirePositive(`housekeeping: ${name}`, value);
  return policy;
}
