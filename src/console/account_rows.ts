import type { AccountStatistics } from "../account/mod.ts";
import { holdOf } from "../backend/mod.ts";
import type { LocalAccounts } from "../service/mod.ts";
import type { AccountRow, Health, Limits, LimitsInUse, OpenState, OwnerSummary } from "./model.ts";
import type { StoredAccount } from "./stored_accounts.ts";

/** Age of a change that is not durable from which an account is late: no saver waits longer, in milliseconds. */
const LATE_MS = 65_000;

/** Digits of a phone number that are shown. */
const SHOWN_DIGITS = 4;

const COUNT = new Intl.NumberFormat("en");

/** What this process knows of an account from its own work. */
export interface KnownAccount {
  /** The last commit that passed here. Clock times in milliseconds. */
  readonly lastCommitAtMs?: number | undefined;
  /** When the present owner was seen to take the account over. */
  readonly ownedSinceMs?: number | undefined;
  /** Requests that a limit of them has refused. */
  readonly refusedRequests?: number | undefined;
  readonly lastRefusedAtMs?: number | undefined;
  /** Left out while the account is not open here. */
  readonly open?: AccountStatistics | undefined;
}

/** What a row is made of. */
export interface RowParts {
  readonly name: string;
  readonly createdAtMs?: number | undefined;
  readonly isDeleting?: boolean | undefined;
  /** `undefined` when nothing is stored under the name. */
  readonly stored: StoredAccount | undefined;
  readonly known: KnownAccount;
  /** The limits that hold for it. Left out where there are none. */
  readonly limits?: Limits | undefined;
  /** What is known of the size of what is stored. */
  readonly usage?: ReturnType<LocalAccounts["usage"]>;
  /** Whether there are keys for accounts that are sealed. */
  readonly hasKeys: boolean;
  readonly nowMs: number;
}

/** The row of an account. */
export function rowOf(parts: RowParts): AccountRow {
  const { name, stored, known, nowMs } = parts;
  const { health, reason } = healthOf(parts);
  const age = known.open?.oldestDirtyAgeMs;
  return defined<AccountRow>({
    name,
    health,
    reason,
    phone: redactedUser(stored?.pn),
    sealed: stored?.isSealed === true && !parts.hasKeys ? true : undefined,
    createdAtMs: parts.createdAtMs,
    owner: ownerOf(parts),
    lastCommitAtMs: known.open?.lastSuccessAtMs ?? known.lastCommitAtMs,
    oldestDirtyAtMs: age === undefined ? undefined : nowMs - age,
    quarantined: stored?.quarantined,
    limits: limitsInUse(parts),
  });
}

function limitsInUse({ limits = {}, usage, known }: RowParts): LimitsInUse | undefined {
  if (Object.keys(limits).length === 0) return undefined;
  const { bytes, rows } = usage?.stored ?? {};
  const { refusedRequests, lastRefusedAtMs } = known;
  const requests = limits.requestsPerMinute === undefined ? {} : { refusedRequests, lastRefusedAtMs };
  return defined<LimitsInUse>({ ...limits, bytes, rows, ...requests });
}

/** What is known of an account that is open here. */
export function openStateOf(stats: AccountStatistics): OpenState {
  const { dirty, signal, caches } = stats;
  return {
    dirty,
    gated: signal?.gated ?? 0,
    isolated: stats.isolated,
    commits: stats.commits,
    rowsWritten: stats.rowsWritten,
    ambiguous: stats.ambiguous,
    saver: defined<OpenState["saver"]>({
      state: stats.state,
      failures: stats.consecutiveFailures,
      retryAtMs: stats.retryAtMs,
    }),
    caches: [
      // The cache of Signal state counts the reads of all its stores together.
      ...(signal === undefined
        ? []
        : [
            {
              name: "signal",
              entries: signal.sessions + signal.senderKeys + signal.identities,
              bytes: signal.heapBytes,
              ...ratioOf(signal),
            },
          ]),
      ...Object.entries(caches).map(([name, { entries, bytes }]) => ({ name, entries, bytes })),
    ],
  };
}

/** A phone number or a LID, of which the last digits are shown; `undefined` for none. */
export function redactedUser(jid: string | undefined): string | undefined {
  if (jid === undefined) return undefined;
  const user = /^\d+/.exec(jid)?.[0] ?? "";
  // Of a short one nothing is shown: its last digits would be most of it.
  return user.length > 2 * SHOWN_DIGITS ? `…${user.slice(-SHOWN_DIGITS)}` : "…";
}

/** Leaves out members that are `undefined`, which JSON does not have. */
export function defined<T extends object>(members: { readonly [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

function ratioOf({ hits, misses }: { readonly hits: number; readonly misses: number }): {
  hitRatio?: number;
} {
  return hits + misses === 0 ? {} : { hitRatio: hits / (hits + misses) };
}

function ownerOf({ stored, known }: RowParts): OwnerSummary {
  const { open } = known;
  const isHere = open !== undefined && open.state !== "fenced" && open.state !== "closed";
  const isHeld = holdOf(stored?.owner) !== undefined;
  const place = isHere ? "here" : stored?.owner === undefined || isHeld ? "none" : "elsewhere";
  return defined<OwnerSummary>({
    epoch: isHere ? open.ownerEpoch : (stored?.epoch ?? 0),
    place,
    sinceMs: place === "none" ? undefined : known.ownedSinceMs,
  });
}

function healthOf(parts: RowParts): { readonly health: Health; readonly reason?: string } {
  const { stored, known, isDeleting } = parts;
  const { open } = known;
  if (isDeleting === true)
    return { health: "deleting", reason: "Its deletion has begun and is not finished: erase it again." };
  if (stored?.isDamaged === true)
    return {
      health: "damaged",
      reason: "A stored text is damaged: verify the account, and restore a backup.",
    };
  const quarantined = stored?.quarantined ?? 0;
  if (quarantined > 0)
    return {
      health: "damaged",
      reason: `${quarantined} stored ${quarantined === 1 ? "record was" : "records were"} invalid and set aside.`,
    };
  return (
    (open === undefined ? undefined : openHealth(open)) ??
    heldHealth(stored) ??
    limitedHealth(parts) ??
    (open === undefined ? restingHealth(stored) : { health: "ok" })
  );
}

function openHealth(stats: AccountStatistics): ReturnType<typeof healthOf> | undefined {
  const { state, lastError, consecutiveFailures, oldestDirtyAgeMs } = stats;
  const told = lastError === undefined ? "" : ` (${lastError.code}: ${lastError.message})`;
  if (state === "halted")
    return {
      health: "failing",
      reason: `Saving is halted after ${consecutiveFailures} failures in a row${told}.`,
    };
  if (state === "failing") return { health: "failing", reason: `The last save failed${told}.` };
  if (state === "fenced")
    return { health: "fenced", reason: "Another owner has opened it: this process saves nothing any more." };
  if (stats.isolated > 0)
    return {
      health: "failing",
      reason: `The database refuses ${stats.isolated} ${stats.isolated === 1 ? "change" : "changes"}.`,
    };
  if (oldestDirtyAgeMs !== undefined && oldestDirtyAgeMs > LATE_MS)
    return {
      health: "late",
      reason: `A change waits to be saved for ${Math.round(oldestDirtyAgeMs / 1_000)} s.`,
    };
  return undefined;
}

function heldHealth(stored: StoredAccount | undefined): ReturnType<typeof healthOf> | undefined {
  switch (holdOf(stored?.owner)?.state) {
    case undefined:
      return undefined;
    case "importing":
      return {
        health: "held",
        reason:
          "An import is not finished: import it again, or undo brings the account back that it replaced.",
      };
    case "moving":
      return { health: "held", reason: "A move is not finished: resume it or abort it." };
    case "moved":
      return { health: "held", reason: "It was moved to another database." };
  }
}

/** An account whose next commit is refused, or whose last one was. */
function limitedHealth({ limits = {}, usage }: RowParts): ReturnType<typeof healthOf> | undefined {
  const { refusal, stored } = usage ?? {};
  for (const [rule, unit, used] of [
    ["maxBytes", "bytes", stored?.bytes],
    ["maxRows", "rows", stored?.rows],
  ] as const) {
    const allowed = limits[rule];
    if (allowed === undefined) continue;
    // Limits may have been changed since.
    const isRefused = refusal?.rule === rule && refusal.allowed === allowed;
    if (!isRefused && (used === undefined || used < allowed)) continue;
    const reason = `It is at its limit of ${COUNT.format(allowed)} ${unit}: commits that store more are refused.`;
    return { health: "limited", reason };
  }
  return undefined;
}

function restingHealth(stored: StoredAccount | undefined): ReturnType<typeof healthOf> {
  if (stored === undefined || (stored.owner === undefined && !stored.hasDevice))
    return { health: "unused", reason: "Nothing is stored: it was never opened, or was retired." };
  return {
    health: "elsewhere",
    reason: "It is not open here. A client elsewhere may have it open.",
  };
}
