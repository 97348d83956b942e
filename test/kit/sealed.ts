/**
 * Backends whose values are encrypted, by `node:crypto` and by WebCrypto. Proves that a sealed backend keeps
 * the contract. Does not prove that what it stores is secret: see src/sealing.
 */
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Sealing } from "../../src/backend/mod.ts";
import { type Sealer, sealing } from "../../src/sealing/mod.ts";
import type { ConformanceCase, ConformanceTarget } from "../../src/testing/mod.ts";
import { derivedCases } from "./connected_cases.ts";
import { MemoryHarness, memoryTarget } from "./memory.ts";

/** What depends on values, places, leases, owners and damage. */
const OF_VALUES =
  /^(?:damage|device|generation|lease|model|owner|quarantine|rows|session|set aside|sync key|version): /;

/** The kit for the short run of a sealed target beside another one. */
export const valueCases: readonly ConformanceCase[] = derivedCases.filter(({ name }) => OF_VALUES.test(name));

const KEY: Uint8Array = new Uint8Array(32).fill(7);

/** Keys of a test. */
export function testSealing(sealer?: Sealer): Sealing {
  return sealing({ keys: { test: KEY }, sealer });
}

/** Memory, sealed by the sealer of the host or by another one. */
export function sealedMemoryTarget(name: string, sealer?: Sealer): ConformanceTarget {
  return {
    name,
    provides: memoryTarget.provides,
    create: async () =>
      new MemoryHarness((options) => memoryBackend({ ...options, sealing: testSealing(sealer) })),
  };
}
