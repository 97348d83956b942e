import { describe, expect, test } from "vitest";
import { healthOfStats } from "../../console/api/stats_health.ts";
import type { AccountStats } from "../../src/service/account_stats.ts";

function statsOf(saver: object): AccountStats {
  return {
    open: true,
    account: {
      dirty: { must: 0, may: 0, bytes: 0 },
      saver: { state: "idle", consecutiveFailures: 0, isolated: 0, waitingWriters: 0, ...saver },
    },
  } as unknown as AccountStats;
}

describe("healthOfStats", () => {
  test("is limited where a commit was refused, or would be", () => {
    const limits = { maxBytes: 1_000, maxRows: 10 };
    const health = (stats: Partial<AccountStats>) =>
      healthOfStats({ open: false, limits, ...stats }, 0).health;
    expect(health({ stored: { bytes: 999, rows: 9 } })).toBe("elsewhere");
    expect(health({ stored: { bytes: 1_000, rows: 9 } })).toBe("limited");
    expect(health({ stored: { bytes: 5, rows: 10 } })).toBe("limited");
    expect(health({ stored: { bytes: 999 }, refusedBy: "maxBytes" })).toBe("limited");
    const open = { ...statsOf({}), limits, stored: { bytes: 2_000, rows: 1 } };
    expect(healthOfStats(open, 0)).toMatchObject({ health: "limited", limits: { ...limits, bytes: 2_000 } });
    // What is lost comes first.
    expect(healthOfStats({ ...open, ...statsOf({ state: "failing" }) }, 0).health).toBe("failing");
  });

  test("is failing while the database refuses changes, as the service itself says", () => {
    expect(healthOfStats(statsOf({}), 0).health).toBe("ok");
    expect(healthOfStats(statsOf({ isolated: 1 }), 0)).toMatchObject({
      health: "failing",
      reason: "The database refuses 1 change.",
    });
    expect(healthOfStats(statsOf({ isolated: 3 }), 0).reason).toBe("The database refuses 3 changes.");
    expect(healthOfStats(statsOf({ isolated: 1, state: "fenced" }), 0).health).toBe("fenced");
  });
});
