/** A collection whose hash says what its mutations are, so that one that is stored in part is recognised. */
import { createHash } from "node:crypto";
import type { HashState } from "../../src/backend/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";

export const COLLECTION = "regular_high";

/** The account that has it. */
export const UPGRADED = "alice";

/** Mutations at first: their conversion takes several commits. */
export const MUTATIONS = 5_000;

/** A collection as Baileys holds it. */
export interface Collection {
  readonly version: number;
  readonly hash: Uint8Array;
  readonly indexValueMap: Readonly<Record<string, { readonly valueMac: Uint8Array }>>;
}

/** 128 bytes that follow from a version and mutations in any order. */
export function hashOf(version: bigint, mutations: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const digest = createHash("sha512").update(String(version));
  const sorted = [...mutations].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, value] of sorted) digest.update(index).update(value);
  const half = digest.digest();
  return new Uint8Array([...half, ...half]);
}

/** The collection at first. */
export function firstState(): HashState {
  const random = new SeededRandom(41);
  const indexValueMap = new Map(
    Array.from({ length: MUTATIONS }, () => [
      Buffer.from(random.bytes(32)).toString("base64"),
      random.bytes(32),
    ]),
  );
  return { version: 1n, hash: hashOf(1n, indexValueMap), indexValueMap, macMismatchFatal: false };
}

/** The next version: one mutation goes, one is changed, and one comes. */
export function nextState({ version, indexValueMap }: Collection): Collection {
  const next = version + 1;
  const value = (n: number): Uint8Array => createHash("sha256").update(`value ${n}`).digest();
  const { [Object.keys(indexValueMap)[next % 100] ?? ""]: _gone, ...kept } = indexValueMap;
  const changed = Object.keys(kept)[next % 1_000] ?? "";
  const added = createHash("sha256").update(`index ${next}`).digest("base64");
  const mutations = {
    ...kept,
    [changed]: { valueMac: value(next) },
    [added]: { valueMac: value(-next) },
  };
  const pairs = Object.entries(mutations).map(([index, { valueMac }]) => [index, valueMac] as const);
  return { version: next, hash: hashOf(BigInt(next), pairs), indexValueMap: mutations };
}

/** Whether a collection is whole: its hash is that of its mutations. */
export function isWhole({ version, hash, indexValueMap }: HashState): boolean {
  return Buffer.compare(hashOf(version, indexValueMap), hash) === 0;
}
