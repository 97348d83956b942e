/** Whether a value is a `Uint8Array`, and not a proxy of one, of which no bytes can be read. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && value instanceof Uint8Array;
}
