import { requireObject } from "../errors/mod.ts";
import { type Random, systemRandom } from "../ports/mod.ts";
import type { CacheStore } from "./cache_store.ts";

/** Length of a namespace's epoch, with which each of its entries begins. */
const EPOCH_LENGTH = 8;

/**
 * Default time to live in milliseconds: a week. `clear` does not delete entries, so each entry must expire.
 */
const LONGEST_TTL_MS = 604_800_000;

/** Three operations on bytes by key, which every key-value service has. */
export interface KeyValueClient {
  /** The bytes of a key; `undefined` when there are none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Sets the bytes of a key. They expire after `ttlMs`, or never when it is `undefined`. */
  set(key: string, bytes: Uint8Array, ttlMs: number | undefined): Promise<void>;
  /** Removes a key. */
  delete(key: string): Promise<void>;
}

/** Options of the stores over key-value services. */
export interface KeyValueCacheStoreOptions {
  /**
   * Prefix of every key. Defaults to the empty string. Accounts that share a database need different
   * prefixes, such as `bot-1:`.
   */
  readonly prefix?: string | undefined;
  /** Generates epochs. Defaults to the system's randomness. */
  readonly random?: Random | undefined;
}

/**
 * A `CacheStore` over a key-value service: keys are `{prefix}{namespace}:{key}`.
 *
 * `clear` does not list keys. Each namespace has a random number, its epoch, under
 * `{prefix}{namespace}#epoch`, and each entry begins with the epoch of its write. `clear` sets another epoch
 * in one command; entries of the old epoch are no longer returned and expire. A lost epoch invalidates the
 * namespace. A read takes two concurrent commands, a write two sequential ones.
 */
export function keyValueCacheStore(
  client: KeyValueClient,
  options: KeyValueCacheStoreOptions = {},
): CacheStore {
  requireObject("create cache store: client", client);
  requireObject("create cache store: options", options);
  const { prefix = "", random = systemRandom } = options;
  const epochKey = (namespace: string) => `${prefix}${namespace}#epoch`;
  const entryKey = (namespace: string, key: string) => `${prefix}${namespace}:${key}`;
  const renew = async (namespace: string): Promise<Uint8Array> => {
    const epoch = random.bytes(EPOCH_LENGTH);
    await client.set(epochKey(namespace), epoch, undefined);
    return epoch;
  };
  return {
    async get(namespace: string, key: string): Promise<Uint8Array | undefined> {
      const [epoch, bytes] = await Promise.all([
        client.get(epochKey(namespace)),
        client.get(entryKey(namespace, key)),
      ]);
      return epoch !== undefined && bytes !== undefined && isUnder(epoch, bytes)
        ? bytes.slice(EPOCH_LENGTH)
        : undefined;
    },
    async set(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void> {
      const stored = await client.get(epochKey(namespace));
      const epoch = stored?.length === EPOCH_LENGTH ? stored : await renew(namespace);
      const entry = new Uint8Array(EPOCH_LENGTH + bytes.length);
      entry.set(epoch);
      entry.set(bytes, EPOCH_LENGTH);
      await client.set(entryKey(namespace, key), entry, ttlMs ?? LONGEST_TTL_MS);
    },
    async delete(namespace: string, key: string): Promise<void> {
      await client.delete(entryKey(namespace, key));
    },
    async clear(namespace: string): Promise<void> {
      await renew(namespace);
    },
  };
}

function isUnder(epoch: Uint8Array, entry: Uint8Array): boolean {
  return (
    epoch.length === EPOCH_LENGTH &&
    entry.length >= EPOCH_LENGTH &&
    epoch.every((byte, at) => byte === entry[at])
  );
}
