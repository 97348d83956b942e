import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sameBytes, sameSecret } from "./same_bytes.ts";

describe.each([
  ["sameBytes", sameBytes],
  ["sameSecret", sameSecret],
])("%s", (_, same) => {
  test("agrees with Node on any two values", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3, max: 2 }),
        fc.uint8Array({ maxLength: 3, max: 2 }),
        (a, b) => {
          expect(same(a, b)).toBe(Buffer.compare(a, b) === 0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("finds one flipped bit in any place", () => {
    const bytes = Uint8Array.from({ length: 33 }, (_, i) => i * 7);
    expect(same(bytes, new Uint8Array(bytes))).toBe(true);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const other = new Uint8Array(bytes);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(same(bytes, other)).toBe(false);
    }
  });

  test("compares contents of any class and memory", () => {
    const memory = Uint8Array.of(9, 1, 2, 9);
    expect(same(memory.subarray(1, 3), Buffer.from([1, 2]))).toBe(true);
  });
});

describe("sameSecret", () => {
  test("reads every byte, independent of the difference", () => {
    const secret = Uint8Array.from({ length: 32 }, (_, i) => i * 11);
    const reads: number[] = [];
    const watched = new Proxy(secret, {
      get(target, name) {
        if (typeof name === "string" && /^[0-9]+$/.test(name)) reads.push(Number(name));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    for (const index of [-1, 0, 15, 31]) {
      const other = secret.map((byte, at) => (at === index ? byte ^ 1 : byte));
      reads.length = 0;
      expect(sameSecret(other, watched)).toBe(index === -1);
      expect(reads).toEqual(Array.from({ length: 32 }, (_, at) => at));
    }
  });
});
