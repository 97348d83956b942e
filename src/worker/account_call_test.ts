import { expect, test } from "vitest";
import { accountCallOf, addressHeaders } from "./account_call.ts";

function request(headers: Readonly<Record<string, string>>): Request {
  const all = { "x-holdfast-call": "stats", ...headers };
  return new Request("https://object.holdfast.invalid/", { method: "POST", headers: all });
}

test("an address comes through its headers as it was", () => {
  const address = { account: "Zoë / 🙂%", registeredAtMs: 1_700_000_000_000 };
  expect(accountCallOf(request(addressHeaders(address)))).toEqual({ operation: "stats", address });
});

test("what names no account is no call, and throws nothing", () => {
  for (const account of ["", "%", "%E0%A4%A", "%00", "..", "a%ZZ"]) {
    expect(accountCallOf(request({ "x-holdfast-account": account }))).toBeUndefined();
  }
  const address = addressHeaders({ account: "ann", registeredAtMs: Number.NaN });
  expect(accountCallOf(request(address))).toBeUndefined();
});
