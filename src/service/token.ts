import { hexOf } from "../bytes/mod.ts";
import { digest, type Random } from "../ports/mod.ts";

/** What a token looks like: `hf_<id>_<secret>`. Scanners for leaked secrets know it by its beginning. */
const TOKEN = /^hf_([0-9a-f]{16})_[0-9a-f]{64}$/;

const ID_BYTES = 8;
const SECRET_BYTES = 32;

/** Least characters of a token that somebody makes up: 32 hexadecimal digits hold 128 bits. */
export const MIN_TOKEN_LENGTH = 32;

/** A token that was made just now. It is shown once. */
export interface FreshToken {
  readonly token: string;
  readonly id: string;
  /** SHA-256 of `token`. */
  readonly hash: Uint8Array;
}

/** Makes a token of 256 random bits. */
export async function makeToken(random: Random): Promise<FreshToken> {
  const id = hexOf(random.bytes(ID_BYTES));
  const token = `hf_${id}_${hexOf(random.bytes(SECRET_BYTES))}`;
  return { token, id, hash: await hashToken(token) };
}

/** The id in a token, `undefined` when it is none of ours. */
export function tokenId(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/**
 * SHA-256 of a token. A slow hash would protect what people choose; 256 random bits cannot be guessed however fast the hash.
 */
export async function hashToken(token: string): Promise<Uint8Array> {
  return await digest("SHA-256", new TextEncoder().encode(token));
}

/** Whether two hashes are equal, in a time that does not depend on where they differ. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}
