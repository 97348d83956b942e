import { describe, expect, test } from "vitest";
import { BackendError, FencedError, HaltedError } from "../errors/mod.ts";
import { HealthRecord } from "./health.ts";

const DOWN = new BackendError("commit: down");

describe("HealthRecord", () => {
  test("counts failures until a commit succeeds", () => {
    const health = new HealthRecord(3);
    health.failed(DOWN, 10, 30);
    health.failed(DOWN, 20, 60);
    expect(health.consecutiveFailures).toBe(2);
    expect(health.lastError).toEqual({ code: "failed", message: "commit: down" });
    expect([health.lastFailureAtMs, health.retryAtMs, health.lastSuccessAtMs]).toEqual([20, 60, undefined]);
    expect(health.succeeded(70)).toBe(2);
    expect([health.consecutiveFailures, health.lastError, health.retryAtMs]).toEqual([
      0,
      undefined,
      undefined,
    ]);
    expect([health.lastFailureAtMs, health.lastSuccessAtMs]).toEqual([20, 70]);
    expect(health.succeeded(80)).toBe(0);
  });

  test("is halted from the given number of failures on", () => {
    const health = new HealthRecord(2);
    health.failed(DOWN, 0, 1);
    expect(health.halted).toBe(false);
    health.assertNotHalted();
    health.failed(DOWN, 0, 1);
    expect(health.halted).toBe(true);
    expect(() => health.assertNotHalted()).toThrow(HaltedError);
    health.succeeded(2);
    health.assertNotHalted();
  });

  test("plans no retry once it is fenced", () => {
    const health = new HealthRecord(2);
    health.failed(DOWN, 0, 1);
    const fenced = new FencedError("commit: a later owner");
    health.fencedBy(fenced, 5);
    expect([health.fenced, health.lastFailureAtMs, health.retryAtMs]).toEqual([fenced, 5, undefined]);
    expect(health.lastError?.code).toBe("fenced");
  });
});
