/**
 * A LID becomes known in each way in which rc14 reports it. The state under the phone number moves with it,
 * for every device.
 */
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { signalRepository } from "../../src/baileys/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { silentLogger } from "../support/whatsapp/mod.ts";
import { peerOf } from "./holdfast_peer.ts";
import {
  ANNA,
  BEN_LID,
  BEN_PN,
  LidWorld,
  lid,
  pn,
  silenceLibsignal,
  stockPeer,
  TELLINGS,
  type Telling,
} from "./lid_world.ts";
import type { SignalPeer } from "./signal_peer.ts";

beforeEach(silenceLibsignal);
afterEach(() => {
  vi.restoreAllMocks();
});

const ALL: readonly (readonly [string, Telling])[] = [
  ...TELLINGS,
  [
    "directory.learn",
    ({ account }) => directory(account).learn([{ lid: BEN_LID, phoneNumber: BEN_PN }], { source: "usync" }),
  ],
];

/** Ben's phone, and his desktop, which is in no device list. */
async function benOnTwoDevices(world: LidWorld): Promise<[SignalPeer, SignalPeer]> {
  const [phone, desktop] = [stockPeer(pn()), stockPeer(pn(12))];
  await world.meet(phone);
  await world.meet(desktop);
  return [phone, desktop];
}

const MOVED = [
  `identity ${BEN_LID}:12@lid.0`,
  `identity ${BEN_LID}@lid.0`,
  `session ${BEN_LID}:12@lid.0`,
  `session ${BEN_LID}@lid.0`,
];

describe.each(ALL)("a LID reported by %s", (_, tell) => {
  test("moves the state of every device in the mapping's commit", async () => {
    const world = await LidWorld.open();
    const devices = await benOnTwoDevices(world);
    await world.anna.keys.set({ "device-list": { [BEN_PN]: ["0"] } });
    const underWay = await Promise.all(devices.map((device) => world.sealed(device, "under way")));
    await world.anna.account.flush();
    const { commits } = world.anna.account.stats();
    await tell(world.anna);
    expect(world.anna.account.stats().commits - commits).toBe(1);
    expect(await world.rows()).toEqual(MOVED);
    // Messages are readable under either address, before and after a crash.
    for (const [index, frame] of underWay.entries()) {
      expect(await world.decrypt(frame, index === 0 ? lid() : pn(12))).toBe("under way");
    }
    for (const crashes of [false, true]) {
      if (crashes) await world.reopen();
      for (const device of devices) {
        const other = device.jid.replace(`${BEN_PN}`, BEN_LID).replace("s.whatsapp.net", "lid");
        for (const from of [device.jid, other]) expect(await world.reads(device, "text", from)).toBe("text");
        expect(await world.anna.peer.repository.validateSession(other)).toEqual({ exists: true });
        const frame = await world.write("to him", device.jid);
        const anna = { ...world.anna.peer, jid: ANNA } as SignalPeer;
        expect(await device.receive(anna, frame)).toBe("to him");
      }
    }
    expect(await world.rows()).toEqual(MOVED);
  });
});

test("moves the session when getLIDForPN queries the server", async () => {
  const world = await LidWorld.open();
  const phone = stockPeer(pn());
  await world.meet(phone);
  const asked: string[][] = [];
  const anna = await peerOf(ANNA, world.anna.account, (auth, logger) =>
    makeLibSignalRepository(auth, logger, async (jids: string[]) => {
      asked.push(jids);
      return jids.map((jid) => ({ pn: jid, lid: lid() }));
    }),
  );
  const frame = await anna.peer.repository.encryptMessage({ jid: pn(), data: Buffer.from("to him") });
  expect(asked).toEqual([[pn()]]);
  const asAnna = { ...anna.peer, jid: ANNA } as SignalPeer;
  expect(await phone.receive(asAnna, frame)).toBe("to him");
  expect(await world.rows()).toEqual([`identity ${BEN_LID}@lid.0`, `session ${BEN_LID}@lid.0`]);
});

test("queries the server once for a phone number without a LID", async () => {
  const world = await LidWorld.open();
  const phone = stockPeer(pn());
  await world.meet(phone);
  const { account, peer, keys } = world.anna;
  const asked: string[][] = [];
  let known: { pn: string; lid: string }[] = [];
  const make = signalRepository(account, makeLibSignalRepository);
  // biome-ignore lint/suspicious/noExplicitAny: the adapter's types are structural.
  const repository = make({ creds: peer.creds, keys: keys as any }, silentLogger, async (jids: string[]) => {
    asked.push(jids);
    return known;
  });
  const asAnna = { ...peer, jid: ANNA } as SignalPeer;
  const send = async (text: string): Promise<void> => {
    await repository.validateSession(pn());
    const frame = await repository.encryptMessage({ jid: pn(), data: Buffer.from(text) });
    expect(await phone.receive(asAnna, frame)).toBe(text);
  };
  for (const text of ["1", "2", "3"]) await send(text);
  expect(asked).toEqual([[pn()]]);
  // A mapping that is learnt before that counts at once.
  await repository.lidMapping.storeLIDPNMappings([{ lid: lid(), pn: pn() }]);
  expect(await repository.lidMapping.getLIDForPN(pn())).toBe(lid());
  await send("4");
  expect(await world.rows()).toEqual([`identity ${BEN_LID}@lid.0`, `session ${BEN_LID}@lid.0`]);
  // A query that fails tells nothing.
  const other = "15559990000@s.whatsapp.net";
  known = undefined as never;
  const failing = vi.spyOn(asked, "push").mockImplementationOnce(() => {
    throw new Error("offline");
  });
  await expect(repository.lidMapping.getLIDForPN(other)).rejects.toThrow("offline");
  known = [];
  expect(await repository.lidMapping.getLIDForPN(other)).toBeNull();
  expect(await repository.lidMapping.getLIDForPN(other)).toBeNull();
  expect(failing).toHaveBeenCalledTimes(2);
});

describe("state left under the phone number", () => {
  const LOOK_UPS: readonly (readonly [string, (world: LidWorld, phone: SignalPeer) => Promise<unknown>])[] = [
    ["decryptMessage by the number", (world, phone) => world.reads(phone, "text")],
    ["decryptMessage by the LID", (world, phone) => world.reads(phone, "text", lid())],
    ["encryptMessage to the number", (world) => world.write("text", pn())],
    ["encryptMessage to the LID", (world) => world.write("text", lid())],
    [
      "validateSession",
      async ({ anna }) => expect(await anna.peer.repository.validateSession(pn())).toEqual({ exists: true }),
    ],
    [
      "getSessionInfo",
      async ({ anna }) => expect(await anna.peer.repository.getSessionInfo(lid())).not.toBeNull(),
    ],
    [
      "keys.get by the number",
      async ({ anna }) =>
        expect(await anna.keys.get("session", [`${BEN_PN}.0`])).toHaveProperty([`${BEN_PN}.0`]),
    ],
    [
      "keys.get by the LID",
      async ({ anna }) =>
        expect(await anna.keys.get("session", [`${BEN_LID}_1.0`])).toHaveProperty([`${BEN_LID}_1.0`]),
    ],
    ["migrateSession", async ({ anna }) => await anna.peer.repository.migrateSession(pn(), lid())],
  ];

  test.each(LOOK_UPS)("is moved by %s", async (_, lookUp) => {
    const world = await LidWorld.open();
    const [phone, desktop] = await benOnTwoDevices(world);
    await world.strand();
    await lookUp(world, phone);
    expect(await world.rows()).toEqual(MOVED);
    expect(await world.reads(desktop, "from the desktop", lid(12))).toBe("from the desktop");
  });

  test.each([
    ["deleteSession", ({ peer }) => peer.repository.deleteSession([pn()])],
    ["keys.set", ({ keys }) => keys.set({ session: { [`${BEN_PN}.0`]: null } })],
  ] as readonly (readonly [string, Telling])[])("is deleted when %s names the number", async (_, remove) => {
    const world = await LidWorld.open();
    await benOnTwoDevices(world);
    await world.strand();
    await remove(world.anna);
    expect(await world.rows()).toEqual(MOVED.filter((row) => row !== `session ${BEN_LID}@lid.0`));
    expect((await world.anna.peer.repository.validateSession(lid())).exists).toBe(false);
  });

  test("stays where it is when the LID has moved to another phone", async () => {
    const world = await LidWorld.open();
    const phone = stockPeer(pn());
    await world.meet(phone);
    await world.strand();
    await world.anna.account.store.putLidMapping({
      ...{ lid: BEN_LID, phoneNumber: "15550000009", createdAt: 2, updatedAt: 2, learningSource: "usync" },
    });
    expect((await world.anna.peer.repository.validateSession(lid())).exists).toBe(false);
    expect(await world.reads(phone, "text")).toBe("text");
    expect(await world.rows()).toEqual([`identity ${BEN_PN}@c.us.0`, `session ${BEN_PN}@c.us.0`]);
  });

  test("is moved once by concurrent operations under both names", async () => {
    const world = await LidWorld.open();
    const [phone, desktop] = await benOnTwoDevices(world);
    await world.strand();
    const frames = await Promise.all(
      [0, 1, 2, 3].map((n) => world.sealed(n % 2 === 0 ? phone : desktop, `${n}`)),
    );
    const { commits } = world.anna.account.stats();
    const read = frames.map((frame, n) => world.decrypt(frame, [pn(), lid(12), lid(), pn(12)][n] ?? ""));
    const sent = [pn(), lid(), pn(12), lid(12)].map((jid) => world.anna.peer.repository.validateSession(jid));
    expect(await Promise.all(read)).toEqual(["0", "1", "2", "3"]);
    expect(await Promise.all(sent)).toEqual(new Array(4).fill({ exists: true }));
    expect(world.anna.account.stats().commits - commits).toBe(1);
  });
});

test("prefers the value for the LID in one `set` with both names", async () => {
  const world = await LidWorld.open();
  const phone = stockPeer(pn());
  await world.meet(phone);
  await world.strand();
  const [byPn, byLid] = [`${BEN_PN}.0`, `${BEN_LID}_1.0`];
  const { [byPn]: record } = await world.anna.keys.get("session", [byPn]);
  for (const session of [
    { [byLid]: record, [byPn]: null },
    { [byPn]: null, [byLid]: record },
  ]) {
    await world.anna.keys.set({ session });
    expect(await world.reads(phone, "text")).toBe("text");
  }
});
