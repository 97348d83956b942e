import { describe, expect, test } from "vitest";
import { ColdLoads } from "./cold_loads.ts";

/** A store whose reads are answered by the test. */
function pendingStore() {
  const cached = new Map<string, string | undefined>();
  const reads: { readonly keys: readonly string[]; answer(): void; fail(error: Error): void }[] = [];
  const loads = new ColdLoads<string>({
    has: (key) => cached.has(key),
    read: (keys) =>
      new Promise((resolve, reject) => {
        const version = reads.length + 1;
        reads.push({ keys, answer: () => resolve(keys.map((key) => `${key}${version}`)), fail: reject });
      }),
    install: (key, row) => {
      if (key === "refused") throw new Error("not installed");
      cached.set(key, row);
    },
  });
  const read = (index: number) => reads[index] ?? expect.fail(`read ${index} did not begin`);
  return { cached, loads, read, reads };
}

async function turn(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await Promise.resolve();
}

describe("ColdLoads.whenAllLoaded", () => {
  test("takes keys of the cache at once, and reads each other key once", async () => {
    const { cached, loads, read, reads } = pendingStore();
    cached.set("a", "a0");
    const keys = ["b", "a", "c", "b"];
    const taken: number[] = [];
    const all = loads.whenAllLoaded(keys, (index) => {
      taken.push(index);
      return cached.get(keys[index] as string);
    });
    expect(taken).toEqual([1]);
    const one = loads.whenLoaded("c", () => cached.get("c"));
    expect(reads.map((begun) => begun.keys)).toEqual([["b", "c"]]);
    read(0).answer();
    expect(await all).toEqual(["b1", "a0", "c1", "b1"]);
    expect(await one).toBe("c1");
    expect(await loads.whenAllLoaded([], () => "none")).toEqual([]);
  });

  test("a section that throws for a key of the cache rejects, and holds up no read", async () => {
    const { cached, loads, read } = pendingStore();
    cached.set("a", "a0");
    const all = loads.whenAllLoaded(["a", "b"], (index) => {
      if (index === 0) throw new Error("section");
      return index;
    });
    const other = loads.whenLoaded("b", () => cached.get("b"));
    await expect(all).rejects.toThrow("section");
    read(0).answer();
    expect(await other).toBe("b1");
  });

  test("reads a key that its section has removed", async () => {
    const { cached, loads, read } = pendingStore();
    cached.set("a", "damaged");
    const all = loads.whenAllLoaded(["a"], () => {
      if (cached.get("a") !== "damaged") return cached.get("a");
      cached.delete("a");
      throw new Error("damaged");
    });
    read(0).answer();
    expect(await all).toEqual(["a1"]);
  });

  test("a failed read rejects its callers, and the next one reads again", async () => {
    const { cached, loads, read } = pendingStore();
    const calls = [loads.whenAllLoaded(["a", "b"], (index) => index), loads.whenLoaded("a", () => "a")];
    read(0).fail(new Error("failed"));
    for (const call of calls) await expect(call).rejects.toThrow("failed");
    const again = loads.whenLoaded("a", () => cached.get("a"));
    read(1).answer();
    expect(await again).toBe("a2");
  });

  test("a key that is not installed rejects its callers alone", async () => {
    const { cached, loads, read } = pendingStore();
    const refused = loads.whenAllLoaded(["refused", "a"], (index) => index);
    const other = loads.whenLoaded("a", () => cached.get("a"));
    read(0).answer();
    await expect(refused).rejects.toThrow("not installed");
    expect(await other).toBe("a1");
  });

  test("reads a key again that entered and left the cache during the read", async () => {
    const { cached, loads, read } = pendingStore();
    const load = loads.whenLoaded("a", () => cached.get("a"));
    loads.removed("a");
    read(0).answer();
    await turn();
    read(1).answer();
    expect(await load).toBe("a2");
  });
});
