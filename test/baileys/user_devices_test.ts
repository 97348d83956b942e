/** Devices of users over `useHoldfast`: what a bot asks the server for, and whose pre-keys it spends. */
import { describe, expect, test, vi } from "vitest";
import { QueryCounter, textOf, type WhatsAppServer } from "../support/whatsapp/mod.ts";
import { type GroupBot, type GroupBotOptions, openBot, recipients } from "./group_world.ts";
import { serverForEachTest } from "./server_for_each.ts";

const ANNA = "15550000001";
const BEN = "15550000002";
const CARA = "15550000003";

let server: WhatsAppServer;
let counter: QueryCounter;
const opened = serverForEachTest((started) => {
  server = started;
  counter = new QueryCounter(server);
});

async function open(pn: string, options: Partial<GroupBotOptions> = {}): Promise<GroupBot> {
  const bot = await openBot({ server, pn, ...options });
  opened.push(bot);
  return bot;
}

const texts = (bot: GroupBot): unknown[] => bot.socket.received.map(textOf);

test("twenty restarts spend no pre-key of a peer", async () => {
  const [first, ben, cara] = [await open(ANNA), await open(BEN), await open(CARA)];
  const members = [first, ben, cara].map(({ socket }) => socket.jid);
  const groups = (["lid", "pn"] as const).map((addressing) => server.createGroup({ members, addressing }));
  const chats = [ben.socket.userJid, ben.socket.userLid, ...groups];
  let anna = first;
  const sent: string[] = [];
  const send = async (round: number): Promise<void> => {
    for (const [index, chat] of chats.entries()) {
      await anna.socket.sendText(chat, `${round} ${index}`);
      sent.push(`${round} ${index}`);
    }
    await ben.socket.receivedCount(sent.length);
  };
  await send(0);
  await anna.account.flush();
  counter.reset();
  for (let round = 1; round <= 20; round += 1) {
    // Half of the restarts are kills.
    if (round % 2 === 0) await anna[Symbol.asyncDispose]();
    else await anna.crash();
    anna = await open("", { database: first.database });
    await send(round);
  }
  expect(texts(ben).sort()).toEqual(sent.sort());
  expect(counter.of(anna.socket.jid)).toEqual({ groups: 0, devices: 0, lids: 0, bundles: [] });
});

describe.each(["lid", "pn"] as const)(
  "a notification of devices, with a group addressed by %s",
  (addressing) => {
    test("is honoured by the next message", async () => {
      const [anna, ben] = [await open(ANNA), await open(BEN)];
      const group = server.createGroup({ members: [anna, ben].map(({ socket }) => socket.jid), addressing });
      await anna.socket.sendText(group, "1");
      await ben.socket.receivedCount(1);
      counter.reset();
      const sent = recipients(server, anna);
      const commits = anna.commits();
      const other = await open(BEN, { device: 2 });
      const [otherJid, benJid] = [other, ben].map(({ socket }) =>
        addressing === "lid" ? socket.lid : socket.jid,
      );
      server.announceDevice("add", otherJid ?? "");
      await vi.waitFor(() => expect(anna.commits()).toBe(commits + 1));
      await anna.socket.sendText(group, "2");
      await other.socket.receivedCount(1);
      expect(sent).toEqual([[otherJid]]);
      server.announceDevice("remove", benJid ?? "");
      await vi.waitFor(async () => {
        const user = (benJid ?? "").split(":")[0] ?? "";
        const devices = await anna.holdfast.config.userDevicesCache.get<{ device: number }[]>(user);
        expect(devices?.map(({ device }) => device)).toEqual([0, 2]);
      });
      await anna.account.flush();
      await anna[Symbol.asyncDispose]();
      const again = await open("", { database: anna.database });
      const later = recipients(server, again);
      const fresh = server.createGroup({ members: [anna, ben].map(({ socket }) => socket.jid), addressing });
      await again.socket.sendText(fresh, "3");
      await other.socket.receivedCount(2);
      expect(later).toEqual([[otherJid]]);
      expect(counter.of(anna.socket.jid).devices).toBe(0);
    });

    test("of an update makes the devices be queried", async () => {
      const [anna, ben] = [await open(ANNA), await open(BEN)];
      const group = server.createGroup({ members: [anna, ben].map(({ socket }) => socket.jid), addressing });
      await anna.socket.sendText(group, "1");
      counter.reset();
      const commits = anna.commits();
      const benJid = addressing === "lid" ? ben.socket.lid : ben.socket.jid;
      server.announceDevice("update", benJid);
      await vi.waitFor(() => expect(anna.commits()).toBe(commits + 1));
      await anna.socket.sendText(group, "2");
      await ben.socket.receivedCount(2);
      expect(counter.of(anna.socket.jid).devices).toBe(1);
    });
  },
);

describe("the first message of a process to a group", () => {
  test.each(["lid", "pn"] as const)("reads the state of all devices together, by %s", async (addressing) => {
    const first = await open(ANNA);
    const others = Array.from({ length: 6 }, (_, index) => `1555000001${index}`);
    const jids: string[] = [];
    for (const pn of others) {
      const bot = await open(pn);
      jids.push(bot.socket.jid);
      await first.socket.sendText(bot.socket.userLid, "hello");
      await bot[Symbol.asyncDispose]();
    }
    const members = [first.socket.jid, ...jids];
    const [known, fresh] = [1, 2].map(() => server.createGroup({ members, addressing }));
    // The devices are known by their names in the group.
    await first.socket.sendText(known ?? "", "1");
    await first[Symbol.asyncDispose]();
    const anna = await open("", { database: first.database });
    counter.reset();
    anna.reads.length = 0;
    const sent = recipients(server, anna);
    await anna.socket.sendText(fresh ?? "", "2");
    await server.until(() => sent.length === 1);
    // Device 0 of each user has no keys at this server.
    expect(sent[0]).toHaveLength(others.length);
    const counts = (name: string): number => anna.reads.filter((read) => read === name).length;
    expect(counts("loadSessionRow")).toBe(0);
    expect(counts("loadSessionRows")).toBe(1);
    // Baileys' login reads beside it.
    expect(counts("listSignalAddresses")).toBeLessThanOrEqual(3);
    expect(counts("getDevicesFor")).toBeLessThanOrEqual(3);
    expect(counter.of(anna.socket.jid)).toMatchObject({ devices: 0, lids: 0 });
  });
});
