/** Converts bytes to the type that a reader expects, such as Node's `Buffer`. It owns the bytes. */
export type WrapBytes = (bytes: Uint8Array) => Uint8Array;

/** Returns bytes unchanged. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes;
}
