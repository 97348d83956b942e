import type { Write } from "../backend/mod.ts";
import { encodeBase64 } from "../bytes/mod.ts";

/** A value MAC of a collection of app state. */
export interface ForeignMac {
  readonly indexMac: Uint8Array;
  readonly valueMac: Uint8Array;
  readonly version: bigint;
}

/** Value MACs of one commit. */
const MACS = 500;

/**
 * The writes that store a collection of a client that keeps value MACs as rows. They are stored as rows and
 * with the collection's state, because clients read either.
 *
 * @param macs In the order of their index, the newest of an index last.
 */
export async function* collectionRows(
  name: string,
  state: { readonly version: bigint; readonly hash: Uint8Array; readonly macMismatchFatal: boolean },
  macs: AsyncIterable<ForeignMac>,
): AsyncIterable<Write> {
  let chunk = new Map<string, ForeignMac>();
  let last: ForeignMac | undefined;
  for await (const mac of macs) {
    const index = encodeBase64(mac.indexMac);
    // A full chunk ends between two indexes, so that an older value never follows a newer one.
    if (chunk.size >= MACS && !chunk.has(index)) {
      yield* chunkWrites(name, chunk);
      chunk = new Map();
    }
    chunk.set(index, mac);
    last = mac;
  }
  if (last !== undefined) yield* chunkWrites(name, chunk);
  yield { kind: "syncVersion.patch", name, patch: { generation: 1, values: new Map(), removed: [], state } };
}

function* chunkWrites(name: string, chunk: ReadonlyMap<string, ForeignMac>): Iterable<Write> {
  const byVersion = new Map<bigint, ForeignMac[]>();
  for (const mac of chunk.values()) byVersion.set(mac.version, [...(byVersion.get(mac.version) ?? []), mac]);
  for (const [version, macs] of byVersion) {
    yield {
      kind: "mutationMacs.put",
      name,
      version,
      macs: macs.map(({ indexMac, valueMac }) => ({ indexMac, valueMac })),
    };
  }
  const values = new Map([...chunk].map(([index, { valueMac }]) => [index, valueMac]));
  yield { kind: "syncVersion.patch", name, patch: { generation: 1, values, removed: [], state: undefined } };
}
