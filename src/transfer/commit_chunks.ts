import { type Capabilities, rowsOf, WRITES, type Write } from "../backend/mod.ts";
import type { Rule } from "../rules/mod.ts";
import { sizeOfWrite } from "./write_size.ts";

/** Most rows of one commit of an import. */
const CHUNK_ROWS = 500;

/** Most bytes of one commit of an import, as far as no single row has more. */
const CHUNK_BYTES: number = 1_024 * 1_024;

/** What one commit of an import may have. */
interface ChunkLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** Collects writes into commits of a bounded size, in their order. */
export class CommitChunks {
  readonly #limits: ChunkLimits;
  #writes: Write[] = [];
  #rows = 0;
  #bytes = 0;

  constructor({ maxCommitRows = CHUNK_ROWS, maxCommitBytes = CHUNK_BYTES }: Capabilities) {
    this.#limits = {
      rows: Math.min(CHUNK_ROWS, maxCommitRows),
      bytes: Math.min(CHUNK_BYTES, Math.floor(maxCommitBytes / 2)),
    };
  }

  /** Adds a write, in pieces where it is too large. Returns the commits that are full. */
  *add(write: Write): Generator<readonly Write[], void, void> {
    for (const piece of divided(write, this.#limits)) {
      const rows = countRows(piece);
      const bytes = sizeOfWrite(piece);
      const isFull = this.#rows + rows > this.#limits.rows || this.#bytes + bytes > this.#limits.bytes;
      if (isFull && this.#writes.length > 0) yield this.take();
      this.#writes.push(piece);
      this.#rows += rows;
      this.#bytes += bytes;
    }
  }

  /** What was added since the last commit. */
  take(): readonly Write[] {
    const writes = this.#writes;
    this.#writes = [];
    this.#rows = 0;
    this.#bytes = 0;
    return writes;
  }
}

/** The rows that a write stores, each value MAC of a collection included. */
export function countRows(write: Write): number {
  if (write.kind === "syncVersion.patch") return write.patch.values.size + write.patch.removed.length + 1;
  if (write.kind === "syncVersion.put") return write.state.indexValueMap.size + 1;
  return rowsOf(write);
}

/** The same change as writes that are each within the limits, as far as single rows are. */
function divided(write: Write, limits: ChunkLimits): readonly Write[] {
  if (countRows(write) <= limits.rows && sizeOfWrite(write) <= limits.bytes) return [write];
  if (write.kind === "syncVersion.put") return dividedPut(write, limits);
  if (write.kind === "syncVersion.patch") return dividedPatch(write, limits);
  const lists = Object.entries<Rule>(WRITES[write.kind].fields).filter(
    ([, rule]) => rule.type === "list" && rule.rows,
  );
  const [list] = lists;
  if (list === undefined) return [write];
  const [name] = list;
  const items = (write as unknown as Readonly<Record<string, readonly unknown[]>>)[name] ?? [];
  return pieces(items, limits).map((part) => ({ ...write, [name]: part }) as Write);
}

function dividedPut(
  { name, state }: Extract<Write, { kind: "syncVersion.put" }>,
  limits: ChunkLimits,
): readonly Write[] {
  const { indexValueMap, ...rest } = state;
  const empty: Write = { kind: "syncVersion.put", name, state: { ...rest, indexValueMap: new Map() } };
  // A state that is put as a whole has generation 0.
  const patch = { generation: 0, values: indexValueMap, removed: [], state: undefined };
  return [empty, ...dividedPatch({ kind: "syncVersion.patch", name, patch }, limits)];
}

/** Removals first, the state with the last values. */
function dividedPatch(
  { kind, name, patch }: Extract<Write, { kind: "syncVersion.patch" }>,
  limits: ChunkLimits,
): readonly Write[] {
  const { generation, state } = patch;
  const none = { generation, values: new Map<string, Uint8Array>(), removed: [], state: undefined };
  const patches = [
    ...pieces(patch.removed, limits).map((removed) => ({ ...none, removed })),
    ...pieces([...patch.values], limits).map((values) => ({ ...none, values: new Map(values) })),
  ];
  const last = patches.pop() ?? none;
  return [...patches, { ...last, state }].map((part): Write => ({ kind, name, patch: part }));
}

function pieces<Item>(items: readonly Item[], { rows, bytes }: ChunkLimits): Item[][] {
  const all: Item[][] = [];
  let size = 0;
  for (const item of items) {
    const itemBytes = sizeOfWrite(item);
    const last = all.at(-1);
    if (last === undefined || last.length >= rows || size + itemBytes > bytes) {
      all.push([item]);
      size = itemBytes;
    } else {
      last.push(item);
      size += itemBytes;
    }
  }
  return all;
}
