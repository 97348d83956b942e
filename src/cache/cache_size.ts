/** What a cache holds in this process. */
export interface CacheSize {
  /** Number of entries, as `PortableCache.entryCount` counts them. */
  readonly entries: number;
  /** Estimated from some of the entries: their keys and values, in bytes. */
  readonly bytes: number;
}

/** Estimated bytes of a text, bytes, and an object or list without its members, beside their content. */
const HEADER = 24;

/** Bytes of a number, and of a reference to a part. */
const WORD = 8;

/** Maximum number of parts of an object or list that are counted one by one. The rest counts as those. */
const MAX_PARTS = 64;

/** How many parts of values one estimate looks at. */
const PARTS_OF_AN_ESTIMATE = 1_000;

/** What an estimate may still look at. A value may be large, and may contain itself. */
export interface EstimateBudget {
  parts: number;
}

/** The budget of an estimate that looks at several values. */
export function newEstimate(): EstimateBudget {
  return { parts: PARTS_OF_AN_ESTIMATE };
}

/** Estimates the memory of plain data, in bytes: texts of Latin letters, bytes, objects, lists, maps. */
export function approximateBytes(value: unknown, budget: EstimateBudget): number {
  if (typeof value === "string") return HEADER + value.length;
  if (typeof value !== "object" || value === null) return WORD;
  if (ArrayBuffer.isView(value)) return HEADER + value.byteLength;
  const parts = partsOf(value);
  let bytes = 0;
  let counted = 0;
  for (const part of parts) {
    if (counted === MAX_PARTS || budget.parts === 0) break;
    budget.parts -= 1;
    bytes += WORD + approximateBytes(part, budget);
    counted += 1;
  }
  const { size = counted, length = size } = parts as { readonly size?: number; readonly length?: number };
  return HEADER + Math.round((bytes / (counted || 1)) * length);
}

/** The parts of a list, map or set, which tells how many there are, or of an object. */
function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return value;
  return Object.values(value);
}
