/** Groups of a bot over `useHoldfast`: what it asks the server for, and to whom it sends its sender key. */
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

/** The same account in a new process, after the former one has ended. */
async function restart(bot: GroupBot): Promise<GroupBot> {
  await bot[Symbol.asyncDispose]();
  return await open("", { database: bot.database });
}

const texts = (bot: GroupBot): unknown[] => bot.socket.received.map(textOf);

describe.each(["lid", "pn"] as const)("a group addressed by %s", (addressing) => {
  const jidOf = ({ socket }: GroupBot): string => (addressing === "lid" ? socket.lid : socket.jid);

  test("is queried once, by the first message", async () => {
    const [anna, ben] = [await open(ANNA), await open(BEN)];
    const group = server.createGroup({ members: [anna.socket.jid, ben.socket.jid], addressing });
    for (const text of ["1", "2", "3"]) await anna.socket.sendText(group, text);
    await ben.socket.receivedCount(3);
    expect(counter.of(anna.socket.jid).groups).toBe(1);
    const known = await anna.holdfast.config.cachedGroupMetadata(group);
    const {
      subjectTime: _subjectTime,
      creation: _creation,
      ...queried
    } = await anna.socket.sock.groupMetadata(group);
    expect(known).toEqual({ ...queried, subjectTime: expect.any(Number), creation: expect.any(Number) });
  });

  test("is not queried after a restart", async () => {
    const [first, ben] = [await open(ANNA), await open(BEN)];
    const group = server.createGroup({ members: [first.socket.jid, ben.socket.jid], addressing });
    await first.socket.sendText(group, "before");
    const anna = await restart(first);
    counter.reset();
    await anna.socket.sendText(group, "after");
    await ben.socket.receivedCount(2);
    expect(texts(ben)).toEqual(["before", "after"]);
    expect(counter.of(anna.socket.jid).groups).toBe(0);
  });

  test("gives a member who was added the key, and one who was removed nothing", async () => {
    const [anna, ben, cara] = [await open(ANNA), await open(BEN), await open(CARA)];
    const group = server.createGroup({ members: [anna.socket.jid, ben.socket.jid], addressing });
    await anna.socket.sendText(group, "1");
    await ben.socket.receivedCount(1);
    const sent = recipients(server, anna);
    server.changeMembers(group, "add", [cara.socket.jid]);
    server.changeMembers(group, "remove", [ben.socket.jid]);
    await vi.waitFor(async () => {
      const known = await anna.holdfast.config.cachedGroupMetadata(group);
      expect(known?.participants.map(({ id }) => id.split("@")[0])).toEqual(
        [anna, cara].map((bot) => jidOf(bot).split(":")[0]),
      );
    });
    await anna.socket.sendText(group, "2");
    await cara.socket.receivedCount(1);
    expect([texts(ben), texts(cara)]).toEqual([["1"], ["2"]]);
    expect(sent).toEqual([[jidOf(cara)]]);
    expect(counter.of(anna.socket.jid).groups).toBe(1);
  });

  test("honours what changed while the bot was away", async () => {
    const [first, ben, cara] = [await open(ANNA), await open(BEN), await open(CARA)];
    const group = server.createGroup({ members: [first.socket.jid, ben.socket.jid], addressing });
    await first.socket.sendText(group, "1");
    await first[Symbol.asyncDispose]();
    server.changeMembers(group, "add", [cara.socket.jid]);
    const anna = await open("", { database: first.database });
    const sent = recipients(server, anna);
    await anna.socket.sendText(group, "2");
    await cara.socket.receivedCount(1);
    expect(sent).toEqual([[jidOf(cara)]]);
    expect(counter.of(anna.socket.jid).groups).toBe(1);
  });
});
