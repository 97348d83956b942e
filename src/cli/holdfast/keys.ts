import type { Sealing } from "../../backend/mod.ts";
import { decodeBase64, isBytes } from "../../bytes/mod.ts";
import { type KeySource, sealing } from "../../sealing/mod.ts";
import { CommandError } from "./command_error.ts";
import type { Terminal } from "./terminal.ts";

/** How keys are written, for help texts. */
export const KEYS_HELP = `Sealed accounts (docs/design/sealing.md) need their keys:
  HOLDFAST_KEYS            name=key, several separated by commas, or {"name": "key"} where a
                           passphrase has a comma; a key is 32 bytes in base64 or hexadecimal, or
                           passphrase:words (8 characters or more)
  HOLDFAST_KEY             the name of the one that seals, where there are several`;

/** Bytes of a key. */
const KEY_BYTES = 32;

/**
 * The keys of `HOLDFAST_KEYS`; `undefined` where it is not set.
 *
 * @param sealExisting Whether an account that is not sealed may be opened with them.
 * @throws {CommandError} When they are malformed. The message repeats no key.
 */
export function sealingOf(env: Terminal["env"], sealExisting: boolean): Sealing | undefined {
  const text = env.HOLDFAST_KEYS;
  if (!text) return undefined;
  const keys: Record<string, KeySource> = {};
  for (const [index, [name, value]] of (pairsOf(text) ?? []).entries()) keys[name] = keyOf(index + 1, value);
  if (Object.keys(keys).length === 0)
    throw new CommandError(
      "usage",
      'read keys: HOLDFAST_KEYS is neither name=key, name=key nor {"name": "key"}',
      KEYS_HELP,
    );
  return sealing({ keys, current: env.HOLDFAST_KEY || undefined, sealExisting });
}

/** Names and keys; `undefined` when they are not written as they should be. */
function pairsOf(text: string): (readonly [name: string, key: string])[] | undefined {
  if (text.trimStart().startsWith("{")) return pairsOfJson(text);
  const pairs = text.split(",").map((part) => {
    const at = part.indexOf("=");
    return at < 1 ? (["", ""] as const) : ([part.slice(0, at).trim(), part.slice(at + 1).trim()] as const);
  });
  return pairs.every(([name, value]) => name !== "" && value !== "") ? pairs : undefined;
}

/** An object of names and keys, in which a passphrase may have any character. */
function pairsOfJson(text: string): (readonly [name: string, key: string])[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const pairs = Object.entries(parsed as object);
  return pairs.every((pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== "")
    ? pairs
    : undefined;
}

/** The name of the key that seals; the first one where none is named. */
export function currentKeyName({ HOLDFAST_KEY, HOLDFAST_KEYS = "" }: Terminal["env"]): string | undefined {
  return HOLDFAST_KEY || pairsOf(HOLDFAST_KEYS)?.[0]?.[0];
}

/** @param position Of the key, since a key that was written without a name stands where a name belongs. */
function keyOf(position: number, value: string): KeySource {
  if (value.startsWith("passphrase:")) return { passphrase: value.slice("passphrase:".length) };
  const bytes = /^[0-9a-fA-F]{64}$/.test(value)
    ? Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    : decodeBase64(value);
  if (isBytes(bytes) && bytes.length === KEY_BYTES) return bytes;
  throw new CommandError(
    "usage",
    `read keys: key ${position} of HOLDFAST_KEYS is not ${KEY_BYTES} bytes in base64 or hexadecimal`,
    "A passphrase is written as name=passphrase:words.",
  );
}
