import { describe, expect, test } from "vitest";
import { LID, LidWorld, mapping, NOTHING, PN, UNDATED } from "../../../test/support/account/lid_world.ts";
import type { LearningSource } from "../../backend/mod.ts";
import { LEARNING_SOURCES } from "../../backend/mod.ts";
import { AmbiguousError, BackendError } from "../../errors/mod.ts";

describe("LidPnCache.getLid", () => {
  test("queries the store once per direction, also for an absent mapping", async () => {
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
    expect([cache.peekLid(PN), cache.peekPn(LID), cache.peekLid("never asked")]).toEqual([
      LID,
      PN,
      undefined,
    ]);
    expect(cache.stats.queries).toBe(4);
  });

  test("reads all cold entries in one query", async () => {
    const { backend, cache } = new LidWorld();
    const numbers = Array.from({ length: 50 }, (_, n) => `55${n}`);
    await backend.putLidMappings(numbers.slice(0, 40).map((number, n) => mapping(`10${n}`, number, 5)));
    await cache.getLid("550");
    expect(await cache.getLids(numbers)).toEqual(numbers.map((_, n) => (n < 40 ? `10${n}` : undefined)));
    expect(cache.stats.queries).toBe(2);
    expect(await cache.getPns(["100", "109", "1045"])).toEqual(["550", "559", undefined]);
  });

  test("rejects when a read fails, and reads again", async () => {
    const { cache, faults } = new LidWorld();
    faults.failReads(new BackendError("disk"));
    await expect(cache.getLid(PN)).rejects.toBeInstanceOf(BackendError);
    faults.failReads(undefined);
    expect(await cache.getLid(PN)).toBeUndefined();
  });
});

/**
 * Whether each source may overwrite a mapping of LID 1000 and phone A, dated 5, in four cases: a newer LID of
 * A, an older LID of A, the same mapping with a newer date, and LID 1000 for another phone.
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

describe("LidPnCache.learn with several mappings", () => {
  test("resolves a phone number to its newest LID, and each LID to the phone", async () => {
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

  test("falls back to the previous LID when the newest moves to another phone", async () => {
    const world = new LidWorld();
    await world.learn("usync", "1000", PN, 5);
    await world.learn("usync", "1001", PN, 6);
    await world.learn("peer_lid_message", "1001", "other", 7);
    for (const cache of [world.cache, world.open()]) {
      expect(await cache.getLids([PN, "other"])).toEqual(["1000", "1001"]);
      expect(await cache.getPn("1001")).toBe("other");
    }
  });

  test("writes only mappings that the policy of their source allows", async () => {
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
        moved
          ? { isWritten: true, a: undefined, b: "1000", resolved: ["B"] }
          : { ...loses, isWritten: false },
      );
    }
  });

  test("does not write a known mapping again", async () => {
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

  test("commits the last mapping of each phone in a batch, all at once", async () => {
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
});

describe("LidPnCache.resolveAddress", () => {
  test("rejects when the read of the stored LID fails, and reads again", async () => {
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
});

describe("LidPnCache.learn while the store fails or changes", () => {
  test("learns nothing when the commit fails", async () => {
    const world = new LidWorld();
    world.faults.failCommitAt(0);
    await expect(world.learn("usync")).rejects.toThrow();
    expect(await world.cache.getLid(PN)).toBeUndefined();
    expect((await world.learn("usync")).resolved).toHaveLength(1);
  });

  test("reads the store again after an ambiguous commit", async () => {
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

  test("reads the store again after a commit by other code", async () => {
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

  test("answers a lookup during learning with the old or the new LID", async () => {
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

  test("agrees with the store after concurrent calls for one phone", async () => {
    const world = new LidWorld();
    await Promise.all([
      world.learn("usync", "1001", PN, 2),
      world.learn("usync", "1002", PN, 3),
      world.learn("usync", "1003", PN, 1),
    ]);
    expect(await world.cache.getLid(PN)).toBe("1002");
    expect(await world.open().getLid(PN)).toBe("1002");
  });
});

describe("LidPnCache.encryptionJid", () => {
  test("replaces the phone number by the LID and keeps the device", async () => {
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
});

describe("LidPnCache.userOf", () => {
  test("finds the user by its newest LID, not by a former one", async () => {
    const world = new LidWorld();
    await world.learn("usync", "1000", PN, 5);
    await world.learn("usync", "1001", PN, 6);
    const user = { pn: PN, lid: "1001" };
    const addresses = [`${PN}:2@c.us.0`, "1001:2@lid.0", "1000:2@lid.0"];
    for (const cache of [world.cache, world.open()]) {
      const users = await Promise.all(addresses.map((address) => cache.userOf(address)));
      expect(users).toEqual([user, user, undefined]);
    }
  });

  test("finds no user by a LID that has moved to another phone", async () => {
    const world = new LidWorld();
    await world.learn("usync", "1000", PN, 5);
    await world.learn("peer_lid_message", "1000", "other", 6);
    expect(await world.cache.userOf(`${PN}@c.us.0`)).toBeUndefined();
    expect(await world.cache.userOf("1000@lid.0")).toEqual({ pn: "other", lid: "1000" });
  });
});

describe("LidPnCache.whileMapped", () => {
  test("leaves out users whose mapping has changed in between", async () => {
    const world = new LidWorld();
    await world.learn("usync", "1000", PN, 5);
    await world.learn("usync", "2000", "other", 5);
    const users = [
      { pn: PN, lid: "1000" },
      { pn: "other", lid: "2000" },
    ];
    expect(await world.cache.whileMapped(users, async (mapped) => mapped)).toEqual(users);
    await world.learn("usync", "1001", PN, 6);
    expect(await world.cache.whileMapped(users, async (mapped) => mapped)).toEqual(users.slice(1));
  });

  test("keeps the mappings until the section ends", async () => {
    const world = new LidWorld();
    await world.learn("usync", "1000", PN, 5);
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const section = world.cache.whileMapped([{ pn: PN, lid: "1000" }], async () => await ended);
    let isLearnt = false;
    const learning = world.learn("usync", "1001", PN, 6).then(() => {
      isLearnt = true;
    });
    for (let hop = 0; hop < 100; hop += 1) await Promise.resolve();
    expect([isLearnt, await world.cache.getLid(PN)]).toEqual([false, "1000"]);
    end();
    await Promise.all([section, learning]);
    expect(await world.cache.getLid(PN)).toBe("1001");
  });
});

describe("LidPnCache.learn with malformed mappings", () => {
  test("rejects malformed mappings", async () => {
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
});
