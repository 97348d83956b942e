import { isBytes, sameSecret } from "../bytes/mod.ts";
import { requirePassphrase, scrypt } from "../passphrase/mod.ts";
import type { Random } from "../ports/mod.ts";
import type { SealParameters } from "./preamble.ts";
import { PassphraseError, TransferFileError } from "./transfer_error.ts";

/**
 * Cost of deriving a key: N = 2^15, r = 8, p = 3. It takes 32 MiB, and by OWASP's cheat sheet is as strong as
 * N = 2^17 with p = 1, which takes 128 MiB: the whole memory of a Worker.
 */
const LOG_N = 15;
const R = 8;
const P = 3;

/** Greatest cost that is accepted of a file: 256 MiB. */
const MAX_LOG_N = 18;
const MAX_P = 16;

/** Least cost that is accepted: a weaker file was not written by a release. */
const MIN_LOG_N = 10;

const SALT_BYTES = 16;
const KEY_BYTES = 32;
const CHECK_BYTES = 16;

/** A key of one file, and what the file says about it. */
export interface SealKey {
  readonly key: Uint8Array;
  readonly seal: SealParameters;
}

/**
 * Makes the key of a new file.
 *
 * @throws {TypeError} When the passphrase is no text of 8 to 1,024 characters.
 */
export async function newSealKey(passphrase: string, random: Random, logN: number = LOG_N): Promise<SealKey> {
  requirePassphrase("passphrase", passphrase);
  const cost = { kdf: "scrypt", logN, r: R, p: P, salt: random.bytes(SALT_BYTES) } as const;
  const { key, check } = await derive(passphrase, cost);
  return { key, seal: { ...cost, check } };
}

/**
 * Derives the key of a file that is read.
 *
 * @throws {PassphraseError} When the passphrase is another one.
 * @throws {TransferFileError} When the parameters are out of bounds.
 */
export async function sealKeyOf(passphrase: string, seal: SealParameters): Promise<Uint8Array> {
  requirePassphrase("passphrase", passphrase);
  const { kdf, logN, r, p, salt, check } = seal;
  const isWithin =
    kdf === "scrypt" &&
    isIntegerWithin(logN, MIN_LOG_N, MAX_LOG_N) &&
    r === R &&
    isIntegerWithin(p, 1, MAX_P) &&
    isBytes(salt) &&
    salt.length === SALT_BYTES &&
    isBytes(check) &&
    check.length === CHECK_BYTES;
  if (!isWithin)
    throw new TransferFileError("malformed", "the parameters of its passphrase are out of bounds");
  const derived = await derive(passphrase, seal);
  if (sameSecret(derived.check, check)) return derived.key;
  throw new PassphraseError("read transfer file: the passphrase is another one");
}

async function derive(
  passphrase: string,
  { logN, r, p, salt }: Omit<SealParameters, "check">,
): Promise<{ readonly key: Uint8Array; readonly check: Uint8Array }> {
  const bytes = await scrypt(passphrase, salt, { N: 2 ** logN, r, p, dkLen: KEY_BYTES + CHECK_BYTES });
  return { key: bytes.slice(0, KEY_BYTES), check: bytes.slice(KEY_BYTES) };
}

function isIntegerWithin(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
