import { describe, expect, test } from "vitest";
import { type Ending, ScriptedStore } from "../../test/support/cache/cache_store.ts";
import { fakeHost } from "../testing/mod.ts";
import { type CacheCodec, jsonCacheCodec, TypedCache } from "./mod.ts";

interface Group {
  readonly subject: string;
}

async function drained(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}

function world(store: ScriptedStore = new ScriptedStore()) {
  const host = fakeHost();
  const open = (settings: { seed?: number; ttlMs?: number; codec?: CacheCodec<Group> } = {}) => {
    const { seed = 1, ...rest } = settings;
    const own = fakeHost({ seed });
    return TypedCache.overStore<string, Group>({
      store,
      namespace: "group",
      host: { ...host, random: own.random },
      taskPrefix: `${seed}:`,
      ...rest,
    });
  };
  return { host, store, open };
}

describe("TypedCache", () => {
  test("shares values in process and returns them without a promise", async () => {
    const { host } = world();
    const cache = TypedCache.inProcess<string, Group>({ clock: host.clock, capacity: 2, ttlMs: 100 });
    const value = { subject: "a" };
    expect(cache.insert("a", value)).toBeUndefined();
    expect(cache.get("a")).toBe(value);
    expect(await cache.getWith("b", async () => value)).toBe(value);
    expect(cache.entryCount()).toBe(2);
    cache.invalidate("a");
    expect(cache.get("a")).toBeUndefined();
    cache.invalidateAll();
    expect(cache.entryCount()).toBe(0);
    cache.insert("a", value);
    expect(await cache.clear()).toBe(true);
    expect(cache.get("a")).toBeUndefined();
    cache.close();
    expect(cache.isInProcess).toBe(true);
  });

  test("writes values with a time to live that other processes read", async () => {
    const { store, open, host } = world();
    const cache = open({ ttlMs: 60_000 });
    await cache.insert("1@g.us", { subject: "Family" });
    expect(store.ttls.get("group:1@g.us")).toBe(60_000);
    expect(await open({ seed: 2, ttlMs: 60_000 }).get("1@g.us")).toEqual({ subject: "Family" });
    expect(await cache.entryCount()).toBe(1);
    expect(cache.isInProcess).toBe(false);
    expect(host.logger.entries).toEqual([]);
  });

  test("expires entries that the store keeps too long", async () => {
    const { open, host } = world();
    const cache = open({ ttlMs: 1_000 });
    await cache.insert("a", { subject: "a" });
    host.clock.advance(999);
    expect(await cache.get("a")).toEqual({ subject: "a" });
    host.clock.advance(1);
    expect(await cache.get("a")).toBeUndefined();
  });

  for (const ending of ["torn", "foreign", "nonsense", "refused"] as const satisfies Ending[]) {
    test(`misses and warns without a key when a read is ${ending}`, async () => {
      const { store, open, host } = world();
      const cache = open();
      await cache.insert("5511999990000", { subject: "a" });
      await cache.insert("5511999990001", { subject: "b" });
      store.isProper = false;
      const reading = cache.get("5511999990000");
      await drained();
      store.end(0, ending);
      expect(await reading).toBeUndefined();
      expect(host.logger.messages("warn")).toEqual(["cache store: read failed"]);
      expect(host.logger.text).not.toContain("55119");
      store.behave();
      expect(await cache.get("5511999990000")).toEqual({ subject: "a" });
    });
  }

  test("detects each damaged byte", async () => {
    const { store, open } = world();
    const cache = open();
    await cache.insert("a", { subject: "some subject" });
    const whole = store.entries.get("group:a") as Uint8Array;
    for (let at = 0; at < whole.length; at++) {
      const damaged = whole.slice();
      damaged[at] = (damaged[at] as number) ^ 0x10;
      store.entries.set("group:a", damaged);
      expect(await cache.get("a")).toBeUndefined();
    }
    store.entries.set("group:a", whole);
    expect(await cache.get("a")).toEqual({ subject: "some subject" });
  });

  test("rejects the bytes of another key", async () => {
    const { store, open } = world();
    const cache = open();
    await cache.insert("a", { subject: "a" });
    store.entries.set("group:b", store.entries.get("group:a") as Uint8Array);
    expect(await cache.get("b")).toBeUndefined();
  });

  test("gives up at the deadline and pauses calls to the store", async () => {
    const { store, open, host } = world();
    const cache = open();
    await cache.insert("a", { subject: "a" });
    store.isProper = false;
    const reading = cache.get("a");
    await drained();
    expect(store.calls).toHaveLength(1);
    await host.scheduler.advance(1_000);
    expect(await reading).toBeUndefined();
    expect(await cache.get("a")).toBeUndefined();
    expect(store.calls).toHaveLength(1);
    store.behave();
    await host.scheduler.advance(5_000);
    expect(await cache.get("a")).toEqual({ subject: "a" });
  });

  test("ignores a late write after a later one", async () => {
    const { store, open, host } = world();
    const cache = open();
    await cache.insert("a", { subject: "old" });
    store.isProper = false;
    const abandoned = cache.insert("a", { subject: "late" });
    await drained();
    await host.scheduler.advance(1_000);
    await abandoned;
    const late = store.calls.splice(0);
    store.isProper = true;
    await host.scheduler.advance(6_000);
    expect(await cache.get("a")).toBeUndefined();
    await cache.insert("a", { subject: "new" });
    expect(await cache.get("a")).toEqual({ subject: "new" });
    for (const call of late) call.end("done");
    expect(await cache.get("a")).toBeUndefined();
  });

  test("invalidates at once, also writes in flight, and retries later", async () => {
    const { store, open, host } = world();
    const [cache, other] = [open(), open({ seed: 2 })];
    await cache.insert("a", { subject: "a" });
    await cache.insert("b", { subject: "b" });
    expect(await other.get("a")).toEqual({ subject: "a" });
    store.isProper = false;
    const writing = cache.insert("b", { subject: "late" });
    await drained();
    cache.invalidateAll();
    const reading = cache.get("a");
    await drained();
    // The store refuses the new epoch and the clearing; the write arrives after them.
    while (store.calls.length > 1) {
      store.end(1, "refused");
      await drained();
    }
    store.end(0, "done");
    await drained();
    expect(await reading).toBeUndefined();
    await writing;
    store.behave();
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.get("b")).toBeUndefined();
    await host.scheduler.advance(5_000);
    expect(await other.get("b")).toBeUndefined();
    await cache.insert("a", { subject: "new" });
    expect(await other.get("a")).toEqual({ subject: "new" });
  });

  test("does not use an epoch read during invalidateAll", async () => {
    const { store, open } = world();
    await open().insert("a", { subject: "a" });
    const cache = open({ seed: 2 });
    store.isProper = false;
    const reading = cache.get("a");
    await drained();
    cache.invalidateAll();
    store.end(0, "done");
    store.behave();
    await drained();
    store.behave();
    expect(await reading).toBeUndefined();
    expect(await cache.get("a")).toBeUndefined();
  });

  test("returns from clear whether the store succeeded", async () => {
    const { store, open } = world();
    const cache = open();
    await cache.insert("a", { subject: "a" });
    store.isProper = false;
    const clearing = cache.clear();
    await drained();
    store.end(0, "refused");
    await drained();
    store.end(0, "refused");
    expect(await clearing).toBe(false);
    store.behave();
    expect(await cache.get("a")).toBeUndefined();
    await cache.insert("a", { subject: "b" });
    expect(await cache.clear()).toBe(true);
    expect([...store.entries.keys()]).toEqual(["cache_epoch:group"]);
  });

  test("invalidates the namespace when its epoch is lost", async () => {
    const { store, open } = world();
    await open().insert("a", { subject: "a" });
    store.entries.delete("cache_epoch:group");
    expect(await open({ seed: 2 }).get("a")).toBeUndefined();
  });

  test("shares one load, writes it once, and other processes read it", async () => {
    const { open } = world();
    const cache = open();
    let loads = 0;
    const load = async () => ({ subject: `load ${++loads}` });
    const both = await Promise.all([cache.getWith("a", load), cache.getWith("a", load)]);
    expect(both).toEqual([{ subject: "load 1" }, { subject: "load 1" }]);
    expect(await open({ seed: 2 }).getWith("a", load)).toEqual({ subject: "load 1" });
    await expect(cache.getWith("b", () => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
    const cancel = new AbortController();
    cancel.abort(new Error("gone"));
    await expect(cache.getWith("c", load, { signal: cancel.signal })).rejects.toThrow("gone");
  });

  test("rejects values that JSON changes and removes the older value", async () => {
    const { open, host } = world();
    const cache = open();
    const cyclic: { subject: string; self?: unknown } = { subject: "x" };
    cyclic.self = cyclic;
    const refused: unknown[] = [
      new Map(),
      { bytes: new Uint8Array(2) },
      [1n],
      { when: new Date(0) },
      Number.NaN,
      -0,
      () => {},
      cyclic,
    ];
    for (const value of refused) {
      await cache.insert("a", { subject: "before" });
      await cache.insert("a", value as Group);
      expect(await cache.get("a")).toBeUndefined();
    }
    expect(host.logger.messages("warn")).toEqual(refused.map(() => "cache store: encode failed"));
    const codec = jsonCacheCodec<unknown>();
    for (const value of [null, true, "é", -1.5, [], [[{ a: null }]], { a: { b: [1, "2"] } }])
      expect(codec.decode(codec.encode(value))).toEqual(value);
  });

  test("misses when the codec rejects the bytes", async () => {
    const { open } = world();
    await open().insert("a", { subject: "a" });
    const strict = jsonCacheCodec<Group>((decoded) => {
      if (typeof decoded !== "object" || decoded === null || !("owner" in decoded))
        throw new TypeError("old form");
      return decoded as unknown as Group;
    });
    expect(await open({ seed: 2, codec: strict }).get("a")).toBeUndefined();
  });

  test("invalidates the namespace when too many keys are doubtful", async () => {
    const { store, open } = world();
    const cache = open();
    await cache.insert("kept", { subject: "kept" });
    store.isProper = false;
    for (let i = 0; i < 1_001; i++) {
      const writing = cache.insert(`${i}`, { subject: "x" });
      await drained();
      store.end(0, "done, answered as refused");
      await writing;
      if (i < 1_000) continue;
      store.behave();
    }
    await drained();
    expect(await cache.get("kept")).toBeUndefined();
    expect(await cache.get("0")).toBeUndefined();
  });

  test("limits calls and waits when the store never answers", async () => {
    const { store, open, host } = world();
    const cache = open();
    await cache.insert("a", { subject: "a" });
    store.isProper = false;
    const writes = Array.from({ length: 3_000 }, (_, i) => cache.insert(`${i}`, { subject: "x" }));
    const reads = Array.from({ length: 3_000 }, () => cache.get("a"));
    await drained();
    expect(store.calls.length).toBeLessThanOrEqual(1_024);
    await host.scheduler.advance(1_000);
    await Promise.all(writes);
    expect((await Promise.all(reads)).every((value) => value === undefined)).toBe(true);
  });

  test("misses after close and leaves no task", async () => {
    const { store, open } = world();
    const cache = open();
    await cache.insert("a", { subject: "a" });
    store.isProper = false;
    const reading = cache.get("a");
    await drained();
    cache.close();
    cache.close();
    expect(await reading).toBeUndefined();
    expect(await cache.get("a")).toBeUndefined();
    await cache.insert("a", { subject: "b" });
    open().close();
  });

  test("rejects invalid settings", () => {
    const { open, host, store } = world();
    open();
    expect(() => open()).toThrow(TypeError);
    const make = (settings: object) => () =>
      TypedCache.overStore<string, Group>({ store, host, namespace: "device", ...settings });
    for (const namespace of ["", "a:b", "a#", "ä", "x".repeat(65)])
      expect(make({ namespace })).toThrow(TypeError);
    expect(make({ ttlMs: 0 })).toThrow(RangeError);
    expect(make({ deadlineMs: -1 })).toThrow(RangeError);
  });
});
