import { describe, expect, test } from "vitest";
import { decideClientExpiration } from "./client_expiration.ts";

const DAY_S = 86_400;
const now = 1_700_000_000;
const version = "2.3000.1";

describe("decideClientExpiration", () => {
  const current = { expiresAt: now + 10 * DAY_S, version };

  test("clears what is stored when the server sends no time", () => {
    expect(decideClientExpiration({ current, expiresAt: undefined, now, version })).toBeUndefined();
  });

  test("keeps the stored time when the new one is equal or later", () => {
    for (const expiresAt of [current.expiresAt, current.expiresAt + 1]) {
      expect(decideClientExpiration({ current, expiresAt, now, version })).toBe(current);
    }
  });

  test("stores an earlier time", () => {
    const expiresAt = now + 5 * DAY_S;
    expect(decideClientExpiration({ current, expiresAt, now, version })).toEqual({ expiresAt, version });
  });

  test("gives at least three days", () => {
    const stored = decideClientExpiration({ current, expiresAt: now - 1, now, version });
    expect(stored).toEqual({ expiresAt: now + 3 * DAY_S, version });
  });

  test("ignores what is stored for another version", () => {
    const expiresAt = now + 20 * DAY_S;
    const stored = decideClientExpiration({ current, expiresAt, now, version: "2.3000.2" });
    expect(stored).toEqual({ expiresAt, version: "2.3000.2" });
  });
});
