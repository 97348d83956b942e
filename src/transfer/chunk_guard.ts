import { joinBytes, sameBytes } from "../bytes/mod.ts";
import { aesGcm, digest } from "../ports/mod.ts";

/** What keeps the chunks of a file whole and in their order. One guard serves one pass over a file. */
export interface ChunkGuard {
  /** Bytes that a chunk is longer than its payload, without its head. */
  readonly overheadBytes: number;
  /** Returns what follows the chunk's head: its payload, protected. */
  protect(head: Uint8Array, payload: Uint8Array): Promise<Uint8Array>;
  /** Returns the payload; `undefined` when head or body are not what was written here. */
  check(head: Uint8Array, body: Uint8Array): Promise<Uint8Array | undefined>;
}

/** Bytes of SHA-256. */
const DIGEST_BYTES = 32;

/** Bytes of the tag of AES-GCM. */
const TAG_BYTES = 16;

/** Bytes of the nonce of AES-GCM. */
const NONCE_BYTES = 12;

/**
 * Checksums of a file that is not sealed: each covers its chunk and the checksum before it, so that the last
 * one covers the whole file.
 *
 * @param start Digest of what stands in front of the first chunk.
 */
export function checksummed(start: Uint8Array): ChunkGuard {
  let last = start;
  return {
    overheadBytes: DIGEST_BYTES,
    protect: async (head, payload) => {
      last = await digest("SHA-256", joinBytes([last, head, payload]));
      return joinBytes([payload, last]);
    },
    check: async (head, body) => {
      const payload = body.subarray(0, -DIGEST_BYTES);
      last = await digest("SHA-256", joinBytes([last, head, payload]));
      return sameBytes(last, body.subarray(-DIGEST_BYTES)) ? payload : undefined;
    },
  };
}

/**
 * AES-256-GCM, a chunk at a time. The nonce is the chunk's head, which has its number and whether it is the
 * last one, and the key belongs to one file: a chunk opens nowhere else.
 *
 * @param key 32 bytes, of this file alone.
 * @param start Digest of what stands in front of the first chunk. Bound into every chunk.
 */
export async function sealed(key: Uint8Array, start: Uint8Array): Promise<ChunkGuard> {
  const cipher = await aesGcm(key);
  const nonceOf = (head: Uint8Array): Uint8Array => {
    const nonce = new Uint8Array(NONCE_BYTES);
    nonce.set(head, NONCE_BYTES - head.length);
    return nonce;
  };
  return {
    overheadBytes: TAG_BYTES,
    protect: (head, payload) => cipher.seal(nonceOf(head), payload, start),
    check: (head, body) => cipher.open(nonceOf(head), body, start),
  };
}
