/** The script of sending while receiving on the stock library, for comparison with accounts. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { dose } from "../support/dose.ts";
import { overStockLibrary } from "./sending_while_receiving.ts";

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe("sending while receiving over the stock library", () => {
  test.each(dose({ short: [1], long: [1, 2] }))(
    "repeats keys, seed %i",
    { timeout: 60_000 },
    async (seed) => {
      const findings = await overStockLibrary(seed);
      process.stdout.write(
        `stock library, seed ${seed}: ${findings.repeated} repeated keys, ${findings.undecryptable} undecryptable\n`,
      );
      expect(findings.repeated).toBeGreaterThan(0);
    },
  );
});
