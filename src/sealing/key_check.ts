import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { MessageSegment } from "../backend/mod.ts";
import { KEY_CHECK } from "../backend/mod.ts";
import {
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeUtf8,
  joinBytes,
  sameBytes,
  sameSecret,
} from "../bytes/mod.ts";
import { CorruptError, IncompatibleError, SealedError } from "../errors/mod.ts";
import { arePassphraseParameters, type PassphraseParameters } from "./passphrase.ts";
import type { RootKey } from "./root_key.ts";

/** Version of the form of a key check. */
const VERSION = 1;

/** Bytes of the checksum, by which damage is told from a wrong key. */
const CHECKSUM_BYTES = 8;

const MAC_BYTES = 32;

const BODY_AT = 1 + CHECKSUM_BYTES;
const TEXT_AT = BODY_AT + MAC_BYTES;

/** One key of an account. */
export interface KeyEntry {
  readonly name: string;
  /** Id of the root key, hexadecimal. */
  readonly id: string;
  /** Of a passphrase. */
  readonly parameters: PassphraseParameters | undefined;
}

/** What the key-check row of a sealed account says. */
export interface KeyCheck {
  /** The name of the account to which its values are bound. */
  readonly account: string;
  /** Whether values that are not sealed may be there: the first rotation is not over. */
  readonly isMixed: boolean;
  /** Whether the database may still have what was stored before the account was sealed, in free pages. */
  readonly isUnscrubbed: boolean;
  /** The keys of the account's values. The first one seals. */
  readonly keys: readonly [KeyEntry, ...KeyEntry[]];
}

/** The row that stores a key check. */
export function keyCheckRow(check: KeyCheck, sealing: RootKey): MessageSegment {
  const text = encodeUtf8(
    JSON.stringify({
      account: check.account,
      mixed: check.isMixed,
      unscrubbed: check.isUnscrubbed,
      keys: check.keys.map(({ name, id, parameters }) => ({
        name,
        id,
        ...(parameters && { salt: encodeBase64(parameters.salt), cost: parameters.cost }),
      })),
    }),
  );
  const body = joinBytes([hmac(sha256, sealing.checkKey, text), text]);
  const head = joinBytes([Uint8Array.of(VERSION), checksumOf(VERSION, body), body]);
  // It never expires. The payload is empty, since a payload would be sealed.
  return { ...KEY_CHECK, expiresAt: Number.MAX_SAFE_INTEGER, head, payload: new Uint8Array(0) };
}

/**
 * Reads a key-check row.
 *
 * @throws {CorruptError} When it is damaged.
 * @throws {IncompatibleError} When a newer release has written it.
 */
export function readKeyCheck({ head }: MessageSegment): KeyCheck {
  if (head.length > TEXT_AT && head[0] !== VERSION && isWhole(head)) {
    throw new IncompatibleError("open account: a newer release has sealed the account");
  }
  const check = head[0] === VERSION && isWhole(head) ? parsed(head.subarray(TEXT_AT)) : undefined;
  if (check === undefined) throw new CorruptError("open account: the key check is damaged");
  return check;
}

/** @throws {SealedError} When the key is not the one that has sealed. */
export function requireAuthentic({ head }: MessageSegment, sealing: RootKey): void {
  const mac = hmac(sha256, sealing.checkKey, head.subarray(TEXT_AT));
  if (!sameSecret(mac, head.subarray(BODY_AT, TEXT_AT))) {
    throw new SealedError("open account: the key is not the one with which the account is sealed");
  }
}

function checksumOf(version: number, body: Uint8Array): Uint8Array {
  return sha256(joinBytes([Uint8Array.of(version), body])).subarray(0, CHECKSUM_BYTES);
}

function isWhole(head: Uint8Array): boolean {
  return sameBytes(checksumOf(head[0] as number, head.subarray(BODY_AT)), head.subarray(1, BODY_AT));
}

function parsed(bytes: Uint8Array): KeyCheck | undefined {
  try {
    const { account, mixed, unscrubbed, keys } = JSON.parse(decodeUtf8(bytes) ?? "") as Stored;
    const entries = keys.map(({ name, id, salt, cost }): KeyEntry => {
      const parameters =
        salt === undefined
          ? undefined
          : { salt: decodeBase64(salt) ?? new Uint8Array(0), cost: Number(cost) };
      if (parameters !== undefined && !arePassphraseParameters(parameters)) throw new RangeError();
      return { name: String(name), id: String(id), parameters };
    });
    const [first, ...others] = entries;
    if (first === undefined) return undefined;
    return {
      account: String(account),
      isMixed: mixed === true,
      isUnscrubbed: unscrubbed === true,
      keys: [first, ...others],
    };
  } catch {
    return undefined;
  }
}

interface Stored {
  readonly account: string;
  readonly mixed: boolean;
  readonly unscrubbed: boolean;
  readonly keys: readonly {
    readonly name: string;
    readonly id: string;
    readonly salt?: string;
    readonly cost?: number;
  }[];
}
