import { type Random, systemRandom } from "../ports/mod.ts";
import type { CacheStore } from "./cache_store.ts";

/** Bytes of a namespace's epoch, at the head of each of its entries. */
const EPOCH_LENGTH = 8;

/**
 * Default time to live in milliseconds: a week. Cleared entries are not listed, so each entry must expire.
 */
const LONGEST_TTL_MS = 604_800_000;

/** Three operations on bytes by key: what any key-value service has. */
export interface KeyValueClient {
  /** The bytes of a key, `undefined` when there are none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Sets them, to go after `ttlMs`, or to stay when it is not given. */
  set(key: string, bytes: Uint8Array, ttlMs: number | undefined): Promise<void>;
  /** Removes a key. */
  delete(key: string): Promise<void>;
}

/** Options of the stores over key-value services. */
export interface KeyValueCacheStoreOptions {
  /**
   * Prefix of every key. Defaults to the empty string. Accounts that share a database need one each, such as
   * `bot-1:`.
   */
  readonly prefix?: string | undefined;
  /** Draws the numbers of epochs. Defaults to the system's randomness. */
  readonly random?: Random | undefined;
}

/**
 * A `CacheStore` over a key-value service: keys are `{prefix}{namespace}:{key}`.
 *
 * `clear` lists nothing. Each namespace has a random number, its epoch, under `{prefix}{namespace}#epoch`,
 * and each entry begins with the one that it was written under. Clearing sets another number, one command
 * whatever the size, and what is under the old one is no longer given out and goes with its time to live. A
 * lost number voids the namespace. A read is two commands at once, a write two in a row.
 */
export function keyValueCacheStore(
  client: KeyValueClient,
  options: KeyValueCacheStoreOptions = {},
): CacheStore {
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
