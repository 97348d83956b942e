import { describe, expect, test } from "vitest";
import { accountCallOf, addressHeaders } from "./account_call.ts";

function request(headers: Readonly<Record<string, string>>): Request {
  const all = { "x-holdfast-call": "stats", ...headers };
  return new Request("https://object.holdfast.invalid/", { method: "POST", headers: all });
}

describe("accountCallOf", () => {
  test("reads the address from its headers", () => {
    const address = { account: "Zoë / 🙂%", registeredAtMs: 1_700_000_000_000, limits: { maxRows: 5 } };
    const headers = addressHeaders(address);
    expect(accountCallOf(request(headers))).toEqual({ operation: "stats", address });
    // A Worker of an earlier release has no limits.
    const { "x-holdfast-limits": _, ...earlier } = headers;
    expect(accountCallOf(request(earlier))?.address).toEqual({ ...address, limits: {} });
  });

  test("returns undefined for a malformed address", () => {
    for (const account of ["", "%", "%E0%A4%A", "%00", "..", "a%ZZ"]) {
      expect(accountCallOf(request({ "x-holdfast-account": account }))).toBeUndefined();
    }
    const address = addressHeaders({ account: "ann", registeredAtMs: Number.NaN });
    expect(accountCallOf(request(address))).toBeUndefined();
  });
});
