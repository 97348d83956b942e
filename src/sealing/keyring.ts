import { hexOf, isBytes } from "../bytes/mod.ts";
import {
  ArgumentRangeError,
  ArgumentTypeError,
  BackendError,
  requireObject,
  SealedError,
} from "../errors/mod.ts";
import { requirePassphrase } from "../passphrase/mod.ts";
import type { Random } from "../ports/mod.ts";
import {
  MAX_COST,
  PASSPHRASE_COST,
  type PassphraseParameters,
  passphraseKey,
  SALT_BYTES,
} from "./passphrase.ts";
import { type RootKey, rootKeyOf } from "./root_key.ts";
import { KEY_BYTES } from "./sealer.ts";

/**
 * A key: its 32 bytes, a passphrase, or a function that fetches the 32 bytes by the key's name, for example
 * from a key management service. A function is called once for each keyring.
 *
 * A passphrase has 8 to 1,024 characters. Its `cost` is the base-2 logarithm of scrypt's N, 1 … 20. Defaults to 17, which takes 128 MiB.
 */
export type KeySource =
  | Uint8Array
  | { readonly passphrase: string; readonly cost?: number | undefined }
  | ((name: string) => Uint8Array | Promise<Uint8Array>);

/** Derived root keys in memory. Each account that was sealed in another process has a salt of its own. */
const MAX_ROOT_KEYS = 256;

/** Longest name of a key, in characters. */
const MAX_KEY_NAME = 64;

/** The keys of an application, by name. */
export class Keyring {
  readonly #sources: ReadonlyMap<string, KeySource>;
  /** Name of the key that seals. */
  readonly current: string;
  readonly #random: Random;
  readonly #roots = new Map<string, Promise<RootKey>>();
  /** The parameters of passphrases for accounts that are sealed from now on. */
  readonly #fresh = new Map<string, PassphraseParameters>();

  /** @throws {TypeError | RangeError} When a key is malformed. The message names the key. */
  constructor(keys: Readonly<Record<string, KeySource>>, current: string | undefined, random: Random) {
    requireObject("seal: keys", keys);
    const names = Object.keys(keys);
    this.#sources = new Map(names.map((name) => [name, copied(name, keys[name])]));
    this.current = current ?? (names.length === 1 ? (names[0] as string) : "");
    if (!this.#sources.has(this.current)) {
      throw new ArgumentTypeError("seal: current is not the name of one of the keys");
    }
    this.#random = random;
  }

  has(name: string): boolean {
    return this.#sources.has(name);
  }

  /** Whether the key of a name comes from a passphrase. */
  isPassphrase(name: string): boolean {
    const source = this.#sources.get(name);
    return typeof source === "object" && !isBytes(source);
  }

  /** The parameters under which a passphrase becomes a key for a new account. `undefined` for other keys. */
  freshParameters(name: string): PassphraseParameters | undefined {
    const source = this.#sources.get(name);
    if (typeof source !== "object" || isBytes(source)) return undefined;
    let fresh = this.#fresh.get(name);
    if (fresh === undefined) {
      fresh = { salt: this.#random.bytes(SALT_BYTES), cost: source.cost ?? PASSPHRASE_COST };
      this.#fresh.set(name, fresh);
    }
    return fresh;
  }

  /**
   * The root key of a name.
   *
   * @param parameters Those of a passphrase.
   * @throws {SealedError} When the ring has no such key, or one of another sort.
   * @throws {BackendError} When the function of the key fails.
   */
  async root(name: string, parameters: PassphraseParameters | undefined): Promise<RootKey> {
    const source = this.#sources.get(name);
    const isDerived = typeof source === "object" && !isBytes(source);
    if (source === undefined || isDerived !== (parameters !== undefined)) {
      throw new SealedError(
        `open account: the account is sealed with the key ${JSON.stringify(name)}, which is not there`,
      );
    }
    const slot = parameters === undefined ? name : `${name}\0${hexOf(parameters.salt)}\0${parameters.cost}`;
    let root = this.#roots.get(slot);
    if (root === undefined) {
      root = rootOf(name, source, parameters);
      this.#roots.set(slot, root);
      root.catch(() => this.#roots.delete(slot));
      const [oldest] = this.#roots.keys();
      if (this.#roots.size > MAX_ROOT_KEYS && oldest !== undefined) this.#roots.delete(oldest);
    }
    return await root;
  }
}

/** Checks a source, and copies its bytes, which stay the caller's. */
function copied(name: string, source: KeySource | undefined): KeySource {
  if (name === "" || name.length > MAX_KEY_NAME) {
    throw new ArgumentRangeError(`seal: a name of a key is not 1 to ${MAX_KEY_NAME} characters long`);
  }
  const what = `seal: key ${JSON.stringify(name)}`;
  if (isBytes(source)) return requireKey(what, source).slice();
  if (typeof source === "function") return source;
  requireObject(what, source);
  const { passphrase, cost } = source as Exclude<KeySource, Uint8Array | ((name: string) => unknown)>;
  requirePassphrase(`${what}: passphrase`, passphrase);
  if (cost !== undefined && !(Number.isInteger(cost) && cost >= 1 && cost <= MAX_COST)) {
    throw new ArgumentRangeError(`${what}: cost is not an integer from 1 to ${MAX_COST}`);
  }
  return { passphrase, cost };
}

async function rootOf(
  name: string,
  source: KeySource,
  parameters: PassphraseParameters | undefined,
): Promise<RootKey> {
  if (isBytes(source)) return rootKeyOf(source);
  if (typeof source !== "function") {
    return rootKeyOf(await passphraseKey(source.passphrase, parameters as PassphraseParameters));
  }
  const what = `seal: key ${JSON.stringify(name)}`;
  let bytes: Uint8Array;
  try {
    bytes = await source(name);
  } catch (cause) {
    throw new BackendError(`${what}: its function failed`, { cause });
  }
  if (!isBytes(bytes)) throw new ArgumentTypeError(`${what} is not a Uint8Array`);
  return rootKeyOf(requireKey(what, bytes).slice());
}

function requireKey(what: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === KEY_BYTES) return bytes;
  throw new ArgumentRangeError(`${what} is ${bytes.length} bytes, expected ${KEY_BYTES}`);
}
