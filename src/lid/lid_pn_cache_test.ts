import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../adapters/memory/mod.ts";
import type { LearningSource, LidPnMapping } from "../backend/mod.ts";
import { LEARNING_SOURCES } from "../backend/mod.ts";
import { PortableCache } from "../cache/mod.ts";
import { BackendError } from "../errors/mod.ts";
import { FakeClock } from "../testing/mod.ts";
import { type CachedMapping, LidPnCache } from "./mod.ts";

const LID = "100000000000001";
const PN = "5511999990001";

/** One store; each cache over it is a process of its own. */
class World {
  readonly clock = new FakeClock();
  readonly faults = new MemoryFaults();
  readonly database = new MemoryDatabase();
  readonly backend = memoryBackend({ database: this.database, clock: this.clock, faults: this.faults });
  cache = this.open();
  /** Called in the middle of each commit. */
  duringCommit: () => Promise<void> = async () => {};

  open(capacity = 10_000): LidPnCache {
    const { clock, backend } = this;
    const options = { capacity, idleMs: 3_600_000, clock };
    return new LidPnCache({
      reads: backend,
      commit: async (writes) => {
        await backend.commit(writes);
        await this.duringCommit();
      },
      clock,
      byLid: new PortableCache<string, CachedMapping>(options),
      byPn: new PortableCache<string, CachedMapping>(options),
    });
  }

  learn(source: LearningSource, lid = LID, phoneNumber = PN, createdAt?: number) {
    return this.cache.learn([{ lid, phoneNumber, createdAt }], { source });
  }
}

test("both ways are one query, once, also when there is nothing", async () => {
  const world = new World();
  await world.backend.putLidMapping(mapping(LID, PN, 5));
  const { cache } = world;
  expect(await Promise.all([cache.getLid(PN), cache.getLid(PN), cache.getPn(LID)])).toEqual([LID, LID, PN]);
  expect(cache.stats.queries).toBe(2);
  expect(await cache.getLid("none")).toBeUndefined();
  expect(await cache.getLid("none")).toBeUndefined();
  expect(cache.stats.queries).toBe(3);
  expect([cache.peekLid(PN), cache.peekPn(LID), cache.peekLid("never asked")]).toEqual([LID, PN, undefined]);
  expect(cache.stats.queries).toBe(3);
});

test("many are one query for what is cold", async () => {
  const { backend, cache } = new World();
  const numbers = Array.from({ length: 50 }, (_, n) => `55${n}`);
  await backend.putLidMappings(numbers.slice(0, 40).map((number, n) => mapping(`10${n}`, number, 5)));
  await cache.getLid("550");
  expect(await cache.getLids(numbers)).toEqual(numbers.map((_, n) => (n < 40 ? `10${n}` : undefined)));
  expect(cache.stats.queries).toBe(2);
  expect(await cache.getPns(["100", "109", "1045"])).toEqual(["550", "559", undefined]);
});

test("a read that fails is an error, and is asked again", async () => {
  const { cache, faults } = new World();
  faults.failReads(new BackendError("disk"));
  await expect(cache.getLid(PN)).rejects.toBeInstanceOf(BackendError);
  faults.failReads(undefined);
  expect(await cache.getLid(PN)).toBeUndefined();
});

test("of two LIDs of a phone the newer wins, a tie goes to the later, and the older still resolves", async () => {
  const world = new World();
  await world.learn("usync", "1001", PN, 10);
  expect(await world.learn("peer_pn_message", "1000", PN, 9)).toEqual({ written: 1, resolved: [] });
  expect(await world.cache.getLid(PN)).toBe("1001");
  const { resolved } = await world.learn("usync", "1002", PN, 10);
  expect(resolved).toEqual([{ phoneNumber: PN, lid: "1002", previousLid: "1001" }]);
  for (const cache of [world.cache, world.open()]) {
    expect(await cache.getLid(PN)).toBe("1002");
    expect(await cache.getPns(["1000", "1001", "1002"])).toEqual([PN, PN, PN]);
  }
});

test("a LID that moves to another phone leaves the first, which falls back to its LID before", async () => {
  const world = new World();
  await world.learn("usync", "1000", PN, 5);
  await world.learn("usync", "1001", PN, 6);
  await world.learn("peer_lid_message", "1001", "other", 7);
  for (const cache of [world.cache, world.open()]) {
    expect(await cache.getLids([PN, "other"])).toEqual(["1000", "1001"]);
    expect(await cache.getPn("1001")).toBe("other");
  }
});

test("what each source may say", async () => {
  const cases: [LearningSource, number, string | undefined][] = [
    ["usync", 10, "1001"],
    ["peer_pn_message", 10, "1001"],
    ["migration_sync_latest", 10, "1001"],
    // Undated: never newer than what is dated.
    ["migration_sync_old", 10, "1000"],
    ["blocklist_inactive", 10, "1000"],
    ["device_notification", 10, "1001"],
  ];
  for (const [source, createdAt, expected] of cases) {
    const world = new World();
    await world.learn("usync", "1000", PN, 5);
    await world.learn(source, "1001", PN, createdAt);
    expect(await world.cache.getLid(PN), source).toBe(expected);
    expect(await world.open().getLid(PN), source).toBe(expected);
  }
  for (const source of ["other", "pairing", "device_notification"] as const) {
    const world = new World();
    await world.learn("usync", "1000", PN, 5);
    // A LID that is known is not moved by them.
    expect(await world.learn(source, "1000", "other", 99), source).toEqual({ written: 0, resolved: [] });
    expect(await world.cache.getPn("1000"), source).toBe(PN);
  }
});

test("the same again writes nothing", async () => {
  const world = new World();
  for (const source of LEARNING_SOURCES) await world.learn(source, LID, PN, 5);
  let commits = 0;
  world.duringCommit = async () => {
    commits += 1;
  };
  for (const source of LEARNING_SOURCES) {
    expect(await world.learn(source, LID, PN, 5)).toEqual({ written: 0, resolved: [] });
  }
  expect(commits).toBe(0);
});

test("of several for one phone in a batch the last, in one commit", async () => {
  const world = new World();
  let commits = 0;
  world.duringCommit = async () => {
    commits += 1;
  };
  const { written, resolved } = await world.cache.learn(
    [
      { lid: "1001", phoneNumber: PN },
      { lid: "1002", phoneNumber: "other" },
      { lid: "1003", phoneNumber: PN },
    ],
    { source: "usync" },
  );
  expect([written, commits]).toEqual([2, 1]);
  expect(resolved.map(({ lid }) => lid)).toEqual(["1002", "1003"]);
  expect(await world.cache.getPn("1001")).toBeUndefined();
});

test("a replay changes memory alone; seen live, it is stored and its phone is to be moved", async () => {
  const world = new World();
  await world.learn("usync", "1000", PN, 1);
  const replay = { source: "peer_pn_message", offline: true } as const;
  const report = await world.cache.learn([{ lid: "1001", phoneNumber: PN, createdAt: 5 }], replay);
  expect(report).toEqual({ written: 0, resolved: [] });
  expect(await world.cache.getLid(PN)).toBe("1001");
  expect(await world.open().getLid(PN)).toBe("1000");

  // A commit that fails leaves it pending.
  world.faults.failCommitAt(0);
  await expect(world.learn("peer_pn_message", "1001", PN, 5)).rejects.toThrow();
  expect(await world.open().getLid(PN)).toBe("1000");
  const { written, resolved } = await world.learn("usync", "1001", PN, 5);
  expect([written, resolved]).toEqual([1, [{ phoneNumber: PN, lid: "1001", previousLid: undefined }]]);
  expect(await world.open().getLid(PN)).toBe("1001");
});

test("a replay is not forgotten when memory is: it lies over what the store says", async () => {
  const world = new World();
  world.cache = world.open(1);
  await world.learn("usync", "1000", PN, 1);
  const replay = { source: "peer_pn_message", offline: true } as const;
  await world.cache.learn([{ lid: "1000", phoneNumber: "other", createdAt: 5 }], replay);
  await world.cache.getLids(["a", "b"]);
  await world.cache.getPns(["c", "d"]);
  expect(await world.cache.getLids([PN, "other"])).toEqual([undefined, "1000"]);
  expect(await world.cache.getPn("1000")).toBe("other");
});

test("a commit that fails teaches nothing", async () => {
  const world = new World();
  world.faults.failCommitAt(0);
  await expect(world.learn("usync")).rejects.toThrow();
  expect(await world.cache.getLid(PN)).toBeUndefined();
  expect((await world.learn("usync")).resolved).toHaveLength(1);
});

test("who asks while it is learnt is answered before or after, and nobody is wrong later", async () => {
  const world = new World();
  await world.learn("usync", "1000", PN, 1);
  world.cache = world.open();
  let asked: Promise<string | undefined> | undefined;
  world.duringCommit = async () => {
    asked = world.cache.getLid(PN);
  };
  await world.learn("usync", "1001", PN, 2);
  expect(["1000", "1001"]).toContain(await asked);
  expect(await world.cache.getLid(PN)).toBe("1001");
});

test("two who learn of one phone at once agree with the store", async () => {
  const world = new World();
  await Promise.all([
    world.learn("usync", "1001", PN, 2),
    world.learn("usync", "1002", PN, 3),
    world.learn("usync", "1003", PN, 1),
  ]);
  expect(await world.cache.getLid(PN)).toBe("1002");
  expect(await world.open().getLid(PN)).toBe("1002");
});

test("warming up reads the newest, once, and leaves what was learnt meanwhile", async () => {
  const world = new World();
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

test("addresses and JIDs become those of the LID, with their device", async () => {
  const world = new World();
  await world.learn("usync");
  const { cache } = world;
  const addresses = [
    `${PN}@c.us.0`,
    `${PN}:3@c.us.0`,
    `${PN}:99@hosted.0`,
    `${LID}:3@lid.0`,
    "5@c.us.0",
    "x",
  ];
  expect(await Promise.all(addresses.map((address) => cache.resolveAddress(address)))).toEqual([
    `${LID}@lid.0`,
    `${LID}:3@lid.0`,
    `${LID}:99@hosted.lid.0`,
    `${LID}:3@lid.0`,
    "5@c.us.0",
    "x",
  ]);
  const pn = { user: PN, server: "s.whatsapp.net", device: 3, agent: 0 } as const;
  const lid = { user: LID, server: "lid", device: 3, agent: 0 } as const;
  const group = { user: "1", server: "g.us", device: 0, agent: 0 } as const;
  expect(await cache.encryptionJid(pn)).toEqual(lid);
  expect(await cache.encryptionJid({ ...pn, server: "c.us" })).toEqual(lid);
  expect(await cache.encryptionJid(group)).toBe(group);
  expect([await cache.swapNamespace(pn), await cache.swapNamespace(lid)]).toEqual([lid, pn]);
  expect(await cache.swapNamespace(group)).toBeUndefined();
});

test("malformed mappings teach nothing", async () => {
  const { cache } = new World();
  for (const given of [
    { lid: "", phoneNumber: PN },
    { lid: LID, phoneNumber: "5@c" },
    { lid: "a:b", phoneNumber: PN },
  ]) {
    await expect(cache.learn([given], { source: "usync" })).rejects.toBeInstanceOf(TypeError);
  }
  const early = [{ lid: LID, phoneNumber: PN, createdAt: -1 }];
  await expect(cache.learn(early, { source: "usync" })).rejects.toBeInstanceOf(RangeError);
  expect(await cache.getLid("not/a:user")).toBeUndefined();
});

test("memory always agrees with the store, whatever is learnt, evicted and reopened", async () => {
  const step = fc.record({
    kind: fc.constantFrom("learn", "learn", "learn", "ask", "reopen", "warm"),
    mappings: fc.array(
      fc.record({
        lid: fc.constantFrom("1", "2", "3", "4"),
        phoneNumber: fc.constantFrom("51", "52", "53"),
        createdAt: fc.integer({ min: 0, max: 6 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    source: fc.constantFrom(...LEARNING_SOURCES),
    capacity: fc.integer({ min: 0, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = new World();
      for (const { kind, mappings, source, capacity } of steps) {
        if (kind === "learn") await world.cache.learn(mappings, { source });
        if (kind === "ask") await world.cache.getLids(mappings.map(({ phoneNumber }) => phoneNumber));
        if (kind === "reopen") world.cache = world.open(capacity);
        if (kind === "warm") await world.cache.warmUp();
        for (const pn of ["51", "52", "53"]) {
          expect(await world.cache.getLid(pn)).toBe((await world.backend.getPnMapping(pn))?.lid);
        }
        for (const lid of ["1", "2", "3", "4"]) {
          expect(await world.cache.getPn(lid)).toBe((await world.backend.getLidMapping(lid))?.phoneNumber);
        }
      }
    }),
    { numRuns: 300 },
  );
});

function mapping(lid: string, phoneNumber: string, createdAt: number): LidPnMapping {
  return { lid, phoneNumber, createdAt, updatedAt: createdAt, learningSource: "usync" };
}
