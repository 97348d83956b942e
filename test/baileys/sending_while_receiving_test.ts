/** Sending while receiving on one session, over accounts. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { dose } from "../support/dose.ts";
import { overAccounts, SENDS } from "./sending_while_receiving.ts";

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterAll(() => {
  vi.restoreAllMocks();
});

const SEEDS = Array.from({ length: dose({ short: 2, long: 20 }) }, (_, index) => index + 1);

describe("sending while receiving over an account", () => {
  test.each(SEEDS)("repeats no key and loses no message, seed %i", { timeout: 60_000 }, async (seed) => {
    expect(await overAccounts(seed)).toEqual({ sends: SENDS, repeated: 0, undecryptable: 0 });
  });
});
