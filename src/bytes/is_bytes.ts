/**
 * Whether a value is a `Uint8Array` whose bytes can be read: no proxy of one, and not one whose memory was
 * transferred elsewhere.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && value instanceof Uint8Array && (value.length > 0 || !isDetached(value));
}

function isDetached({ buffer }: Uint8Array): boolean {
  try {
    return new Uint8Array(buffer).length < 0;
  } catch {
    return true;
  }
}
