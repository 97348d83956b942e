import { describe, expect, test } from "vitest";
import { FakeClock } from "../testing/mod.ts";
import { BatchedReads } from "./batched_reads.ts";
import { PortableCache } from "./portable_cache.ts";
import { TypedCache } from "./typed_cache.ts";

/** A source whose queries are answered by the test, over a cache in this process. */
function pendingReads() {
  const cache = new PortableCache<string, string>({ capacity: 100, clock: new FakeClock() });
  const queries: {
    readonly keys: readonly string[];
    readonly details: readonly number[];
    answer(): void;
    fail(error: Error): void;
  }[] = [];
  const reads = new BatchedReads<string, number>({
    cache,
    read: (keys, details) =>
      new Promise((resolve, reject) => {
        const version = queries.length + 1;
        queries.push({
          keys,
          details,
          answer: () => resolve(keys.map((key) => `${key}${version}`)),
          fail: reject,
        });
      }),
  });
  const query = (index: number) => queries[index] ?? expect.fail(`query ${index} did not begin`);
  return { cache, queries, query, reads };
}

async function turn(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await Promise.resolve();
}

describe("BatchedReads", () => {
  test("answers in the order of the keys, and reads each missing key once", async () => {
    const { cache, queries, query, reads } = pendingReads();
    cache.insert("c", "cached");
    const many = reads.getMany(["b", "c", "a", "b"], [2, 3, 1, 2]);
    const one = reads.get("a", 1);
    await turn();
    expect(query(0)).toMatchObject({ keys: ["b", "a"], details: [2, 1] });
    query(0).answer();
    expect(await many).toEqual(["b1", "cached", "a1", "b1"]);
    expect(await one).toBe("a1");
    expect(await reads.getMany(["a", "b"], [1, 2])).toEqual(["a1", "b1"]);
    expect(queries).toHaveLength(1);
  });

  test("joins a running read, and reads only the rest", async () => {
    const { query, reads } = pendingReads();
    const first = reads.getMany(["a", "b"], [1, 2]);
    await turn();
    const second = reads.getMany(["b", "c", "a"], [2, 3, 1]);
    await turn();
    expect(query(1).keys).toEqual(["c"]);
    query(1).answer();
    query(0).answer();
    expect(await second).toEqual(["b1", "c2", "a1"]);
    expect(await first).toEqual(["a1", "b1"]);
  });

  test("keeps what is written during a read", async () => {
    const { queries, query, reads } = pendingReads();
    const read = reads.getMany(["a", "b"], [1, 2]);
    await turn();
    await reads.insert("a", "written");
    query(0).answer();
    expect(await read).toEqual(["a1", "b1"]);
    expect(await reads.getMany(["a", "b"], [1, 2])).toEqual(["written", "b1"]);
    expect(queries).toHaveLength(1);
  });

  test.each([
    ["invalidate", (reads: BatchedReads<string, number>) => reads.invalidate("a")],
    ["invalidateAll", (reads: BatchedReads<string, number>) => reads.invalidateAll()],
  ])("caches no answer of a read that began before %s", async (_name, remove) => {
    const { cache, query, reads } = pendingReads();
    const before = reads.get("a", 1);
    await turn();
    await remove(reads);
    const after = reads.get("a", 1);
    await turn();
    query(1).answer();
    expect(await after).toBe("a2");
    query(0).answer();
    expect(await before).toBe("a1");
    expect(cache.get("a")).toBe("a2");
  });

  test("rejects all callers of a failed read, and reads again", async () => {
    const { cache, query, reads } = pendingReads();
    const calls = [reads.getMany(["a", "b"], [1, 2]), reads.get("a", 1)];
    await turn();
    query(0).fail(new Error("failed"));
    for (const call of calls) await expect(call).rejects.toThrow("failed");
    expect(cache.get("a")).toBeUndefined();
    const again = reads.get("a", 1);
    await turn();
    query(1).answer();
    expect(await again).toBe("a2");
  });

  test("leaves no failure without a handler where a call waits for several reads", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const { query, reads } = pendingReads();
      const first = reads.get("a", 1);
      await turn();
      const both = reads.getMany(["a", "b"], [1, 2]);
      await turn();
      query(0).fail(new Error("first"));
      query(1).fail(new Error("second"));
      await expect(first).rejects.toThrow("first");
      await expect(both).rejects.toThrow("first");
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  test("peeks without a read", async () => {
    const { cache, queries, reads } = pendingReads();
    cache.insert("a", "cached");
    expect([reads.peek("a"), reads.peek("b")]).toEqual(["cached", undefined]);
    await turn();
    expect(queries).toEqual([]);
  });

  test("reads the missing keys of a cache with promises in one query", async () => {
    const inner = TypedCache.inProcess<string, string>({ capacity: 100, clock: new FakeClock() });
    const queries: (readonly string[])[] = [];
    const reads = new BatchedReads<string, number>({
      cache: {
        isInProcess: false,
        get: async (key) => inner.get(key),
        getWith: (key, load) => inner.getWith(key, load),
        insert: (key, value) => inner.insert(key, value),
        invalidate: (key) => inner.invalidate(key),
        invalidateAll: () => inner.invalidateAll(),
      },
      read: async (keys, details) => {
        queries.push(keys);
        return keys.map((key, index) => `${key}${details[index]}`);
      },
    });
    await reads.insert("c", "cached");
    expect(await reads.getMany(["a", "c", "b", "a"], [1, 3, 2, 1])).toEqual(["a1", "cached", "b2", "a1"]);
    expect(await reads.get("b", 2)).toBe("b2");
    expect(reads.peek("b")).toBeUndefined();
    expect(queries).toEqual([["a", "b"]]);
  });
});
