import type { HashState, WriteOf } from "../backend/mod.ts";
import { encodeBase64 } from "../bytes/mod.ts";
import { isHashOf } from "./lt_hash.ts";

type CollectionWrite =
  | WriteOf<"syncVersion.patch">
  | WriteOf<"syncVersion.put">
  | WriteOf<"mutationMacs.put">;

/** A collection with its value MACs, by index in base64. */
export interface CollectedCollection {
  readonly name: string;
  readonly state: Omit<HashState, "indexValueMap">;
  readonly macs: ReadonlyMap<string, Uint8Array>;
}

interface Collecting {
  state: Omit<HashState, "indexValueMap"> | undefined;
  /** As some clients keep them, with the state. */
  readonly values: Map<string, Uint8Array>;
  /** As others keep them, as rows. */
  readonly rows: Map<string, { readonly version: bigint; readonly valueMac: Uint8Array }>;
}

/** Collects the collections of app state from rows. */
export class CollectedCollections {
  readonly #collections = new Map<string, Collecting>();

  add(write: CollectionWrite): void {
    const collected = this.#of(write.name);
    switch (write.kind) {
      case "syncVersion.put":
        collected.state = write.state;
        for (const [index, value] of write.state.indexValueMap) collected.values.set(index, value);
        return;
      case "syncVersion.patch":
        if (write.patch.state !== undefined) collected.state = write.patch.state;
        for (const [index, value] of write.patch.values) collected.values.set(index, value);
        return;
      case "mutationMacs.put":
        for (const { indexMac, valueMac } of write.macs) {
          const index = encodeBase64(indexMac);
          const known = collected.rows.get(index);
          if (known === undefined || known.version <= write.version)
            collected.rows.set(index, { version: write.version, valueMac });
        }
    }
  }

  /** The collections that have a state. */
  *all(): Iterable<CollectedCollection> {
    for (const [name, { state, values, rows }] of this.#collections) {
      if (state === undefined) continue;
      const macs = new Map([...rows].map(([index, { valueMac }]) => [index, valueMac]));
      yield { name, state, macs: chosen(state.hash, values, macs) };
    }
  }

  #of(name: string): Collecting {
    const known = this.#collections.get(name);
    if (known !== undefined) return known;
    const collected: Collecting = { state: undefined, values: new Map(), rows: new Map() };
    this.#collections.set(name, collected);
    return collected;
  }
}

/** A client keeps one kind up to date and leaves the other as it was. The hash tells which one it is. */
function chosen(
  hash: Uint8Array,
  values: ReadonlyMap<string, Uint8Array>,
  rows: ReadonlyMap<string, Uint8Array>,
): ReadonlyMap<string, Uint8Array> {
  if (rows.size === 0) return values;
  if (values.size === 0) return rows;
  return !isHashOf(hash, values.values()) && isHashOf(hash, rows.values()) ? rows : values;
}
