import { describe, expect, test, vi } from "vitest";
import { LidWorld, mapping, PN } from "../../../test/support/account/lid_world.ts";
import type { LidPnMapping } from "../../backend/mod.ts";
import { BackendError } from "../../errors/mod.ts";

/** Holds back the answer of each read of all mappings until it is released. */
class HeldReads {
  count = 0;
  #letGo: () => void = () => {};
  readonly #held = new Promise<void>((resolve) => {
    this.#letGo = resolve;
  });

  letGo(): void {
    this.#letGo();
  }

  /** A read returns the state of the store at its beginning. */
  async *of(world: LidWorld): AsyncGenerator<LidPnMapping> {
    this.count += 1;
    const stored: LidPnMapping[] = [];
    for await (const one of world.backend.getAllLidMappings()) stored.push(one);
    await this.#held;
    yield* stored;
  }
}

describe("LidPnCache.warmUp", () => {
  test("reads the newest 10,000 mappings by default and no page beyond", async () => {
    const world = new LidWorld();
    const entries = Array.from({ length: 12_500 }, (_, n) => mapping(`1${n}`, `5${n}`, n + 1));
    await world.backend.putLidMappings(entries);
    let read = 0;
    const all = world.backend.getAllLidMappings.bind(world.backend);
    const cache = world.open(10_000, {
      async *getAllLidMappings() {
        for await (const one of all()) {
          read += 1;
          yield one;
        }
      },
    });
    expect(await cache.warmUp()).toBe(10_000);
    expect(read).toBe(10_000);
    const { queries } = cache.stats;
    expect(await cache.getLids(["512499", "52500"])).toEqual(["112499", "12500"]);
    expect(await cache.getPns(["112499", "12500"])).toEqual(["512499", "52500"]);
    expect(cache.stats.queries).toBe(queries);
    expect(await cache.getLid("52499")).toBe("12499");
    expect(cache.stats.queries).toBe(queries + 1);
  });

  test("keeps mappings that are learnt during the read", async () => {
    const world = new LidWorld();
    const entries = Array.from({ length: 3_000 }, (_, n) => mapping(`1${n}`, `5${n}`, n + 1));
    await world.backend.putLidMappings(entries);
    const { cache } = world;
    const warming = cache.warmUp({ limit: 2_000 });
    await cache.learn([{ lid: "12999", phoneNumber: "moved", createdAt: 9_999 }], { source: "usync" });
    expect(await warming).toBe(2_000);
    const { queries } = cache.stats;
    expect(await cache.getLids(["52998", "51000"])).toEqual(["12998", "11000"]);
    expect(await cache.getPns(["12998", "12999"])).toEqual(["52998", "moved"]);
    expect(cache.stats.queries).toBe(queries);
    expect(await cache.getLids(["52999", "5999"])).toEqual([undefined, "1999"]);
    expect(cache.stats.queries).toBe(queries + 1);
  });

  test("shares one read between concurrent warm-ups", async () => {
    const world = new LidWorld();
    await world.backend.putLidMappings([mapping("1000", PN, 1), mapping("1500", "other", 2)]);
    const held = new HeldReads();
    world.cache = world.open(10_000, { getAllLidMappings: () => held.of(world) });
    const first = world.cache.warmUp();
    await vi.waitUntil(() => held.count === 1);
    await world.learn("usync", "1001", PN, 5);
    await world.learn("usync", "1500", "moved", 6);
    const others = [world.cache.warmUp(), world.cache.warmUp({ limit: 1 })];
    held.letGo();
    expect(await Promise.all([first, ...others])).toEqual([2, 2, 2]);
    expect(held.count).toBe(1);
    expect([world.cache.peekLid(PN), world.cache.peekLid("moved")]).toEqual(["1001", "1500"]);
    expect([world.cache.peekPn("1500"), world.cache.peekLid("other")]).toEqual(["moved", undefined]);
    // Successive warm-ups read twice.
    await world.cache.warmUp();
    expect(held.count).toBe(2);
  });

  test("reads again after a running warm-up with a lower limit", async () => {
    const world = new LidWorld();
    await world.backend.putLidMappings([mapping("1000", PN, 1), mapping("1500", "other", 2)]);
    const { cache } = world;
    expect(await Promise.all([cache.warmUp({ limit: 1 }), cache.warmUp({ limit: 2 })])).toEqual([1, 2]);
    expect(cache.stats.queries).toBe(2);
    expect([cache.peekLid(PN), cache.peekLid("other")]).toEqual(["1000", "1500"]);
  });

  test("reads again after a failed warm-up", async () => {
    const world = new LidWorld();
    await world.backend.putLidMappings([mapping("1000", PN, 1), mapping("1001", "other", 2)]);
    const { cache } = world;
    const notesOf = async (lid: string): Promise<number> => {
      await cache.getPn(lid);
      const add = vi.spyOn(Set.prototype, "add");
      try {
        await world.learn("usync", lid, PN, 3);
        return add.mock.calls.length;
      } finally {
        add.mockRestore();
      }
    };
    await cache.getLid(PN);
    const before = await notesOf("1002");
    world.faults.failReads(new BackendError("disk"));
    const { queries } = cache.stats;
    const failing = [cache.warmUp(), cache.warmUp()].map((one) => expect(one).rejects.toThrow("disk"));
    await Promise.all(failing);
    expect(cache.stats.queries - queries).toBe(1);
    world.faults.failReads(undefined);
    expect(await notesOf("1003")).toBe(before);
    expect(await cache.warmUp()).toBe(4);
    expect([cache.peekLid(PN), cache.peekLid("other")]).toEqual(["1003", "1001"]);
  });

  test("keeps replayed mappings", async () => {
    const world = new LidWorld();
    await world.backend.putLidMappings([
      ...[mapping("1000", PN, 1), mapping("1001", "quiet", 1)],
      ...[mapping("1500", "left", 2), mapping("1499", "left", 1)],
    ]);
    const { cache } = world;
    const replay = { source: "peer_pn_message", offline: true } as const;
    await cache.learn([{ lid: "1009", phoneNumber: PN, createdAt: 9 }], replay);
    await cache.learn([{ lid: "1500", phoneNumber: "moved", createdAt: 9 }], replay);
    const phones = [PN, "left", "moved"];
    const said = await cache.getLids(phones);
    expect(said).toEqual(["1009", undefined, "1500"]);
    await cache.warmUp();
    expect(await cache.getLids(phones)).toEqual(said);
    expect(await cache.getPns(["1000", "1009", "1500"])).toEqual([PN, PN, "moved"]);
    expect(cache.peekLid("quiet")).toBe("1001");
  });
});
