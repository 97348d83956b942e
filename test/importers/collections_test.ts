/** Which value MACs of a collection count. The hash is made by the library that Baileys uses. */

import { describe, expect, test } from "vitest";
import { LTHashAntiTampering } from "whatsapp-rust-bridge";
import { CollectedCollections } from "../../src/importers/collected_collections.ts";
import { isHashOf } from "../../src/importers/lt_hash.ts";
import { SeededRandom } from "../../src/testing/mod.ts";

const random = new SeededRandom(20_261_130);
const OLD = [1, 2, 3].map(() => random.bytes(32));
const NEW = [...OLD.slice(1), random.bytes(32)];

function hashOf(macs: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(new LTHashAntiTampering().subtractThenAdd(new Uint8Array(128), [], [...macs]));
}

describe("isHashOf", () => {
  test("agrees with the library", () => {
    expect(isHashOf(hashOf(OLD), OLD)).toBe(true);
    expect(isHashOf(hashOf(OLD), NEW)).toBe(false);
    expect(isHashOf(new Uint8Array(128), [])).toBe(true);
  });
});

/** The values that count, of a collection with values with its state and values as rows. */
function chosen(hash: Uint8Array, values: readonly Uint8Array[], rows: readonly Uint8Array[]): Uint8Array[] {
  const index = (at: number) => new Uint8Array(32).fill(at);
  const collections = new CollectedCollections();
  const macs = rows.map((valueMac, at) => ({ indexMac: index(at), valueMac }));
  collections.add({ kind: "mutationMacs.put", name: "regular", version: 2n, macs });
  collections.add({
    kind: "syncVersion.patch",
    name: "regular",
    patch: {
      generation: 1,
      values: new Map(values.map((value, at) => [Buffer.from(index(at)).toString("base64"), value])),
      removed: [],
      state: { version: 3n, hash, macMismatchFatal: false },
    },
  });
  return [...collections.all()].flatMap(({ macs: found }) => [...found.values()]);
}

describe("CollectedCollections", () => {
  test("takes the kind that the hash is made of", () => {
    expect(chosen(hashOf(NEW), OLD, NEW)).toEqual(NEW);
    expect(chosen(hashOf(NEW), NEW, OLD)).toEqual(NEW);
    expect(chosen(hashOf(OLD), [], OLD)).toEqual(OLD);
    expect(chosen(hashOf(OLD), OLD, [])).toEqual(OLD);
  });
});
