/** Valid and invalid mappings that Baileys reports, and its lookups, over the mappings of the account. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { directory } from "../../src/directory/mod.ts";
import {
  ANNA,
  ANNA_LID,
  BEN_LID,
  BEN_PN,
  LidWorld,
  lid,
  pn,
  silenceLibsignal,
  stockPeer,
} from "./lid_world.ts";

beforeEach(silenceLibsignal);
afterEach(() => {
  vi.restoreAllMocks();
});

const [ANNA_PN = "", ANNA_LID_USER = ""] = [ANNA, ANNA_LID].map((jid) => jid.split(":")[0]);
const CARL = { lid: "300000000000003", pn: "15550000003" };

/** A way in which Baileys reports a pair of JIDs. */
type TellPair = (world: LidWorld, pair: { lid: string; pn: string }) => Promise<unknown>;

const WAYS: readonly (readonly [string, TellPair])[] = [
  [
    "storeLIDPNMappings",
    ({ anna: { peer } }, pair) =>
      peer.repository.lidMapping.storeLIDPNMappings([
        pair,
        { lid: `${CARL.lid}@lid`, pn: `${CARL.pn}@s.whatsapp.net` },
      ]),
  ],
  [
    "keys.set",
    ({ anna: { keys } }, pair) => {
      const [lidUser = "", pnUser = ""] = [pair.lid, pair.pn].map((jid) => jid.split(/[:@]/)[0]);
      return keys.set({
        "lid-mapping": { [pnUser]: lidUser, [`${lidUser}_reverse`]: pnUser, [CARL.pn]: CARL.lid },
      });
    },
  ],
];

describe.each(WAYS)("a mapping reported by %s", (_, tell) => {
  const WRONG = [
    ["our number and a peer's LID", { lid: lid(), pn: ANNA }],
    ["our LID and a peer's number", { lid: ANNA_LID, pn: pn() }],
    ["our own pair swapped", { lid: ANNA, pn: ANNA_LID }],
  ] as const;

  test.each(WRONG)("is refused when it is %s, and the rest is stored", async (_name, pair) => {
    const world = await LidWorld.open({ id: ANNA, lid: ANNA_LID });
    const { account, peer } = world.anna;
    const phone = stockPeer(pn());
    await world.meet(phone);
    await tell(world, pair);
    await peer.repository.migrateSession(pair.pn, pair.lid);
    const { getLid, getPn } = {
      getLid: (user: string) => account.lid.getLid(user),
      getPn: (user: string) => account.lid.getPn(user),
    };
    expect(await getLid(CARL.pn)).toBe(CARL.lid);
    expect([await getLid(ANNA_PN), await getPn(ANNA_LID_USER)]).toEqual([ANNA_LID_USER, ANNA_PN]);
    expect([await getLid(BEN_PN), await getPn(BEN_LID)]).toEqual([undefined, undefined]);
    expect(account.lid.stats.refused).toBeGreaterThan(0);
    expect(await world.rows()).toEqual([`identity ${BEN_PN}@c.us.0`, `session ${BEN_PN}@c.us.0`]);
    expect(await world.reads(phone, "text")).toBe("text");
  });

  test("is refused when it is our number and our LID is not known", async () => {
    const world = await LidWorld.open();
    Object.assign(world.anna.peer.creds, { me: { id: ANNA } });
    await tell(world, { lid: lid(), pn: ANNA });
    expect(await world.anna.account.lid.getLid(ANNA_PN)).toBeUndefined();
    // Login updates the credentials first, which are not saved yet.
    Object.assign(world.anna.peer.creds, { me: { id: ANNA, lid: ANNA_LID } });
    await tell(world, { lid: ANNA_LID, pn: ANNA });
    expect(await world.anna.account.lid.getLid(ANNA_PN)).toBe(ANNA_LID_USER);
  });

  test("is refused when its ends are known the other way round", async () => {
    const world = await LidWorld.open();
    await tell(world, { lid: lid(), pn: pn() });
    await tell(world, { lid: pn(), pn: lid() });
    const { account } = world.anna;
    expect([await account.lid.getLid(BEN_PN), await account.lid.getPn(BEN_LID)]).toEqual([BEN_LID, BEN_PN]);
    expect([await account.lid.getLid(BEN_LID), account.lid.stats.refused]).toEqual([undefined, 1]);
  });

  test("replaces the previous mapping, whatever its source", async () => {
    const world = await LidWorld.open();
    const learn = (user: string) =>
      directory(world.anna.account).learn([{ lid: user, phoneNumber: BEN_PN }], { source: "usync" });
    await learn("1000");
    await tell(world, { lid: lid(), pn: pn() });
    const asked = () => world.anna.peer.repository.lidMapping.getLIDForPN(pn());
    expect(await asked()).toBe(lid());
    await learn("1000");
    expect(await asked()).toBe("1000@lid");
    await tell(world, { lid: lid(), pn: pn() });
    expect(await asked()).toBe(lid());
  });
});

describe("Baileys' look-ups", () => {
  test("return the account's mappings in Baileys' format", async () => {
    const world = await LidWorld.open();
    const { lidMapping } = world.anna.peer.repository;
    expect(await lidMapping.getLIDForPN(pn(3))).toBeNull();
    expect(await lidMapping.getPNForLID(lid(3))).toBeNull();
    await directory(world.anna.account).learn([{ lid: BEN_LID, phoneNumber: BEN_PN }], { source: "usync" });
    expect(await lidMapping.getLIDForPN(pn(3))).toBe(lid(3));
    expect(await lidMapping.getPNForLID(lid(3))).toBe(`${BEN_PN}:3@s.whatsapp.net`);
    expect(await lidMapping.getPNForLID(lid())).toBe(`${BEN_PN}:0@s.whatsapp.net`);
    expect(await lidMapping.getLIDsForPNs([pn(), pn(2), "1@s.whatsapp.net", "1@g.us"])).toEqual([
      { lid: lid(), pn: pn() },
      { lid: lid(2), pn: pn(2) },
    ]);
    expect(await lidMapping.getPNsForLIDs([lid(2), "1@lid", pn()])).toEqual([
      { lid: lid(2), pn: `${BEN_PN}:2@s.whatsapp.net` },
    ]);
    expect(await lidMapping.getLIDsForPNs([])).toBeNull();
    expect(await lidMapping.getLIDForPN(`${BEN_PN}:99@hosted`)).toBe(`${BEN_LID}:99@hosted.lid`);
    // The LID moves to another phone.
    await directory(world.anna.account).learn([{ lid: BEN_LID, phoneNumber: "1" }], { source: "usync" });
    expect(await lidMapping.getLIDForPN(pn())).toBeNull();
    expect(await lidMapping.getPNForLID(lid())).toBe("1:0@s.whatsapp.net");
  });

  test("and migrateSession do not query the store for known users", async () => {
    const world = await LidWorld.open();
    const phone = stockPeer(pn());
    await world.meet(phone);
    const { repository } = world.anna.peer;
    await repository.lidMapping.storeLIDPNMappings([{ lid: lid(), pn: pn() }]);
    await world.reads(phone, "warm", lid());
    const { store } = world.anna.account;
    const reads = [
      "listSignalAddresses",
      "getDevicesFor",
      "getPnMappings",
      "getLidMappings",
      "getTcToken",
      "loadSessionRow",
      "loadIdentity",
    ] as const;
    const spies = reads.map((read) => vi.spyOn(store, read));
    const { commits } = world.anna.account.stats();
    for (let n = 0; n < 3; n += 1) {
      // As handleMessage does for each message with a LID.
      await repository.lidMapping.storeLIDPNMappings([{ lid: lid(), pn: pn() }]);
      expect(await repository.migrateSession(pn(), lid())).toEqual({ migrated: 0, skipped: 0, total: 0 });
      expect(await world.reads(phone, "text", lid())).toBe("text");
      expect(await repository.validateSession(pn())).toEqual({ exists: true });
      expect(await repository.lidMapping.getPNForLID(lid())).not.toBeNull();
    }
    expect(spies.map((spy) => spy.mock.calls.length)).toEqual(reads.map(() => 0));
    expect(world.anna.account.stats().commits).toBe(commits);
  });
});

describe("trusted-contact tokens", () => {
  const token = (fill: number) => Buffer.alloc(4, fill);
  const known = async ({ anna: { keys } }: LidWorld, jid: string) => (await keys.get("tctoken", [jid]))[jid];

  const TELLINGS: readonly (readonly [string, (world: LidWorld) => Promise<unknown>])[] = [
    ["learnt", ({ anna }) => anna.peer.repository.lidMapping.storeLIDPNMappings([{ lid: lid(), pn: pn() }])],
    ["stored by others", (world) => world.strand()],
  ];

  test.each(TELLINGS)("are found under the LID when its mapping is %s", async (_, tell) => {
    const world = await LidWorld.open();
    const entry = { token: token(1), timestamp: "100", senderTimestamp: 7 };
    await world.anna.keys.set({ tctoken: { [pn()]: entry } });
    await tell(world);
    for (const jid of [lid(), pn()]) expect(await known(world, jid)).toEqual(entry);
    expect(await world.anna.account.store.getAllTcTokenJids()).toEqual([lid()]);
  });

  test("keep the later of two tokens and the later time of use", async () => {
    for (const [ofPn, ofLid] of [
      [100, 200],
      [200, 100],
    ] as const) {
      const world = await LidWorld.open();
      await world.anna.keys.set({
        tctoken: {
          [pn()]: { token: token(1), timestamp: String(ofPn), senderTimestamp: 300 - ofPn },
          [lid()]: { token: token(2), timestamp: String(ofLid), senderTimestamp: 300 - ofLid },
        },
      });
      await world.anna.peer.repository.lidMapping.storeLIDPNMappings([{ lid: lid(), pn: pn() }]);
      const later = ofPn > ofLid ? 1 : 2;
      expect(await known(world, lid())).toEqual({
        token: token(later),
        timestamp: "200",
        senderTimestamp: 200,
      });
    }
  });

  test("are stored and deleted under the LID, whichever name is given", async () => {
    const world = await LidWorld.open();
    await world.anna.peer.repository.lidMapping.storeLIDPNMappings([{ lid: lid(), pn: pn() }]);
    await world.anna.keys.set({ tctoken: { [pn()]: { token: token(1), timestamp: "1" } } });
    expect(await world.anna.account.store.getAllTcTokenJids()).toEqual([lid()]);
    await world.anna.keys.set({ tctoken: { [pn()]: null } });
    expect(await known(world, lid())).toBeUndefined();
  });
});

describe("device lists", () => {
  const listOf = async ({ anna: { keys } }: LidWorld, user: string) =>
    (await keys.get("device-list", [user]))[user];

  test("are one list under both names", async () => {
    const world = await LidWorld.open();
    await world.anna.keys.set({ "device-list": { [BEN_PN]: ["0", "3"] } });
    await world.anna.peer.repository.lidMapping.storeLIDPNMappings([{ lid: lid(), pn: pn() }]);
    expect([await listOf(world, BEN_PN), await listOf(world, BEN_LID)]).toEqual([
      ["0", "3"],
      ["0", "3"],
    ]);
    await world.anna.keys.set({ "device-list": { [BEN_PN]: ["0", "4"] } });
    expect([await listOf(world, BEN_PN), await listOf(world, BEN_LID)]).toEqual([
      ["0", "4"],
      ["0", "4"],
    ]);
  });

  test("leave nothing under the other name when they are deleted", async () => {
    for (const named of [BEN_PN, BEN_LID]) {
      const world = await LidWorld.open();
      await world.anna.peer.repository.lidMapping.storeLIDPNMappings([{ lid: lid(), pn: pn() }]);
      const { keys, account } = world.anna;
      for (const user of [BEN_PN, BEN_LID])
        await account.store.updateDeviceList({ user, devices: [{ deviceId: 0 }], timestamp: 1 });
      await keys.set({ "device-list": { [named]: null } });
      expect([await listOf(world, BEN_PN), await listOf(world, BEN_LID)]).toEqual([undefined, undefined]);
    }
  });

  test("of our own user get this device at login", async () => {
    const world = await LidWorld.open({ id: ANNA, lid: ANNA_LID });
    const set = (devices: string[]) => world.anna.keys.set({ "device-list": { [ANNA_PN]: devices } });
    await set(["0", "5"]);
    await set(["1"]);
    expect(await listOf(world, ANNA_PN)).toEqual(["0", "5", "1"]);
    await set(["1"]);
    expect(await listOf(world, ANNA_LID_USER)).toEqual(["0", "5", "1"]);
    for (const devices of [["0"], ["5"], ["0", "1"]]) {
      await set(devices);
      expect(await listOf(world, ANNA_PN)).toEqual(devices);
    }
    await world.anna.keys.set({ "device-list": { [BEN_PN]: ["0", "1"] } });
    await world.anna.keys.set({ "device-list": { [BEN_PN]: ["1"] } });
    expect(await listOf(world, BEN_PN)).toEqual(["1"]);
  });
});

test("learns nothing from a `set` with another malformed value", async () => {
  const world = await LidWorld.open();
  const set = { "lid-mapping": { [BEN_PN]: BEN_LID }, session: { "not an address": {} } };
  await expect(world.anna.keys.set(set)).rejects.toThrow(TypeError);
  expect(await world.anna.account.lid.getLid(BEN_PN)).toBeUndefined();
});

test("forgets a deleted mapping", async () => {
  const world = await LidWorld.open();
  const { keys } = world.anna;
  await keys.set({ "lid-mapping": { [BEN_PN]: BEN_LID } });
  expect(await keys.get("lid-mapping", [BEN_PN, `${BEN_LID}_reverse`])).toEqual({
    [BEN_PN]: BEN_LID,
    [`${BEN_LID}_reverse`]: BEN_PN,
  });
  await keys.set({ "lid-mapping": { [BEN_PN]: null } });
  expect(await keys.get("lid-mapping", [BEN_PN, `${BEN_LID}_reverse`])).toEqual({});
});
