import type { HashState, Write } from "../backend/mod.ts";

/** Value MACs in one write. */
const VALUES = 1_000;

/** The writes that store a collection of app state in an empty account. The last one makes it current. */
export function collectionWrites(name: string, state: HashState): Write[] {
  const { indexValueMap, ...version } = state;
  const values = [...indexValueMap];
  const writes: Write[] = [];
  for (let start = 0; start === 0 || start < values.length; start += VALUES) {
    const isLast = start + VALUES >= values.length;
    writes.push({
      kind: "syncVersion.patch",
      name,
      patch: {
        generation: 1,
        values: new Map(values.slice(start, start + VALUES)),
        removed: [],
        state: isLast ? version : undefined,
      },
    });
  }
  return writes;
}
