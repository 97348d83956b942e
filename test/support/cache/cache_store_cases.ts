import type { CacheStore } from "../../../src/cache/mod.ts";

/** A check of a store's contract. Independent of the test runner, since stores run on several runtimes. */
export interface CacheStoreCase {
  readonly name: string;
  /** @param open Opens the store. Two calls stand for two processes. Each case has its own namespace. */
  run(open: () => CacheStore, namespace: string): Promise<void>;
}

function expectBytes(actual: Uint8Array | undefined, expected: readonly number[] | undefined): void {
  const [found, wanted] = [actual && [...actual], expected && [...expected]];
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`found ${JSON.stringify(found)}, expected ${JSON.stringify(wanted)}`);
}

/** The contract of every `CacheStore`. */
export const cacheStoreCases: readonly CacheStoreCase[] = [
  {
    name: "returns the bytes that were set last, and nothing for other keys",
    async run(open, namespace) {
      const store = open();
      const all = Array.from({ length: 256 }, (_, byte) => byte);
      await store.set(namespace, "all", new Uint8Array(all), 600_000);
      await store.set(namespace, "none", new Uint8Array(), 600_000);
      await store.set(namespace, "twice", new Uint8Array([1]), 600_000);
      await store.set(namespace, "twice", new Uint8Array([2]));
      expectBytes(await store.get(namespace, "all"), all);
      expectBytes(await store.get(namespace, "none"), []);
      expectBytes(await store.get(namespace, "twice"), [2]);
      expectBytes(await store.get(namespace, "other"), undefined);
      expectBytes(await store.get(`${namespace}2`, "all"), undefined);
    },
  },
  {
    name: "accepts keys of any characters and keeps them apart",
    async run(open, namespace) {
      const store = open();
      const keys = ["a:b", "a", "a:b:c", "é😀", "#epoch", " ", "a\u0000b", "5511999990000@s.whatsapp.net"];
      for (const [at, key] of keys.entries()) await store.set(namespace, key, new Uint8Array([at]), 600_000);
      for (const [at, key] of keys.entries()) expectBytes(await store.get(namespace, key), [at]);
    },
  },
  {
    name: "removes a key, and ignores an absent one",
    async run(open, namespace) {
      const store = open();
      await store.set(namespace, "a", new Uint8Array([1]), 600_000);
      await store.delete(namespace, "a");
      await store.delete(namespace, "b");
      expectBytes(await store.get(namespace, "a"), undefined);
    },
  },
  {
    name: "clears one namespace at once, for other processes too",
    async run(open, namespace) {
      const [store, other] = [open(), open()];
      await store.clear(namespace);
      for (const key of ["a", "b"]) await store.set(namespace, key, new Uint8Array([1]), 600_000);
      await store.set(`${namespace}2`, "a", new Uint8Array([3]), 600_000);
      expectBytes(await other.get(namespace, "a"), [1]);
      await other.clear(namespace);
      for (const key of ["a", "b"]) expectBytes(await store.get(namespace, key), undefined);
      expectBytes(await store.get(`${namespace}2`, "a"), [3]);
      await store.set(namespace, "a", new Uint8Array([2]), 600_000);
      expectBytes(await other.get(namespace, "a"), [2]);
    },
  },
];
