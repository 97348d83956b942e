/** Groups with messages under phone numbers and LIDs in turn. Both address the same sender key. */
import {
  GroupCipher,
  GroupSessionBuilder,
  keyhelper,
  SenderKeyName,
  SenderKeyRecord,
} from "baileys/lib/Signal/Group/index.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { directory } from "../../src/directory/mod.ts";
import {
  ANNA,
  ANNA_LID,
  BEN_LID,
  BEN_PN,
  GROUP,
  LidWorld,
  lid,
  pn,
  silenceLibsignal,
  stockPeer,
  type Telling,
} from "./lid_world.ts";
import { groupKeyName, type SignalPeer } from "./signal_peer.ts";

beforeEach(silenceLibsignal);
afterEach(() => {
  vi.restoreAllMocks();
});

const DEVICE = 3;

/** Ways in which Ben's LID is or becomes known. */
const TELLINGS: readonly (readonly [string, (world: LidWorld) => Promise<unknown>])[] = [
  [
    "directory.learn",
    ({ anna }) => directory(anna.account).learn([{ lid: BEN_LID, phoneNumber: BEN_PN }], { source: "usync" }),
  ],
  [
    "storeLIDPNMappings and migrateSession",
    async ({ anna: { peer } }) => {
      await peer.repository.lidMapping.storeLIDPNMappings([{ lid: lid(DEVICE), pn: pn(DEVICE) }]);
      await peer.repository.migrateSession(pn(DEVICE), lid(DEVICE));
    },
  ],
  ["neither", (world) => world.strand()],
];

const by = (jid: string): SignalPeer => ({ jid }) as SignalPeer;

describe.each(TELLINGS)("a peer's sender key, with %s", (_, tell) => {
  test.each([pn(DEVICE), lid(DEVICE)])("learnt as %s reads messages under either name", async (first) => {
    const world = await LidWorld.open();
    const ben = stockPeer(pn(DEVICE));
    const one = await ben.sendToGroup(GROUP, "1");
    await world.anna.peer.learnSenderKey(GROUP, by(first), one.senderKey);
    const late = await ben.sendToGroup(GROUP, "late");
    await tell(world);
    for (const crashes of [false, true]) {
      if (crashes) await world.reopen();
      for (const shown of [pn(DEVICE), lid(DEVICE)]) {
        const { message } = await ben.sendToGroup(GROUP, "2");
        expect(await world.anna.peer.receiveFromGroup(GROUP, by(shown), message)).toBe("2");
      }
    }
    expect(await world.anna.peer.receiveFromGroup(GROUP, by(first), late.message)).toBe("late");
    expect(await world.rows()).toEqual([`senderKey ${GROUP}:${BEN_LID}:${DEVICE}@lid.0`]);
  });

  test("learnt under both names reads the messages of both", async () => {
    const world = await LidWorld.open();
    const ben = stockPeer(pn(DEVICE));
    const one = await ben.sendToGroup(GROUP, "1");
    await world.anna.peer.learnSenderKey(GROUP, by(pn(DEVICE)), one.senderKey);
    const [skipped, second] = [await ben.sendToGroup(GROUP, "skipped"), await ben.sendToGroup(GROUP, "2")];
    await world.anna.peer.learnSenderKey(GROUP, by(lid(DEVICE)), second.senderKey);
    const later = await ben.sendToGroup(GROUP, "3");
    expect(await world.anna.peer.receiveFromGroup(GROUP, by(lid(DEVICE)), later.message)).toBe("3");
    await tell(world);
    for (const [text, message] of [
      ["2", second.message],
      ["skipped", skipped.message],
      ["1", one.message],
      ["4", (await ben.sendToGroup(GROUP, "4")).message],
    ] as const) {
      expect(await world.anna.peer.receiveFromGroup(GROUP, by(lid(DEVICE)), message)).toBe(text);
    }
  });

  test("keeps both keys of one id", async () => {
    const world = await LidWorld.open();
    const [older, newer] = [new Sender(7), new Sender(7)];
    await world.anna.peer.learnSenderKey(GROUP, by(pn(DEVICE)), await older.distribute());
    await world.anna.peer.learnSenderKey(GROUP, by(lid(DEVICE)), await newer.distribute());
    await tell(world);
    for (const sender of [newer, older, older, newer]) {
      const message = await sender.encrypt("text");
      expect(await world.anna.peer.receiveFromGroup(GROUP, by(lid(DEVICE)), message)).toBe("text");
    }
    await expect(
      world.anna.peer.receiveFromGroup(GROUP, by(lid(DEVICE)), await new Sender(7).encrypt("forged")),
    ).rejects.toThrow();
  });
});

/** Ways in which our own LID is or becomes known. */
const OWN_TELLINGS: readonly (readonly [string, Telling])[] = [
  [
    "login",
    async ({ peer, saveCreds }) => {
      Object.assign(peer.creds, { me: { id: ANNA, lid: ANNA_LID } });
      const saving = saveCreds();
      await peer.repository.lidMapping.storeLIDPNMappings([{ lid: ANNA_LID, pn: ANNA }]);
      await peer.repository.migrateSession(ANNA, ANNA_LID);
      await saving;
    },
  ],
  [
    "directory.learn",
    async ({ account }) => {
      const own = { lid: ANNA_LID.split(":")[0] ?? "", phoneNumber: ANNA.split(":")[0] ?? "" };
      await directory(account).learn([own], { source: "pairing" });
    },
  ],
];

describe.each(OWN_TELLINGS)("our own sender key, with our LID reported by %s", (_, tell) => {
  /** Anna is paired, and her LID is unknown. */
  const withoutLid = (): Promise<LidWorld> => LidWorld.open({ id: ANNA });

  const sealed = (world: LidWorld, meId: string) =>
    world.anna.peer.repository.encryptGroupMessage({ group: GROUP, meId, data: Buffer.from("text") });

  test("continues under either name, and members keep their marks", async () => {
    const world = await withoutLid();
    const member = stockPeer(pn());
    const first = await sealed(world, ANNA);
    await member.learnSenderKey(GROUP, by(ANNA), first.senderKeyDistributionMessage);
    await world.anna.keys.set({ "sender-key-memory": { [GROUP]: { [pn()]: true } } });
    await tell(world.anna);
    const names = [groupKeyName(first.ciphertext)];
    for (const crashes of [false, true]) {
      if (crashes) await world.reopen();
      for (const meId of [ANNA_LID, ANNA]) {
        const { ciphertext } = await sealed(world, meId);
        names.push(groupKeyName(ciphertext));
        expect(await member.receiveFromGroup(GROUP, by(ANNA), ciphertext)).toBe("text");
      }
    }
    expect(new Set(names).size).toBe(5);
    expect(await world.anna.keys.get("sender-key-memory", [GROUP])).toEqual({ [GROUP]: { [pn()]: true } });
  });

  test("keeps the LID's key of two, and clears the marks", async () => {
    const world = await withoutLid();
    const byPn = await sealed(world, ANNA);
    const byLid = await sealed(world, ANNA_LID);
    expect(groupKeyName(byPn.ciphertext)).not.toBe(groupKeyName(byLid.ciphertext));
    await world.anna.keys.set({ "sender-key-memory": { [GROUP]: { [pn()]: true, [lid()]: true } } });
    await tell(world.anna);
    expect(await world.anna.keys.get("sender-key-memory", [GROUP])).toEqual({});
    const next = await sealed(world, ANNA);
    const keyOf = (message: Uint8Array): string => groupKeyName(message).split("#")[0] ?? "";
    expect(keyOf(next.ciphertext)).toBe(keyOf(byLid.ciphertext));
  });

  test("is merged from both names before marks are returned", async () => {
    const world = await withoutLid();
    const byPn = await sealed(world, ANNA);
    const byLid = await sealed(world, ANNA_LID);
    await world.anna.keys.set({ "sender-key-memory": { [GROUP]: { [pn()]: true } } });
    await world.anna.account.flush();
    const mapping = { lid: ANNA_LID.split(":")[0] ?? "", phoneNumber: ANNA.split(":")[0] ?? "" };
    await world.anna.account.store.putLidMapping({
      ...{ ...mapping, createdAt: 1, updatedAt: 1, learningSource: "pairing" },
    });
    await world.reopen();
    expect(await world.anna.keys.get("sender-key-memory", [GROUP])).toEqual({});
    const { ciphertext } = await sealed(world, ANNA);
    expect(groupKeyName(ciphertext).split("#")[0]).toBe(groupKeyName(byLid.ciphertext).split("#")[0]);
    expect(groupKeyName(ciphertext)).not.toBe(groupKeyName(byPn.ciphertext));
  });
});

/** A sender over Baileys' own code, with a chosen key id. */
class Sender {
  readonly #record = new SenderKeyRecord();
  readonly #name = new SenderKeyName(GROUP, { id: "1", deviceId: 0, toString: () => "1.0" } as never);
  readonly #store = {
    loadSenderKey: async () => this.#record,
    storeSenderKey: async () => {},
  } as never;

  constructor(keyId: number) {
    const { generateSenderKey, generateSenderSigningKey } = keyhelper;
    this.#record.setSenderKeyState(keyId, 0, generateSenderKey(), generateSenderSigningKey());
  }

  async distribute(): Promise<Uint8Array> {
    return (await new GroupSessionBuilder(this.#store).create(this.#name)).serialize();
  }

  async encrypt(text: string): Promise<Uint8Array> {
    return await new GroupCipher(this.#store, this.#name).encrypt(Buffer.from(text));
  }
}
