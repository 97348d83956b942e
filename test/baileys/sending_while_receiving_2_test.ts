/** Sending while receiving on one session, the second ten seeds. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { overAccounts, SENDS } from "./sending_while_receiving.ts";

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterAll(() => {
  vi.restoreAllMocks();
});

test.each([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])(
  "an account repeats no key and loses no message, seed %i",
  { timeout: 60_000 },
  async (seed) => {
    expect(await overAccounts(seed)).toEqual({ sends: SENDS, repeated: 0, undecryptable: 0 });
  },
);
