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
