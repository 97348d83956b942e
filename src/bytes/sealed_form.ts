/**
 * First bytes of a sealed value, the last of which is the version of its form. The first is no tag of
 * protobuf, so a sealed record does not decode as a record.
 */
export const SEALED_MARK: readonly number[] = [0x07, 0x48, 0x53, 0x01];

/** Bytes that a sealed value is longer than the original: see `src/sealing/sealed_value.ts`. */
export const SEALED_OVERHEAD = 56;

/**
 * Whether bytes begin like a sealed value, and are long enough for one. A service that keeps sealed values
 * for others checks no more of them.
 */
export function isSealed(bytes: Uint8Array): boolean {
  if (bytes.length < SEALED_OVERHEAD) return false;
  for (let at = 0; at < SEALED_MARK.length; at += 1) if (bytes[at] !== SEALED_MARK[at]) return false;
  return true;
}
