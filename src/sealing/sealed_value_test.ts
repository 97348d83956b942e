import { expect, test } from "vitest";
import { isSealed } from "../bytes/mod.ts";
import { SEALED_OVERHEAD } from "../bytes/sealed_form.ts";
import { CorruptError } from "../errors/mod.ts";
import { SenderKeyRecord, SessionRecord } from "../ratchet/mod.ts";
import { headOf, OVERHEAD_BYTES } from "./sealed_value.ts";

test("a sealed value is recognised by its first bytes and its length, and decodes as no record", () => {
  expect(OVERHEAD_BYTES).toBe(SEALED_OVERHEAD);
  const stored = new Uint8Array(OVERHEAD_BYTES);
  stored.set(headOf(new Uint8Array(8), new Uint8Array(16)));
  expect(isSealed(stored)).toBe(true);
  expect(isSealed(stored.subarray(1))).toBe(false);
  expect(isSealed(stored.subarray(0, -1))).toBe(false);
  expect(() => SessionRecord.decode(stored)).toThrow(CorruptError);
  expect(() => SenderKeyRecord.decode(stored)).toThrow(CorruptError);
});
