import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

beforeAll(() => {
  vi.spyOn(console, "log").mockImplementation(() => {});
});

afterAll(() => {
  vi.restoreAllMocks();
});

describe("examples", () => {
  test("keeps a snapshot unchanged", async () => {
    const { pushNames, unchanged } = await import("../examples/state_management/read_only_access.ts");
    expect(pushNames).toEqual(["", "Alice"]);
    expect(unchanged).toBe(true);
  });

  test("keeps accepted changes only", async () => {
    const { kept } = await import("../examples/state_management/modifications.ts");
    expect(kept).toEqual({ appVersion: "2.3000.1023223821", theme: "dark", pushName: "" });
  });

  test("needs two commits for all bulk operations", async () => {
    const { cost } = await import("../examples/state_management/bulk_operations.ts");
    expect(cost).toEqual({ mappings: 200, commits: 2 });
  });

  test("confirms only durable changes and drops none", async () => {
    const { history } = await import("../examples/state_management/critical_errors.ts");
    expect(history).toEqual([
      "failed: failed",
      "not confirmed (failed), still in memory",
      "confirmed to the server",
      "fenced: stop",
      "stopped: fenced",
      "closed: fenced",
    ]);
  });
});
