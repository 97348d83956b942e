import {
  HOUSEKEEPING_DEFAULTS,
  type HousekeepingKind,
  type HousekeepingPolicy,
  startHousekeeping,
} from "../account/mod.ts";
import { type AlarmScheduler, firstRow, type ObjectStorageLike } from "../adapters/durable_object/mod.ts";
import type { Backend, Write } from "../backend/mod.ts";
import type { Host } from "../ports/mod.ts";

/**
 * Where rows are that can expire. Value MACs expire with a write of their collection alone. The segment that
 * checks the keys of a sealed account never expires.
 */
const ROWS: Readonly<Record<HousekeepingKind, string>> = {
  sentMessage: "sent_message",
  baseKey: "base_key",
  pendingInbound: "pending_inbound",
  tcToken: "tc_token",
  syncVersion: "sync_version WHERE 0",
  messageSegment:
    `message_segment WHERE expires_at < ${Number.MAX_SAFE_INTEGER} ` +
    "UNION ALL SELECT 1 FROM account WHERE set_aside_until IS NOT NULL",
  msgSecret: "msg_secret WHERE expires_at > 0",
};

const KINDS = Object.keys(ROWS) as HousekeepingKind[];

/** Writes that may leave a row that can expire. The kind is in front. */
const PUTS = new RegExp(`^(${KINDS.join("|")}|account)\\.(?!expire|sweep|clear|delete)`);

/** Parts that `keepHouse` uses. */
export interface ObjectHousekeepingParts {
  readonly backend: Backend;
  readonly host: Host;
  readonly scheduler: AlarmScheduler;
  readonly storage: ObjectStorageLike;
  readonly policy: Partial<HousekeepingPolicy>;
}

/** The housekeeping of an object. */
export interface ObjectHousekeeping {
  /** Must be called before writes are committed. */
  noted(writes: readonly Write[]): void;
  /** A run that has begun goes on. */
  stop(): void;
}

/**
 * Removes expired rows of an object by its alarm. A run is planned before a row that can expire is first
 * written, and again after each run that leaves such rows, so that an object without them is never woken. What
 * is planned is stored, so that waking up reads no row for it.
 */
export function keepHouse({
  backend,
  host,
  scheduler,
  storage,
  policy,
}: ObjectHousekeepingParts): ObjectHousekeeping {
  const stop = startHousekeeping({
    host,
    taskPrefix: "",
    // Objects do not share a process that their runs could block.
    phase: 1,
    // Every owner removes the same expired rows, so the removal needs no guard.
    committer: backend,
    reads: backend,
    policy,
    isNeeded: (kind, isStart) =>
      isStart ? scheduler.isDamaged : firstRow(storage, `SELECT 1 FROM ${ROWS[kind]} LIMIT 1`) !== undefined,
  });
  const prefix = "housekeeping.";
  const { intervalS = HOUSEKEEPING_DEFAULTS.intervalS } = policy;
  return {
    stop,
    noted(writes) {
      for (const { kind } of writes) {
        const [, table] = PUTS.exec(kind) ?? [];
        if (table === undefined) continue;
        const name = prefix + (table === "account" ? "messageSegment" : table);
        if (scheduler.dueAtMs(name) !== undefined) continue;
        // Together with the others, so that one alarm runs all.
        const others = KINDS.flatMap((other) => scheduler.dueAtMs(prefix + other) ?? []);
        scheduler.schedule(name, Math.min(host.clock.nowMs() + intervalS * 1_000, ...others));
      }
    },
  };
}
