/** The script of sending while receiving on the stock library, to be seen beside the accounts. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
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

test.each(dose({ short: [1], long: [1, 2] }))(
  "the stock library repeats keys, seed %i",
  { timeout: 60_000 },
  async (seed) => {
    const findings = await overStockLibrary(seed);
    process.stdout.write(
      `stock library, seed ${seed}: ${findings.repeated} repeated keys, ${findings.undecryptable} undecryptable\n`,
    );
    expect(findings.repeated).toBeGreaterThan(0);
  },
);
