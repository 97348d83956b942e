import { scryptAsync } from "@noble/hashes/scrypt.js";
import { encodeUtf8 } from "../bytes/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";
import { builtinModule } from "../ports/mod.ts";

/** Shortest passphrase, in characters. */
const MIN_LENGTH = 8;

/** Longest passphrase, in characters. */
const MAX_LENGTH = 1_024;

/** Memory that scrypt may take beside that of its parameters, in bytes. */
const SPARE_BYTES = 65_536;

/** Parameters of scrypt (RFC 7914). */
export interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  /** Bytes of the result. */
  readonly dkLen: number;
}

/** The `scrypt` of `node:crypto`. */
type HostScrypt = (
  password: Uint8Array,
  salt: Uint8Array,
  bytes: number,
  parameters: { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number },
  done: (error: unknown, key: Uint8Array) => void,
) => void;

/** The host's scrypt; `undefined` if it has none. */
function hostScrypt(): HostScrypt | undefined {
  const crypto = builtinModule<{ readonly scrypt?: unknown }>("node:crypto");
  return typeof crypto?.scrypt === "function" ? (crypto.scrypt as HostScrypt) : undefined;
}

/** @throws {TypeError} When a passphrase is no text of 8 to 1,024 characters. */
export function requirePassphrase(what: string, passphrase: unknown): void {
  const isPassphrase =
    typeof passphrase === "string" && passphrase.length >= MIN_LENGTH && passphrase.length <= MAX_LENGTH;
  if (isPassphrase) return;
  throw new ArgumentTypeError(`${what}: no text of ${MIN_LENGTH} to ${MAX_LENGTH} characters`);
}

/**
 * Derives bytes from a passphrase, of different spellings of one text the same ones. By `node:crypto` where
 * the host has it, which blocks no event loop: in JavaScript it takes seconds in a Worker.
 */
export async function scrypt(
  passphrase: string,
  salt: Uint8Array,
  { N, r, p, dkLen }: ScryptParameters,
): Promise<Uint8Array> {
  const password = encodeUtf8(passphrase.normalize("NFKC"));
  const maxmem = 128 * r * (N + p) + SPARE_BYTES;
  const native = hostScrypt();
  if (native === undefined) return await scryptAsync(password, salt, { N, r, p, dkLen, maxmem });
  return await new Promise((resolve, reject) => {
    native(password, salt, dkLen, { N, r, p, maxmem }, (error, key) => {
      if (error === null || error === undefined) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}
