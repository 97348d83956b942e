import { decodeBase64, encodeBase64 } from "../bytes/mod.ts";
import type { CacheStore } from "./cache_store.ts";
import { type KeyValueCacheStoreOptions, keyValueCacheStore } from "./key_value_cache_store.ts";

/** The used methods of a client of the package `redis` (node-redis 4 and later). */
export interface NodeRedisLike {
  /** `GET`: the text of a key, or `null`. */
  get(key: string): Promise<unknown>;
  /** `SET` without an expiry. */
  set(key: string, value: string): Promise<unknown>;
  /** `PSETEX`: sets a text that expires after `ttlMs` milliseconds. */
  pSetEx(key: string, ttlMs: number, value: string): Promise<unknown>;
  /** `DEL` of one key. */
  del(key: string): Promise<unknown>;
}

/** The used methods of a client of the package `ioredis`. */
export interface IoRedisLike {
  /** `GET`: the text of a key, or `null`. */
  get(key: string): Promise<unknown>;
  /** `SET` without an expiry. */
  set(key: string, value: string): Promise<unknown>;
  /** `PSETEX`: sets a text that expires after `ttlMs` milliseconds. */
  psetex(key: string, ttlMs: number, value: string): Promise<unknown>;
  /** `DEL` of one key. */
  del(key: string): Promise<unknown>;
}

/**
 * A `CacheStore` over Redis or a compatible server. The caller connects and closes the client and handles its
 * errors. Keys are `{prefix}{namespace}:{key}`; values are base64 text, because clients differ in how they
 * pass bytes. Every command has one key, so a cluster works. No command scans keys: see
 * {@link keyValueCacheStore} for `clear`.
 *
 * @example
 * ```ts
 * import { redisCacheStore } from "@holdfast/store/cache";
 *
 * const data = new Map<string, string>(); // In place of `createClient()` of "redis".
 * const client = {
 *   get: async (key: string) => data.get(key) ?? null,
 *   set: async (key: string, value: string) => data.set(key, value),
 *   pSetEx: async (key: string, _ttlMs: number, value: string) => data.set(key, value),
 *   del: async (key: string) => data.delete(key),
 * };
 * const store = redisCacheStore(client, { prefix: "bot-1:" });
 * await store.set("group", "1@g.us", new Uint8Array([1]), 60_000);
 * if (!data.has("bot-1:group:1@g.us")) throw new Error("not where it was expected");
 * ```
 */
export function redisCacheStore(
  client: NodeRedisLike | IoRedisLike,
  options: KeyValueCacheStoreOptions = {},
): CacheStore {
  return keyValueCacheStore(
    {
      async get(key: string): Promise<Uint8Array | undefined> {
        const value = await client.get(key);
        return typeof value === "string" ? decodeBase64(value) : undefined;
      },
      async set(key: string, bytes: Uint8Array, ttlMs: number | undefined): Promise<void> {
        const value = encodeBase64(bytes);
        if (ttlMs === undefined) await client.set(key, value);
        else if ("pSetEx" in client) await client.pSetEx(key, Math.ceil(ttlMs), value);
        else await client.psetex(key, Math.ceil(ttlMs), value);
      },
      async delete(key: string): Promise<void> {
        await client.del(key);
      },
    },
    options,
  );
}
