import { encodeUtf8, hexOf } from "../bytes/mod.ts";
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
  return await digest("SHA-256", encodeUtf8(token));
}
