import { afterAll, beforeAll, expect, test, vi } from "vitest";

beforeAll(() => {
  vi.spyOn(console, "log").mockImplementation(() => {});
});

afterAll(() => {
  vi.restoreAllMocks();
});

test("read-only access: a snapshot stays as it was", async () => {
  const { pushNames, unchanged } = await import("../examples/state_management/read_only_access.ts");
  expect(pushNames).toEqual(["", "Alice"]);
  expect(unchanged).toBe(true);
});

test("modifications: what was changed is kept, what was refused is not", async () => {
  const { kept } = await import("../examples/state_management/modifications.ts");
  expect(kept).toEqual({ appVersion: "2.3000.1023223821", theme: "dark", pushName: "" });
});

test("bulk operations: two commits for everything", async () => {
  const { cost } = await import("../examples/state_management/bulk_operations.ts");
  expect(cost).toEqual({ mappings: 200, commits: 2 });
});

test("critical errors: nothing is confirmed that is not durable, and nothing is thrown away", async () => {
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
