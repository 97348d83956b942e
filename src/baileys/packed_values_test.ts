import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../testing/mod.ts";
import { PackedValues } from "./packed_values.ts";

const random = new SeededRandom(5);
const REGULAR = Array.from({ length: 12 }, () => Buffer.from(random.bytes(32)).toString("base64"));
/** Other lengths, another alphabet, and a non-canonical spelling. */
const OTHERS = ["", "__proto__", "YQ==", `${"A".repeat(42)}B=`, `${"-".repeat(43)}=`, `é${"A".repeat(42)}=`];

const index = fc.constantFrom(...REGULAR, ...OTHERS);
const value = fc.oneof(
  fc.constantFrom(1, 2, 3).map((byte) => new Uint8Array(32).fill(byte)),
  fc.uint8Array({ maxLength: 33 }),
);
const entries = fc.array(fc.tuple(index, value), { maxLength: 40 });

function contents(packed: PackedValues): Map<string, Uint8Array> {
  return new Map(packed);
}

describe("PackedValues", () => {
  test("equals a Map after the same calls", () => {
    const step = fc.oneof(fc.tuple(index, value), fc.tuple(index, fc.constant(undefined)));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const packed = new PackedValues();
        const map = new Map<string, Uint8Array>();
        for (const [at, bytes] of steps) {
          if (bytes === undefined) {
            packed.delete(at);
            map.delete(at);
          } else {
            packed.set(at, bytes);
            map.set(at, bytes);
          }
        }
        expect(contents(packed)).toEqual(map);
        expect(packed.size).toBe(map.size);
      }),
    );
  });

  test("returns exactly the changes between two sets", () => {
    fc.assert(
      fc.property(entries, entries, (before, after) => {
        const [from, target] = [new Map(before), new Map(after)];
        const packed = new PackedValues(from);
        const changes = packed.changesTo(target);
        const isChanged = ([at, bytes]: [string, Uint8Array]): boolean =>
          Buffer.compare(from.get(at) ?? new Uint8Array(0), bytes) !== 0 || !from.has(at);
        expect(changes.values).toEqual(new Map([...target].filter(isChanged)));
        expect(new Set(changes.removed)).toEqual(new Set([...from.keys()].filter((at) => !target.has(at))));
        packed.apply(changes);
        expect(contents(packed)).toEqual(target);
      }),
    );
  });

  test("copies bytes in and out", () => {
    const [at = ""] = REGULAR;
    const given = new Uint8Array(32).fill(1);
    const packed = new PackedValues([[at, given]]);
    given.fill(2);
    contents(packed).get(at)?.fill(3);
    expect(contents(packed).get(at)).toEqual(new Uint8Array(32).fill(1));
  });

  test("stores 20,000 mutations in less than 2 MB and finds each", () => {
    const many = Array.from(
      { length: 20_000 },
      () => [Buffer.from(random.bytes(32)).toString("base64"), random.bytes(32)] as const,
    );
    const packed = new PackedValues(many);
    expect(packed.bytes).toBeLessThan(2_000_000);
    expect(packed.changesTo(new Map(many))).toEqual({ values: new Map(), removed: [] });
    for (const [at] of many.slice(1_000)) packed.delete(at);
    expect(packed.bytes).toBeLessThan(80_000);
    expect(contents(packed)).toEqual(new Map(many.slice(0, 1_000)));
  });
});
