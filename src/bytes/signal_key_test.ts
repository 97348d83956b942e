import { describe, expect, test } from "vitest";
import { PUBLIC_KEY_BYTES, prefixedKey } from "./signal_key.ts";

describe("prefixedKey", () => {
  test("returns the type byte and a copy of the key", () => {
    const key = new Uint8Array(32).fill(7);
    const prefixed = prefixedKey(key);
    key.fill(8);
    expect([...prefixed]).toEqual([5, ...new Array(32).fill(7)]);
    expect(prefixed.length).toBe(PUBLIC_KEY_BYTES);
  });
});
