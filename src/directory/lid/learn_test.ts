import { describe, expect, test } from "vitest";
import { LID, LidWorld, NOTHING, PN, UNDATED, WEAK } from "../../../test/support/account/lid_world.ts";
import { LEARNING_SOURCES } from "../../backend/mod.ts";

describe("LidPnCache.learn", () => {
  test("accepts new mappings after the clock stepped back", async () => {
    for (const source of LEARNING_SOURCES) {
      const world = new LidWorld();
      await world.learn("usync", "1000");
      world.clock.set(world.clock.nowMs() - 86_400_000);
      const { resolved } = await world.learn(source, "1001");
      const isDated = !UNDATED.includes(source);
      expect(resolved.length, source).toBe(isDated ? 1 : 0);
      for (const cache of [world.cache, world.open()]) {
        expect(await cache.getLid(PN), source).toBe(isDated ? "1001" : "1000");
      }
    }
  });

  test("reports phone numbers whose LID a weak source contradicts", async () => {
    for (const source of LEARNING_SOURCES) {
      const world = new LidWorld();
      await world.learn("usync", "1000", "A", 5);
      await world.learn("usync", "1001", "A", 6);
      await world.learn("usync", "2000", "B", 6);
      const contradicted = async (lid: string, phoneNumber: string) =>
        (await world.learn(source, lid, phoneNumber, 5)).contradicted;
      const isWeak = WEAK.includes(source);
      expect(await contradicted("1001", "A"), source).toEqual([]);
      expect(await contradicted("3000", "C"), source).toEqual([]);
      expect(await contradicted("1000", "A"), source).toEqual(isWeak ? ["A"] : []);
      expect(await contradicted("2000", "A"), source).toEqual(isWeak ? ["A", "B"] : []);
    }
  });

  test("accepts overriding mappings from every source", async () => {
    const world = new LidWorld();
    const learn = (lid: string, phoneNumber: string) =>
      world.cache.learn([{ lid, phoneNumber }], { source: "other", overrides: true });
    await world.learn("usync", "1000", "A");
    await world.learn("usync", "1001", "A");
    expect(await learn("1000", "A")).toMatchObject({ written: 1, contradicted: [] });
    expect(await learn("1000", "A")).toEqual(NOTHING);
    expect(await world.cache.getLid("A")).toBe("1000");
    await learn("1000", "B");
    expect(await world.open().getLids(["A", "B"])).toEqual(["1001", "1000"]);
  });
});

describe("LidPnCache.learn of our own pair", () => {
  const OURS = { pn: "5511999990009:3@s.whatsapp.net", lid: "100000000000009:3@lid" };
  const [OUR_PN, OUR_LID] = ["5511999990009", "100000000000009"];
  const halves = [
    { lid: LID, phoneNumber: OUR_PN },
    { lid: OUR_LID, phoneNumber: PN },
  ];
  const swapped = [
    { lid: OUR_PN, phoneNumber: OUR_LID },
    { lid: OUR_PN, phoneNumber: LID },
    { lid: PN, phoneNumber: OUR_LID },
  ];

  test("refuses half-own and swapped mappings and learns the rest", async () => {
    for (const source of LEARNING_SOURCES) {
      for (const offline of [false, true]) {
        const world = new LidWorld();
        world.own.add(() => OURS);
        const mappings = [{ lid: "1000", phoneNumber: "55" }, ...halves, ...swapped];
        const report = await world.cache.learn(mappings, { source, offline });
        expect(report, source).toMatchObject({ written: offline ? 0 : 1, refused: 5 });
        expect(world.cache.stats.refused).toBe(5);
        expect(world.logger.entries).toMatchObject([{ level: "warn", fields: { swapped: 3, halfOwn: 2 } }]);
        const stored: string[] = [];
        for await (const { lid } of world.backend.getAllLidMappings()) stored.push(lid);
        expect(stored).toEqual(offline ? [] : ["1000"]);
        expect(await world.cache.getPns([LID, OUR_LID, OUR_PN])).toEqual([undefined, undefined, undefined]);
        expect(await world.learn(source, OUR_LID, OUR_PN)).toMatchObject({ written: 1, refused: 0 });
      }
    }
  });

  test("accepts our unknown end from pairing alone", async () => {
    for (const source of LEARNING_SOURCES) {
      for (const known of ["pn", "lid"] as const) {
        const world = new LidWorld();
        world.own.add(() => ({ [known]: OURS[known] }));
        const { refused } = await world.learn(source, OUR_LID, OUR_PN);
        expect(refused, source).toBe(source === "pairing" ? 0 : 1);
      }
    }
  });

  test("knows our JIDs from every added source", async () => {
    const world = new LidWorld();
    let mirror: typeof OURS | undefined;
    world.own.add(() => ({ pn: OURS.pn }));
    world.own.add(() => mirror);
    expect(await world.learn("usync", OUR_LID, OUR_PN)).toMatchObject({ refused: 1 });
    mirror = OURS;
    expect(await world.learn("usync", OUR_LID, OUR_PN)).toMatchObject({ refused: 0, written: 1 });
    expect(await world.learn("usync", LID, OUR_PN)).toMatchObject({ refused: 1 });
  });
});
