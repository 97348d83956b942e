/** Bytes that each value which is neither bytes nor text counts as. */
const OTHER_BYTES = 8;

/** About as many bytes as a write takes in a commit. Never fewer than its bytes and texts. */
export function sizeOfWrite(value: unknown): number {
  if (value instanceof Uint8Array) return value.length + OTHER_BYTES;
  if (typeof value === "string") return 3 * value.length + OTHER_BYTES;
  if (typeof value !== "object" || value === null) return OTHER_BYTES;
  const items = Array.isArray(value) ? value : value instanceof Map ? [...value] : Object.values(value);
  let bytes = OTHER_BYTES;
  for (const item of items) bytes += sizeOfWrite(item);
  return bytes;
}
