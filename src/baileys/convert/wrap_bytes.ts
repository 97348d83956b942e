/** Makes bytes into what the reader of a value expects, such as Node's `Buffer`. It owns what it is given. */
export type WrapBytes = (bytes: Uint8Array) => Uint8Array;

/** Leaves bytes as they are. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes;
}
