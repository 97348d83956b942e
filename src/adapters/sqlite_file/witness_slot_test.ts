import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../testing/mod.ts";
import { decodeSlot, encodeSlot, SLOT_BYTES, type WitnessSlot } from "./witness_slot.ts";

const SLOT: WitnessSlot = {
  database: "00112233445566778899aabbccddeeff",
  counter: 2 ** 47 + 3,
  random: "0123456789abcdef",
  device: 65_024n,
  inode: 2n ** 64n - 1n,
  bornNs: 1_796_034_658_129_000_000n,
  changedMs: 1_796_034_658_129,
};

describe("decodeSlot", () => {
  test("reads what was encoded", () => {
    expect(encodeSlot(SLOT)).toHaveLength(SLOT_BYTES);
    expect(decodeSlot(encodeSlot(SLOT))).toEqual(SLOT);
    const least = { ...SLOT, counter: 0, device: 0n, inode: 0n, bornNs: -1n, changedMs: 0 };
    expect(decodeSlot(encodeSlot(least))).toEqual(least);
  });

  test("reads nothing from bytes that were never written, or are of another length", () => {
    expect(decodeSlot(new Uint8Array(SLOT_BYTES))).toBeUndefined();
    expect(decodeSlot(encodeSlot(SLOT).subarray(1))).toBeUndefined();
    expect(decodeSlot(new Uint8Array(0))).toBeUndefined();
  });

  test("finds each changed byte", () => {
    const random = new SeededRandom(7);
    for (let at = 0; at < SLOT_BYTES; at += 1) {
      const bytes = encodeSlot(SLOT);
      bytes[at] = ((bytes[at] ?? 0) + 1 + random.below(255)) % 256;
      expect(decodeSlot(bytes), `byte ${at}`).toBeUndefined();
    }
  });
});
