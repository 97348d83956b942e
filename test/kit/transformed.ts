/**
 * Backends under a transform of stored values that makes every value longer and binds it to its place. Proves
 * that no code reads a stored value or its length, and that a value has the same place for every write and
 * read. Does not cover encryption.
 */
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { ValuePlace, ValueTransform } from "../../src/backend/mod.ts";
import { CorruptError, WrongLengthError } from "../../src/errors/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { MemoryHarness, memoryTarget } from "./memory.ts";
import { narrowHarness, narrowTarget } from "./narrow.ts";

/** Length of the prefix of a transformed value in bytes. */
const TAG_BYTES = 4;

/** Stands in for a key: an XOR with it hides every value. */
const PAD = 0xa5;

/**
 * Prefixes every value with a tag of its place. Every second transform is asynchronous, as in some ciphers.
 */
export function taggedValues(): ValueTransform {
  let calls = 0;
  const maybeLater = (bytes: Uint8Array): Uint8Array | Promise<Uint8Array> => {
    calls += 1;
    return calls % 2 === 0 ? bytes : Promise.resolve(bytes);
  };
  return {
    overheadBytes: TAG_BYTES,
    store(value, place) {
      const stored = new Uint8Array(TAG_BYTES + value.length);
      new DataView(stored.buffer).setUint32(0, tagOf(place));
      stored.set(
        value.map((byte) => byte ^ PAD),
        TAG_BYTES,
      );
      return maybeLater(stored);
    },
    load(stored, place) {
      if (stored.length < TAG_BYTES) throw new WrongLengthError(`load value: ${place.name} is cut off`);
      const tag = new DataView(stored.buffer, stored.byteOffset, stored.byteLength).getUint32(0);
      if (tag !== tagOf(place)) throw new CorruptError(`load value: not of ${place.table} ${place.name}`);
      return maybeLater(stored.slice(TAG_BYTES).map((byte) => byte ^ PAD));
    },
  };
}

/** A hash (FNV-1a) of all fields of a place. */
function tagOf({ table, key, name, entry, lease }: ValuePlace): number {
  const parts = key.map((part) => (part instanceof Uint8Array ? [...part] : part));
  if (parts.includes(undefined)) throw new TypeError(`a place in ${table} has no whole key`);
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(
    JSON.stringify([table, parts, name, entry ?? null, lease ?? null]),
  )) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

export const transformedTargets: readonly ConformanceTarget[] = [
  {
    name: "memory, values transformed",
    provides: memoryTarget.provides,
    create: async () => new MemoryHarness((options) => memoryBackend({ ...options, values: taggedValues() })),
  },
  {
    name: "sqlite with narrow limits, values transformed",
    provides: narrowTarget.provides,
    create: () => narrowHarness({ values: taggedValues() }),
  },
];
