/** Greatest number of padding bytes. */
const MAX_PADDING = 16;

/**
 * A copy of a plaintext without its padding: 1 to 16 bytes, each of which is their number. `undefined` when
 * the padding is malformed.
 */
export function withoutPadding(plaintext: Uint8Array): Uint8Array | undefined {
  const count = plaintext.at(-1) ?? 0;
  if (count === 0 || count > MAX_PADDING || count > plaintext.length) return undefined;
  return new Uint8Array(plaintext.subarray(0, plaintext.length - count));
}
