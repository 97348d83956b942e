import { encodeUtf8, hexOf } from "../bytes/mod.ts";
import { requireFunction, requireType } from "../errors/mod.ts";
import { digest, type Random } from "../ports/mod.ts";

/** The form of a token: `hf_<id>_<secret>`. Scanners for leaked secrets recognise the prefix. */
const TOKEN = /^hf_([0-9a-f]{16})_[0-9a-f]{64}$/;

const ID_BYTES = 8;
const SECRET_BYTES = 32;

/**
 * Minimum length of an admin token that a host chooses, in characters: 32 hexadecimal digits hold 128 bits.
 */
export const MIN_TOKEN_LENGTH = 32;

/** A new token. Only its hash is stored, so it can be shown only once. */
export interface FreshToken {
  /** The whole token: `hf_<id>_<secret>`. */
  readonly token: string;
  /** Its id, 16 hexadecimal digits, which is not secret. */
  readonly id: string;
  /** SHA-256 of `token`. */
  readonly hash: Uint8Array;
}

/** Creates a token of 256 random bits. */
export async function makeToken(random: Random): Promise<FreshToken> {
  requireFunction("random.bytes", random?.bytes);
  const id = hexOf(random.bytes(ID_BYTES));
  const token = `hf_${id}_${hexOf(random.bytes(SECRET_BYTES))}`;
  return { token, id, hash: await hashToken(token) };
}

/** Returns the id of a token, or `undefined` if it does not have the form of one. */
export function tokenId(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/**
 * Returns the SHA-256 of a token. A slow hash protects passwords that people choose. A token has 256 random
 * bits, which cannot be guessed however fast the hash is.
 */
export async function hashToken(token: string): Promise<Uint8Array> {
  requireType("token", token, "string");
  return await digest("SHA-256", encodeUtf8(token));
}
