import type { OpenState } from "../../src/console/model.ts";
import type { AccountStats } from "../../src/service/account_stats.ts";
import type { Row } from "./source.ts";

/** State that waits longer than this is late: several intervals of the saver. */
const LATE_MS = 30_000;

const LIMITED = {
  health: "limited",
  reason: "It is at a limit of what it may store: commits that store more are refused.",
} as const;

/** How an account is by its statistics. */
export function healthOfStats(
  stats: AccountStats,
  nowMs: number,
): Pick<Row, "health" | "reason" | "owner" | "lastCommitAtMs" | "oldestDirtyAtMs" | "limits"> {
  const { open, account, backups, stored } = stats;
  const limits = stats.limits && { ...stats.limits, ...stored };
  const limited = isAtLimit(stats) ? LIMITED : undefined;
  if (!open || account === undefined)
    return { limits, ...(limited ?? { health: "elsewhere", reason: "It is not open in this service." }) };
  const { saver, dirty } = account;
  const shared = {
    limits,
    owner: { epoch: 0, place: "here" as const },
    lastCommitAtMs: saver.lastSuccessAtMs,
    oldestDirtyAtMs: dirty.oldestAgeMs === undefined ? undefined : nowMs - dirty.oldestAgeMs,
  };
  if (saver.state === "fenced")
    return { ...shared, health: "fenced", reason: "Another owner has opened it." };
  if (saver.state === "halted" || saver.state === "failing") {
    const failed = `Its last ${saver.consecutiveFailures === 1 ? "save" : `${saver.consecutiveFailures} saves`} failed`;
    const { lastError } = saver;
    return { ...shared, health: "failing", reason: `${failed}${lastError ? `: ${lastError.code}` : ""}.` };
  }
  if (saver.isolated > 0) {
    const changes = saver.isolated === 1 ? "change" : "changes";
    return { ...shared, health: "failing", reason: `The database refuses ${saver.isolated} ${changes}.` };
  }
  if (dirty.must > 0 && (dirty.oldestAgeMs ?? 0) > LATE_MS)
    return { ...shared, health: "late", reason: "State waits longer than the save interval." };
  if (limited !== undefined) return { ...shared, ...limited };
  if (backups !== undefined && backups.failures > 0)
    return { ...shared, health: "ok", reason: "Its last backup failed." };
  return { ...shared, health: "ok" };
}

/** Whether the next commit that stores more is refused, or the last one was. */
function isAtLimit({ refusedBy, limits = {}, stored }: AccountStats): boolean {
  return (
    refusedBy !== undefined || isUsed(limits.maxBytes, stored?.bytes) || isUsed(limits.maxRows, stored?.rows)
  );
}

function isUsed(allowed: number | undefined, used: number | undefined): boolean {
  return allowed !== undefined && used !== undefined && used >= allowed;
}

/** What the statistics say of an account that is open. */
export function openStateOf({ account }: AccountStats): OpenState | undefined {
  if (account === undefined) return undefined;
  const { dirty, saver, cache } = account;
  return {
    dirty: { must: dirty.must, may: dirty.may, bytes: dirty.bytes },
    gated: cache?.gated ?? 0,
    isolated: saver.isolated,
    commits: account.commits,
    rowsWritten: account.rowsWritten,
    ambiguous: account.ambiguous,
    saver: { state: saver.state, failures: saver.consecutiveFailures, retryAtMs: saver.retryAtMs },
    caches: cache === undefined ? [] : [{ name: "signal", entries: 0, bytes: 0, hitRatio: cache.hitRatio }],
  };
}
