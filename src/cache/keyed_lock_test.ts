import { describe, expect, test } from "vitest";
import { KeyedLock } from "./keyed_lock.ts";

function gate(): { open: () => void; opened: Promise<void> } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("KeyedLock.withKeys", () => {
  test("runs sections of one key in call order without overlap", async () => {
    const lock = new KeyedLock();
    const events: string[] = [];
    const first = gate();
    const sections = [0, 1, 2].map((n) =>
      lock.withKeys(["a"], async () => {
        events.push(`in ${n}`);
        if (n === 0) await first.opened;
        events.push(`out ${n}`);
      }),
    );
    const other = lock.withKeys(["b"], async () => {
      events.push("other");
    });
    await other;
    first.open();
    await Promise.all(sections);
    expect(events).toEqual(["in 0", "other", "out 0", "in 1", "out 1", "in 2", "out 2"]);
    expect(lock.keys).toEqual([]);
  });

  test("releases its keys when the section throws", async () => {
    const lock = new KeyedLock();
    await expect(lock.withKeys(["a", "b"], () => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
    expect(lock.keys).toEqual([]);
    expect(await lock.withKeys(["b"], async () => "free")).toBe("free");
  });

  test("rejects arguments of wrong types without taking a lock", async () => {
    const lock = new KeyedLock();
    const section = async (): Promise<void> => {};
    await expect(lock.withKeys("a" as never, section)).rejects.toThrow(TypeError);
    await expect(lock.withKeys(["a", 5 as never], section)).rejects.toThrow(TypeError);
    await expect(lock.withKeys(["a"], 5 as never)).rejects.toThrow(TypeError);
    expect(lock.keys).toEqual([]);
  });

  test("keeps a key while others wait for it", async () => {
    const lock = new KeyedLock();
    expect(lock.keys).toEqual([]);
    const [first, second] = [gate(), gate()];
    const sections = [first, second].map(({ opened }) => lock.withKeys(["a"], () => opened));
    expect(lock.keys).toEqual(["a"]);
    first.open();
    await sections[0];
    expect(lock.keys).toEqual(["a"]);
    let isIn = false;
    const third = lock.withKeys(["a"], async () => {
      isIn = true;
    });
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect(isIn).toBe(false);
    second.open();
    await third;
    expect([isIn, lock.keys]).toEqual([true, []]);
  });

  test("acquires keys in one order, so that a waiting call holds only smaller ones", async () => {
    const lock = new KeyedLock();
    const holder = gate();
    const holding = lock.withKeys(["b"], () => holder.opened);
    const waiting = lock.withKeys(["c", "b", "a"], async () => [...lock.keys].sort());
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect([...lock.keys].sort()).toEqual(["a", "b"]);
    holder.open();
    expect(await waiting).toEqual(["a", "b", "c"]);
    await holding;
  });

  test("never deadlocks on keys in different orders", async () => {
    const lock = new KeyedLock();
    const done: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        lock.withKeys(n % 2 === 0 ? ["a", "b", "c"] : ["c", "b", "a", "a"], async () => {
          await Promise.resolve();
          done.push(n);
        }),
      ),
    );
    expect(done).toHaveLength(20);
  });
});

describe("KeyedLock.withResolvedKey", () => {
  test("resolves a key that changed while it waited", async () => {
    const lock = new KeyedLock();
    const holder = gate();
    let current = "phone";
    const holding = lock.withKeys(["phone"], async () => {
      await holder.opened;
      current = "lid";
    });
    const seen: string[] = [];
    const waiting = lock.withResolvedKey(
      async () => current,
      async (key) => {
        seen.push(key);
        expect(lock.keys).toEqual(["lid"]);
      },
    );
    holder.open();
    await Promise.all([holding, waiting]);
    expect(seen).toEqual(["lid"]);
    expect(lock.keys).toEqual([]);
  });

  test("releases the key when the section throws, and rejects what is no key or function", async () => {
    const lock = new KeyedLock();
    const failing = lock.withResolvedKey(
      async () => "a",
      () => Promise.reject(new Error("boom")),
    );
    await expect(failing).rejects.toThrow("boom");
    const section = async (): Promise<void> => {};
    await expect(lock.withResolvedKey(5 as never, section)).rejects.toThrow(TypeError);
    await expect(lock.withResolvedKey(async () => "a", 5 as never)).rejects.toThrow(TypeError);
    await expect(lock.withResolvedKey(async () => Number.NaN as never, section)).rejects.toThrow(TypeError);
    expect(lock.keys).toEqual([]);
  });
});
