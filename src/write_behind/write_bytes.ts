import type { Write } from "../backend/mod.ts";

/** Counts the bytes of byte arrays and the code units of texts inside a value. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  const parts: Iterable<unknown> = value instanceof Map ? [...value].flat() : Object.values(value);
  let bytes = 0;
  for (const part of parts) bytes += sizeOf(part);
  return bytes;
}

/** An estimate of what writes carry, in bytes: what limits and reports count by. Numbers and framing are left out. */
export function estimateBytes(writes: readonly Write[]): number {
  return sizeOf(writes);
}
