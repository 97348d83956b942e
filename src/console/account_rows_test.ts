import { describe, expect, test } from "vitest";
import type { AccountStatistics } from "../account/mod.ts";
import { redactedUser, rowOf } from "./account_rows.ts";
import type { StoredAccount } from "./stored_accounts.ts";

const STORED: StoredAccount = {
  ...{ owner: "abc@1+", epoch: 3, pn: "5511987654321:4@s.whatsapp.net" },
  ...{ hasDevice: true, isSealed: false, quarantined: 0, isDamaged: false },
};

const STATS: AccountStatistics = {
  ...{ ownerEpoch: 4, restoreEpoch: 0, fences: 0, isolated: 0, waitingWriters: 0, state: "idle" },
  ...{ commits: 1, rowsWritten: 1, ambiguous: 0, consecutiveFailures: 0, lastError: undefined },
  ...{ lastSuccessAtMs: 900, lastFailureAtMs: undefined, retryAtMs: undefined, oldestDirtyAgeMs: undefined },
  ...{ dirty: { must: 0, may: 0, bytes: 0 }, signal: undefined, caches: {} },
};

const failure = { code: "failed", message: "commit: no room" } as const;

function healthOf(
  stored: Partial<StoredAccount> | undefined,
  open?: Partial<AccountStatistics>,
  isDeleting = false,
) {
  const { health, reason } = rowOf({
    ...{ name: "a", isDeleting, hasKeys: false, nowMs: 1_000 },
    stored: stored && { ...STORED, ...stored },
    known: open === undefined ? {} : { open: { ...STATS, ...open } },
  });
  // The reason is shown.
  if (health !== "ok") expect(reason).toMatch(/\.$/);
  return health;
}

describe("rowOf", () => {
  test("tells the worst that is true of an account", () => {
    expect(healthOf(undefined)).toBe("unused");
    expect(healthOf({ owner: undefined, hasDevice: false })).toBe("unused");
    expect(healthOf({})).toBe("elsewhere");
    expect(healthOf({}, {})).toBe("ok");
    expect(healthOf({}, { state: "saving", oldestDirtyAgeMs: 64_000 })).toBe("ok");
    expect(healthOf({}, { oldestDirtyAgeMs: 66_000 })).toBe("late");
    expect(healthOf({ owner: `importing:${"0".repeat(32)}` })).toBe("held");
    expect(healthOf({}, { state: "fenced", lastError: failure })).toBe("fenced");
    expect(healthOf({}, { state: "failing", lastError: failure, oldestDirtyAgeMs: 90_000 })).toBe("failing");
    expect(healthOf({}, { state: "halted", lastError: failure })).toBe("failing");
    expect(healthOf({}, { isolated: 1 })).toBe("failing");
    expect(healthOf({ quarantined: 1 }, { state: "halted", lastError: failure })).toBe("damaged");
    expect(healthOf({ isDamaged: true })).toBe("damaged");
    expect(healthOf({ isDamaged: true }, {}, true)).toBe("deleting");
  });

  test("shows the last digits of a phone number, and no more", () => {
    const row = rowOf({ name: "a", stored: STORED, known: {}, hasKeys: false, nowMs: 1_000 });
    expect(row.phone).toBe("…4321");
    expect(JSON.stringify(row)).not.toContain("87654321");
    expect(redactedUser("1234567@s.whatsapp.net")).toBe("…");
    expect(redactedUser("nonsense")).toBe("…");
    expect(redactedUser(undefined)).toBeUndefined();
  });

  test("tells who owns it, since when, and what waits", () => {
    const row = rowOf({
      ...{ name: "a", stored: STORED, hasKeys: false, nowMs: 1_000 },
      known: { ownedSinceMs: 5, lastCommitAtMs: 6, open: { ...STATS, oldestDirtyAgeMs: 300 } },
    });
    expect(row).toMatchObject({ owner: { epoch: 4, place: "here", sinceMs: 5 }, oldestDirtyAtMs: 700 });
    expect(row.lastCommitAtMs).toBe(900);
    const elsewhere = rowOf({
      name: "a",
      stored: STORED,
      known: { lastCommitAtMs: 6 },
      hasKeys: false,
      nowMs: 1,
    });
    expect(elsewhere).toMatchObject({ owner: { epoch: 3, place: "elsewhere" }, lastCommitAtMs: 6 });
    const sealed = { ...STORED, isSealed: true };
    expect(rowOf({ name: "a", stored: sealed, known: {}, hasKeys: false, nowMs: 1 }).sealed).toBe(true);
    expect(rowOf({ name: "a", stored: sealed, known: {}, hasKeys: true, nowMs: 1 }).sealed).toBeUndefined();
  });
});
