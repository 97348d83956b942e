import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { LID, LidWorld, NOTHING, PN, UNDATED, WEAK } from "../../../test/support/account/lid_world.ts";
import type { LearningSource, LidPnMapping } from "../../backend/mod.ts";
import { LEARNING_SOURCES } from "../../backend/mod.ts";
import { AmbiguousError, BackendError } from "../../errors/mod.ts";
import type { LearntMapping } from "./mod.ts";

test("both ways are one query, once, also when there is nothing", async () => {
  const world = new LidWorld();
  await world.backend.putLidMapping(mapping(LID, PN, 5));
  const { cache } = world;
  expect(await Promise.all([cache.getLid(PN), cache.getLid(PN), cache.getPn(LID)])).toEqual([LID, LID, PN]);
  expect(cache.stats.queries).toBe(2);
  expect(await cache.getLid("none")).toBeUndefined();
  expect(await cache.getLid("none")).toBeUndefined();
  expect(cache.stats.queries).toBe(3);
  for (let time = 0; time < 2; time += 1) expect(await cache.getPn("none")).toBeUndefined();
  expect(cache.stats.queries).toBe(4);
  expect([cache.peekLid(PN), cache.peekPn(LID), cache.peekLid("never asked")]).toEqual([LID, PN, undefined]);
  expect(cache.stats.queries).toBe(4);
});

test("many are one query for what is cold", async () => {
  const { backend, cache } = new LidWorld();
  const numbers = Array.from({ length: 50 }, (_, n) => `55${n}`);
  await backend.putLidMappings(numbers.slice(0, 40).map((number, n) => mapping(`10${n}`, number, 5)));
  await cache.getLid("550");
  expect(await cache.getLids(numbers)).toEqual(numbers.map((_, n) => (n < 40 ? `10${n}` : undefined)));
  expect(cache.stats.queries).toBe(2);
  expect(await cache.getPns(["100", "109", "1045"])).toEqual(["550", "559", undefined]);
});

test("a read that fails is an error, and is asked again", async () => {
  const { cache, faults } = new LidWorld();
  faults.failReads(new BackendError("disk"));
  await expect(cache.getLid(PN)).rejects.toBeInstanceOf(BackendError);
  faults.failReads(undefined);
  expect(await cache.getLid(PN)).toBeUndefined();
});

test("of two LIDs of a phone the newer wins, a tie goes to the later, and the older still resolves", async () => {
  const world = new LidWorld();
  await world.learn("usync", "1001", PN, 10);
  expect(await world.learn("peer_pn_message", "1000", PN, 9)).toEqual({ ...NOTHING, written: 1 });
  expect(await world.cache.getLid(PN)).toBe("1001");
  const { resolved } = await world.learn("usync", "1002", PN, 10);
  expect(resolved).toEqual([{ phoneNumber: PN, lid: "1002", previousLid: "1001" }]);
  for (const cache of [world.cache, world.open()]) {
    expect(await cache.getLid(PN)).toBe("1002");
    expect(await cache.getPns(["1000", "1001", "1002"])).toEqual([PN, PN, PN]);
  }
});

test("a LID that moves to another phone leaves the first, which falls back to its LID before", async () => {
  const world = new LidWorld();
  await world.learn("usync", "1000", PN, 5);
  await world.learn("usync", "1001", PN, 6);
  await world.learn("peer_lid_message", "1001", "other", 7);
  for (const cache of [world.cache, world.open()]) {
    expect(await cache.getLids([PN, "other"])).toEqual(["1000", "1001"]);
    expect(await cache.getPn("1001")).toBe("other");
  }
});

/**
 * What each source does to a mapping of LID 1000 and phone A, made at 5: whether it writes
 * a newer LID of A, an older LID of A, the same again but newer, and LID 1000 for another phone.
 */
const POLICY: Readonly<Record<LearningSource, readonly [boolean, boolean, boolean, boolean]>> = {
  usync: [true, true, false, true],
  peer_pn_message: [true, true, false, true],
  peer_lid_message: [true, true, false, true],
  recipient_latest_lid: [true, true, false, true],
  migration_sync_latest: [true, true, false, true],
  migration_sync_old: [true, true, false, true],
  blocklist_active: [true, true, false, true],
  blocklist_inactive: [true, true, false, true],
  pairing: [true, true, false, false],
  device_notification: [true, true, false, false],
  other: [true, true, false, false],
};

test("what each source may write, and what a phone resolves to then", async () => {
  expect(Object.keys(POLICY).sort()).toEqual([...LEARNING_SOURCES].sort());
  for (const source of LEARNING_SOURCES) {
    const learnt = async (lid: string, phoneNumber: string, createdAt: number) => {
      const world = new LidWorld();
      await world.learn("usync", "1000", "A", 5);
      const { written, resolved } = await world.learn(source, lid, phoneNumber, createdAt);
      const reopened = world.open();
      for (const phone of ["A", "B"]) {
        expect(await reopened.getLid(phone), source).toBe(await world.cache.getLid(phone));
      }
      expect(written, source).toBeLessThanOrEqual(1);
      const [a, b] = await world.cache.getLids(["A", "B"]);
      return { isWritten: written === 1, a, b, resolved: resolved.map(({ phoneNumber: phone }) => phone) };
    };
    const isDated = !UNDATED.includes(source);
    const [newer, older, same, moved] = POLICY[source];
    const wins = { isWritten: newer, a: "1001", b: undefined, resolved: ["A"] };
    const loses = { isWritten: older, a: "1000", b: undefined, resolved: [] };
    expect(await learnt("1001", "A", 9), source).toEqual(isDated ? wins : loses);
    expect(await learnt("1001", "A", 4), source).toEqual(loses);
    expect(await learnt("1000", "A", 9), source).toEqual({ ...loses, isWritten: same });
    expect(await learnt("1000", "B", 9), source).toEqual(
      moved ? { isWritten: true, a: undefined, b: "1000", resolved: ["B"] } : { ...loses, isWritten: false },
    );
  }
});

test("the same again writes nothing", async () => {
  const world = new LidWorld();
  for (const source of LEARNING_SOURCES) await world.learn(source, LID, PN, 5);
  let commits = 0;
  world.duringCommit = async () => {
    commits += 1;
  };
  for (const source of LEARNING_SOURCES) {
    expect(await world.learn(source, LID, PN, 5)).toEqual(NOTHING);
  }
  expect(commits).toBe(0);
});

test("of several for one phone in a batch the last, in one commit", async () => {
  const world = new LidWorld();
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
  const world = new LidWorld();
  await world.learn("usync", "1000", PN, 1);
  const replay = { source: "peer_pn_message", offline: true } as const;
  const report = await world.cache.learn([{ lid: "1001", phoneNumber: PN, createdAt: 5 }], replay);
  expect(report).toEqual(NOTHING);
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
  const world = new LidWorld();
  world.cache = world.open(1);
  await world.learn("usync", "1000", PN, 1);
  const replay = { source: "peer_pn_message", offline: true } as const;
  await world.cache.learn([{ lid: "1000", phoneNumber: "other", createdAt: 5 }], replay);
  await world.cache.getLids(["a", "b"]);
  await world.cache.getPns(["c", "d"]);
  expect(await world.cache.getLids([PN, "other"])).toEqual([undefined, "1000"]);
  expect(await world.cache.getPn("1000")).toBe("other");
});

test("what only a replay has said moves no address: state is where the store says", async () => {
  const world = new LidWorld();
  const { cache } = world;
  await world.learn("usync", "1000", PN, 1);
  await world.learn("usync", "1500", "moved", 1);
  const replay = { source: "peer_pn_message", offline: true } as const;
  await cache.learn(
    [
      { lid: "1001", phoneNumber: PN, createdAt: 5 },
      { lid: "1002", phoneNumber: "unknown", createdAt: 5 },
      { lid: "1500", phoneNumber: "elsewhere", createdAt: 5 },
    ],
    replay,
  );
  // And once more, to a third phone.
  await cache.learn([{ lid: "1500", phoneNumber: "third", createdAt: 6 }], replay);
  const phones = [PN, "unknown", "moved", "elsewhere", "third"];
  expect(await cache.getLids(phones)).toEqual(["1001", "1002", undefined, undefined, "1500"]);
  const addresses = async (): Promise<string[]> =>
    await Promise.all(phones.map((phone) => cache.resolveAddress(`${phone}:3@c.us.0`)));
  const before = ["1000:3@lid.0", "unknown:3@c.us.0", "1500:3@lid.0", "elsewhere:3@c.us.0", "third:3@c.us.0"];
  expect(await addresses()).toEqual(before);
  const { queries } = cache.stats;
  expect(await addresses()).toEqual(before);
  expect(cache.stats.queries).toBe(queries);
  const jid = { user: PN, server: "s.whatsapp.net", device: 3, agent: 0 } as const;
  expect((await cache.encryptionJid(jid)).user).toBe("1000");
  expect((await cache.swapNamespace(jid))?.user).toBe("1001");

  // Seen live, the address is the new one as soon as the mapping is stored.
  await world.learn("peer_pn_message", "1001", PN, 5);
  await world.learn("usync", "1500", "third", 6);
  const after = ["1001:3@lid.0", before[1], "moved:3@c.us.0", before[3], "1500:3@lid.0"];
  expect(await addresses()).toEqual(after);
});

test("while a replay waits, what is stored since moves the address", async () => {
  const world = new LidWorld();
  const { cache, backend } = world;
  await world.learn("usync", "1000", PN, 1);
  await cache.learn([{ lid: "1001", phoneNumber: PN, createdAt: 5 }], { source: "usync", offline: true });
  const address = (): Promise<string> => cache.resolveAddress(`${PN}@c.us.0`);
  expect(await address()).toBe("1000@lid.0");
  await world.learn("usync", "1002", PN, 6);
  expect(await address()).toBe("1002@lid.0");
  const entries = [mapping("1003", PN, 7)];
  await backend.putLidMappings(entries);
  await cache.follow([{ kind: "lidMapping.put", entries }]);
  expect(await address()).toBe("1003@lid.0");
  await backend.deleteLidMappings(["1003"]);
  await cache.follow([{ kind: "lidMapping.delete", lids: ["1003"] }]);
  expect(await address()).toBe("1002@lid.0");
});

test("a read of where state is that fails is an error, and is asked again", async () => {
  const world = new LidWorld();
  const replay = { source: "peer_pn_message", offline: true } as const;
  await world.cache.learn([{ lid: LID, phoneNumber: PN }], replay);
  world.faults.failReads(new BackendError("disk"));
  await expect(world.cache.resolveAddress(`${PN}@c.us.0`)).rejects.toBeInstanceOf(BackendError);
  world.faults.failReads(undefined);
  expect(await world.cache.resolveAddress(`${PN}@c.us.0`)).toBe(`${PN}@c.us.0`);
  await world.backend.putLidMapping(mapping(LID, PN, 5));
  await world.cache.follow([{ kind: "lidMapping.put", entries: [mapping(LID, PN, 5)] }]);
  expect(await world.cache.resolveAddress(`${PN}@c.us.0`)).toBe(`${LID}@lid.0`);
});

test("a commit that fails teaches nothing", async () => {
  const world = new LidWorld();
  world.faults.failCommitAt(0);
  await expect(world.learn("usync")).rejects.toThrow();
  expect(await world.cache.getLid(PN)).toBeUndefined();
  expect((await world.learn("usync")).resolved).toHaveLength(1);
});

test("after a commit in doubt the store is asked, whether it was made or not", async () => {
  for (const isMade of [true, false]) {
    const world = new LidWorld();
    await world.learn("usync", "1000", PN, 1);
    await world.learn("usync", LID, "other", 1);
    if (!isMade) world.faults.failCommitAt(0);
    world.duringCommit = async () => {
      throw new AmbiguousError("commit: no answer");
    };
    const { backend } = world;
    const commit = backend.commit.bind(backend);
    backend.commit = (writes) =>
      commit(writes).catch(() => {
        throw new AmbiguousError("commit: no answer");
      });
    await expect(world.learn("usync", LID, PN, 2)).rejects.toBeInstanceOf(AmbiguousError);
    expect(await world.cache.getLids([PN, "other"])).toEqual(isMade ? [LID, undefined] : ["1000", LID]);
    expect(await world.cache.getPn(LID)).toBe(isMade ? PN : "other");
    world.duringCommit = async () => {};
    await world.learn("usync", LID, PN, 2);
    expect(await world.cache.getLid(PN)).toBe(LID);
  }
});

test("what others have stored while it was being learnt is asked of the store", async () => {
  const world = new LidWorld();
  const { cache, backend } = world;
  await world.learn("usync", LID, "other", 1);
  world.duringCommit = async () => {
    const entries = [mapping(LID, "third", 3)];
    await backend.putLidMappings(entries);
    await cache.follow([{ kind: "lidMapping.put", entries }]);
  };
  await world.learn("usync", LID, PN, 2);
  expect(await cache.getLids(["other", PN, "third"])).toEqual([undefined, undefined, LID]);
  expect(await cache.getPn(LID)).toBe("third");
});

test("who asks while it is learnt is answered before or after, and nobody is wrong later", async () => {
  const world = new LidWorld();
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
  const world = new LidWorld();
  await Promise.all([
    world.learn("usync", "1001", PN, 2),
    world.learn("usync", "1002", PN, 3),
    world.learn("usync", "1003", PN, 1),
  ]);
  expect(await world.cache.getLid(PN)).toBe("1002");
  expect(await world.open().getLid(PN)).toBe("1002");
});

test("unless told otherwise the newest ten thousand are warmed up, and no page is read beyond them", async () => {
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

test("warming up reads the newest, once, and leaves what was learnt meanwhile", async () => {
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

/** Reads of all mappings that wait, each once it has its answer, until they are let go. */
class HeldReads {
  count = 0;
  #letGo: () => void = () => {};
  readonly #held = new Promise<void>((resolve) => {
    this.#letGo = resolve;
  });

  letGo(): void {
    this.#letGo();
  }

  /** What is read is what the store says when the read begins. */
  async *of(world: LidWorld): AsyncGenerator<LidPnMapping> {
    this.count += 1;
    const stored: LidPnMapping[] = [];
    for await (const one of world.backend.getAllLidMappings()) stored.push(one);
    await this.#held;
    yield* stored;
  }
}

test("two warm-ups at once are one read, and neither lays what it has read over what was learnt", async () => {
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
  // One after the other they are two.
  await world.cache.warmUp();
  expect(held.count).toBe(2);
});

test("a warm-up of more than is being read reads itself, after it", async () => {
  const world = new LidWorld();
  await world.backend.putLidMappings([mapping("1000", PN, 1), mapping("1500", "other", 2)]);
  const { cache } = world;
  expect(await Promise.all([cache.warmUp({ limit: 1 }), cache.warmUp({ limit: 2 })])).toEqual([1, 2]);
  expect(cache.stats.queries).toBe(2);
  expect([cache.peekLid(PN), cache.peekLid("other")]).toEqual(["1000", "1500"]);
});

test("a warm-up that fails takes no note of what is learnt after it, and the next one reads again", async () => {
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

test("a warm-up leaves what replays concern as they say", async () => {
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

test("addresses and JIDs become those of the LID, with their device", async () => {
  const world = new LidWorld();
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
  const { cache } = new LidWorld();
  for (const mapping of [
    { lid: "", phoneNumber: PN },
    { lid: LID, phoneNumber: "5@c" },
    { lid: "a:b", phoneNumber: PN },
  ]) {
    await expect(cache.learn([mapping], { source: "usync" })).rejects.toBeInstanceOf(TypeError);
  }
  const early = [{ lid: LID, phoneNumber: PN, createdAt: -1 }];
  await expect(cache.learn(early, { source: "usync" })).rejects.toBeInstanceOf(RangeError);
  expect(await cache.getLid("not/a:user")).toBeUndefined();
});

/** What must be known, as plain lists: every LID with its phone, in the order in which they were written. */
class Model {
  written: { readonly lid: string; readonly phoneNumber: string; readonly createdAt: number }[] = [];

  getPn(lid: string): string | undefined {
    return this.written.find((mapping) => mapping.lid === lid)?.phoneNumber;
  }

  getLid(phoneNumber: string): string | undefined {
    return this.#newest(phoneNumber)?.lid;
  }

  learn(mappings: readonly LearntMapping[], source: LearningSource): void {
    const isLast = (mapping: LearntMapping, end: "lid" | "phoneNumber", all: readonly LearntMapping[]) =>
      !all.slice(all.indexOf(mapping) + 1).some((later) => later[end] === mapping[end]);
    const perPhone = mappings.filter((mapping) => isLast(mapping, "phoneNumber", mappings));
    const perLid = perPhone.filter((mapping) => isLast(mapping, "lid", perPhone));
    const news = perLid
      .map(({ lid, phoneNumber, createdAt = 0 }) => ({
        ...{ lid, phoneNumber, createdAt: UNDATED.includes(source) ? 0 : createdAt },
      }))
      .filter((mapping) => this.#isNews(mapping, source));
    const lids = new Set(news.map(({ lid }) => lid));
    this.written = [...this.written.filter(({ lid }) => !lids.has(lid)), ...news];
  }

  #newest(phoneNumber: string) {
    const own = this.written.filter((mapping) => mapping.phoneNumber === phoneNumber);
    const newestAt = Math.max(...own.map(({ createdAt }) => createdAt));
    return own.findLast(({ createdAt }) => createdAt === newestAt);
  }

  #isNews(mapping: { lid: string; phoneNumber: string; createdAt: number }, source: LearningSource): boolean {
    const { lid, phoneNumber, createdAt } = mapping;
    const isSeen = this.getPn(lid) !== undefined;
    if (WEAK.includes(source)) return !isSeen;
    const newest = this.#newest(phoneNumber);
    if (newest?.lid === lid) return false;
    // An earlier LID of this phone is news only when it is the latest again.
    return this.getPn(lid) !== phoneNumber || newest === undefined || createdAt >= newest.createdAt;
  }
}

const PHONES = ["51", "52", "53"];

/** The LID of a phone, in a list that has the newest first. */
function newestOf(stored: readonly LidPnMapping[], phone: string): string | undefined {
  return stored.find(({ phoneNumber }) => phoneNumber === phone)?.lid;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

test("memory, the store and a plain model agree, whatever is learnt, evicted and reopened", async () => {
  const step = fc.record({
    kind: fc.constantFrom("learn", "learn", "learn", "together", "ask", "reopen", "warm", "fail"),
    mappings: fc.array(
      fc.record({
        lid: fc.constantFrom("1", "2", "3", "4"),
        phoneNumber: fc.constantFrom(...PHONES),
        createdAt: fc.integer({ min: 0, max: 6 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    source: fc.constantFrom(...LEARNING_SOURCES),
    capacity: fc.integer({ min: 0, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = new LidWorld();
      const model = new Model();
      for (const { kind, mappings, source, capacity } of steps) {
        if (kind === "learn") {
          await world.cache.learn(mappings, { source });
          model.learn(mappings, source);
        }
        if (kind === "together") {
          await Promise.all(mappings.map((one) => world.cache.learn([one], { source })));
          // One after the other, in an order that nobody promises.
          const stored: LidPnMapping[] = [];
          for await (const one of world.backend.getAllLidMappings()) stored.push(one);
          const before = model.written;
          const isSame = permutations(mappings).some((order) => {
            model.written = before;
            for (const one of order) model.learn([one], source);
            return (
              model.written.length === stored.length &&
              stored.every(({ lid, phoneNumber }) => model.getPn(lid) === phoneNumber) &&
              PHONES.every((phone) => model.getLid(phone) === newestOf(stored, phone))
            );
          });
          expect(isSame).toBe(true);
        }
        if (kind === "fail") {
          // Fails if there is anything to write; either way nothing is learnt.
          world.faults.failCommitAt(0);
          const { written } = await world.cache.learn(mappings, { source }).catch(() => ({ written: 0 }));
          world.faults.takeFailure();
          expect(written).toBe(0);
        }
        if (kind === "ask") await world.cache.getLids(mappings.map(({ phoneNumber }) => phoneNumber));
        if (kind === "reopen") world.cache = world.open(capacity);
        if (kind === "warm") await world.cache.warmUp();
        for (const pn of PHONES) {
          expect(await world.cache.getLid(pn)).toBe(model.getLid(pn));
          expect((await world.backend.getPnMapping(pn))?.lid).toBe(model.getLid(pn));
        }
        for (const lid of ["1", "2", "3", "4"]) {
          expect(await world.cache.getPn(lid)).toBe(model.getPn(lid));
          expect((await world.backend.getLidMapping(lid))?.phoneNumber).toBe(model.getPn(lid));
        }
      }
    }),
    { numRuns: 200 },
  );
});

function mapping(lid: string, phoneNumber: string, createdAt: number): LidPnMapping {
  return { lid, phoneNumber, createdAt, updatedAt: createdAt, learningSource: "usync" };
}
