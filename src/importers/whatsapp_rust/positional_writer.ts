import type { HashState, SyncKey } from "../../backend/mod.ts";
import { joinBytes } from "../../bytes/mod.ts";

/** Greatest integer in one byte. Others follow a marker. */
const MAX_SMALL = 250n;

/** Markers of greater integers, with their bytes. */
const SIZES = [
  { marker: 251, bytes: 2 },
  { marker: 252, bytes: 4 },
  { marker: 253, bytes: 8 },
] as const;

/** A sync key in the positional encoding: see `syncKeyOf`. */
export function positionalSyncKey({ keyData, fingerprint, timestamp }: SyncKey): Uint8Array {
  return joinBytes([
    ...sized(keyData),
    ...sized(fingerprint),
    // Signed integers are in zigzag.
    unsigned(2n * BigInt(timestamp)),
  ]);
}

/** The state of a collection, without index values, in the positional encoding: see `hashStateOf`. */
export function positionalHashState({ version, hash }: Pick<HashState, "version" | "hash">): Uint8Array {
  return joinBytes([unsigned(version), hash, unsigned(0n)]);
}

function sized(bytes: Uint8Array): Uint8Array[] {
  return [unsigned(BigInt(bytes.length)), bytes];
}

function unsigned(value: bigint): Uint8Array {
  if (value <= MAX_SMALL) return Uint8Array.of(Number(value));
  const size = SIZES.find(({ bytes }) => value < 1n << BigInt(8 * bytes)) ?? SIZES[2];
  const written = new Uint8Array(1 + size.bytes);
  written[0] = size.marker;
  for (let at = 0; at < size.bytes; at++) written[1 + at] = Number((value >> BigInt(8 * at)) & 0xffn);
  return written;
}
