import { describe, expect, test } from "vitest";
import { LidWorld, mapping, NOTHING, PN } from "../../../test/support/account/lid_world.ts";

describe("LidPnCache.learn from a replay", () => {
  test("keeps a replayed mapping in memory until it is seen live", async () => {
    const world = new LidWorld();
    await world.learn("usync", "1000", PN, 1);
    const replay = { source: "peer_pn_message", offline: true } as const;
    const report = await world.cache.learn([{ lid: "1001", phoneNumber: PN, createdAt: 5 }], replay);
    expect(report).toEqual(NOTHING);
    expect(await world.cache.getLid(PN)).toBe("1001");
    expect(await world.open().getLid(PN)).toBe("1000");

    // A failed commit leaves the mapping pending.
    world.faults.failCommitAt(0);
    await expect(world.learn("peer_pn_message", "1001", PN, 5)).rejects.toThrow();
    expect(await world.open().getLid(PN)).toBe("1000");
    const { written, resolved } = await world.learn("usync", "1001", PN, 5);
    expect([written, resolved]).toEqual([1, [{ phoneNumber: PN, lid: "1001", previousLid: undefined }]]);
    expect(await world.open().getLid(PN)).toBe("1001");
  });

  test("keeps a replayed mapping after its cache entry is evicted", async () => {
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

  test("resolves addresses by stored mappings, not by replayed ones", async () => {
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
    // The LID moves once more, to a third phone.
    await cache.learn([{ lid: "1500", phoneNumber: "third", createdAt: 6 }], replay);
    const phones = [PN, "unknown", "moved", "elsewhere", "third"];
    expect(await cache.getLids(phones)).toEqual(["1001", "1002", undefined, undefined, "1500"]);
    const addresses = async (): Promise<string[]> =>
      await Promise.all(phones.map((phone) => cache.resolveAddress(`${phone}:3@c.us.0`)));
    const before = [
      "1000:3@lid.0",
      "unknown:3@c.us.0",
      "1500:3@lid.0",
      "elsewhere:3@c.us.0",
      "third:3@c.us.0",
    ];
    expect(await addresses()).toEqual(before);
    const { queries } = cache.stats;
    expect(await addresses()).toEqual(before);
    expect(cache.stats.queries).toBe(queries);
    const jid = { user: PN, server: "s.whatsapp.net", device: 3, agent: 0 } as const;
    expect((await cache.encryptionJid(jid)).user).toBe("1000");
    expect((await cache.swapNamespace(jid))?.user).toBe("1001");

    // Once the mapping is seen live and stored, the address is the new one.
    await world.learn("peer_pn_message", "1001", PN, 5);
    await world.learn("usync", "1500", "third", 6);
    const after = ["1001:3@lid.0", before[1], "moved:3@c.us.0", before[3], "1500:3@lid.0"];
    expect(await addresses()).toEqual(after);
  });

  test("follows mappings that are stored while a replayed one waits", async () => {
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
});
