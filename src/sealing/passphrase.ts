import { scrypt } from "../passphrase/mod.ts";
import { KEY_BYTES } from "./sealer.ts";

/** Bytes of the salt of a passphrase. */
export const SALT_BYTES = 16;

/** Cost of a passphrase, as a power of two: 2^17 blocks of 1 KiB, which OWASP recommends. */
export const PASSPHRASE_COST = 17;

/** Greatest cost that an option or a stored key check may ask for: 1 GiB. */
export const MAX_COST = 20;

/** The parameters of scrypt (RFC 7914) by which a passphrase became a key. Its r is 8, its p 1. */
export interface PassphraseParameters {
  readonly salt: Uint8Array;
  /** Base-2 logarithm of N. */
  readonly cost: number;
}

/** Derives the key of a passphrase. It takes about a second and 128 MiB at the default cost. */
export async function passphraseKey(
  passphrase: string,
  { salt, cost }: PassphraseParameters,
): Promise<Uint8Array> {
  return await scrypt(passphrase, salt, { N: 2 ** cost, r: 8, p: 1, dkLen: KEY_BYTES });
}

/** Whether stored parameters are in range. */
export function arePassphraseParameters({ salt, cost }: PassphraseParameters): boolean {
  return salt.length === SALT_BYTES && Number.isInteger(cost) && cost >= 1 && cost <= MAX_COST;
}
