/** Retry receipts of real sockets, answered by what an account remembers of sent messages. */
import type { proto, WAMessageKey, WASocket } from "baileys";
import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { HoldfastOptions } from "../../src/baileys/mod.ts";
import { BackendError } from "../../src/errors/mod.ts";
import { FaultPlan, faultyCommitter } from "../../src/testing/mod.ts";
import {
  type MemoryKeys,
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  type TestSocket,
  textOf,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import { HoldfastBot, type HoldfastBotOptions } from "./holdfast_bot.ts";
import { serverForEachTest } from "./server_for_each.ts";

const ANNA = "15550000001";
const BEN = "15550000002";
const CARA = "15550000003";

let server: WhatsAppServer;
const opened = serverForEachTest((started) => {
  server = started;
});

async function openBot(options: Partial<HoldfastBotOptions> = {}): Promise<HoldfastBot> {
  const bot = await HoldfastBot.open({ server, pn: ANNA, ...options });
  opened.push(bot);
  return bot;
}

/** A contact, or another device of ours, whose sockets come and go. */
class Peer {
  readonly keys: MemoryKeys = memoryKeys();
  readonly creds: ReturnType<typeof pairedCreds>;
  /** Texts that it could read, of anybody, in order of arrival. */
  readonly texts: string[] = [];
  #socket: TestSocket | undefined;

  constructor(pn: string, device?: number) {
    this.creds = pairedCreds({ pn, ...(device !== undefined && { device }) });
  }

  async online(): Promise<TestSocket> {
    const { creds, keys } = this;
    const onSocket = ({ ev }: WASocket): void => {
      ev.on("messages.upsert", ({ messages }) =>
        this.texts.push(...messages.flatMap((one) => textOf(one) ?? [])),
      );
      ev.on("messages.update", (updates) => {
        for (const { update } of updates) {
          const text = update.message && textOf(update as never);
          if (text) this.texts.push(text);
        }
      });
    };
    this.#socket = await makeTestSocket({ server, creds, keys, onSocket });
    opened.push(this.#socket);
    return this.#socket;
  }

  async offline(): Promise<void> {
    await this.#socket?.close();
  }

  /** Loses all sessions and sender keys, so that nothing that waits can be decrypted. */
  lose(): void {
    for (const name of [...this.keys.records.keys()]) {
      if (/^(session|sender-key):/.test(name)) this.keys.records.delete(name);
    }
  }

  async reads(...texts: readonly string[]): Promise<void> {
    const isThere = (): boolean => texts.every((text) => this.texts.includes(text));
    await this.#socket?.until(isThere, 20_000);
  }
}

async function get(bot: HoldfastBot, key: WAMessageKey): Promise<string | undefined> {
  const message = await bot.holdfast.config.getMessage(key);
  return message && (message.conversation ?? message.extendedTextMessage?.text ?? undefined);
}

async function sendText(socket: WASocket, jid: string, text: string): Promise<string> {
  return (await socket.sendMessage(jid, { text }))?.key.id ?? "";
}

describe("getMessage", () => {
  test("answers a contact, a group and an own device after a restart", async () => {
    const database = new MemoryDatabase();
    const [ben, own] = [new Peer(BEN), new Peer(ANNA, 7)];
    const bot = await openBot({ database });
    const benSocket = await ben.online();
    const { jid, userJid, userLid } = benSocket;
    const ownSocket = await own.online();
    const socket = await bot.online();
    const group = server.createGroup({ members: [bot.jid, jid] });
    await sendText(socket, userJid, "hello");
    await sendText(socket, group, "hello all");
    await Promise.all([ben.reads("hello", "hello all"), own.reads("hello", "hello all")]);
    // Once the bot has read a message of a session, its own ones name no pre-key, and cannot be read without
    // the session.
    await benSocket.sendText("15550000001@s.whatsapp.net", "hello, bot");
    await ownSocket.sendText(userJid, "hello, ben");
    await own.reads("hello, bot");
    await ben.reads("hello, ben");
    await server.until(() => server.pendingCount(bot.jid) === 0);
    await Promise.all([ben.offline(), own.offline()]);
    await sendText(socket, userJid, "to ben");
    await sendText(socket, userLid, "to ben by LID");
    await sendText(socket, group, "to all");
    await bot[Symbol.asyncDispose]();
    await (await openBot({ database })).online();
    ben.lose();
    own.lose();
    await ben.online();
    await ben.reads("to ben", "to ben by LID", "to all");
    await own.online();
    await own.reads("to ben", "to ben by LID", "to all");
  });

  test("knows the message of each id among 30 concurrent sends", async () => {
    const bot = await openBot();
    const peers = [await new Peer(BEN).online(), await new Peer(CARA).online()];
    // Gives way, so that the sends are as far as they can be at the same time.
    const patch = async (message: proto.IMessage): Promise<proto.IMessage> => {
      await new Promise((resolve) => setImmediate(resolve));
      return message;
    };
    const socket = await bot.online({ patchMessageBeforeSending: patch });
    const group = server.createGroup({ members: [bot.jid, ...peers.map(({ jid }) => jid)] });
    const chats = [...peers.flatMap(({ userJid, userLid }) => [userJid, userLid]), group];
    const sends = Array.from({ length: 30 }, async (_, n) => {
      const [chat = "", text] = [chats[n % chats.length], `text ${n}`];
      const id =
        n % 3 === 0
          ? await socket.relayMessage(chat, { conversation: text }, {})
          : await sendText(socket, chat, text);
      return { chat, text, id };
    });
    for (const { chat, text, id } of await Promise.all(sends)) {
      expect(await get(bot, { remoteJid: chat, id }), `${text} in ${chat}`).toBe(text);
    }
  });

  test("keeps a message as it was sent, with its context", async () => {
    const bot = await openBot();
    const { userJid } = await new Peer(BEN).online();
    const patch = (message: proto.IMessage): proto.IMessage => {
      return { ...message, extendedTextMessage: { text: "patched" } };
    };
    const socket = await bot.online({ patchMessageBeforeSending: patch });
    const sent = await socket.sendMessage(userJid, { text: "hello" });
    const id = sent?.key.id ?? "";
    const message = await bot.holdfast.config.getMessage({ remoteJid: userJid, id });
    expect(message?.extendedTextMessage?.text).toBe("patched");
    const secretOf = (one: proto.IMessage | null | undefined): string =>
      Buffer.from(one?.messageContextInfo?.messageSecret ?? []).toString("hex");
    expect(secretOf(message)).toMatch(/^[0-9a-f]{64}$/);
    expect(secretOf(message)).toBe(secretOf(sent?.message));
  });

  test("finds a message under each name of its chat, and for no other user", async () => {
    const bot = await openBot();
    const ben = await new Peer(BEN).online();
    const cara = await new Peer(CARA).online();
    const socket = await bot.online();
    const group = server.createGroup({ members: [bot.jid, ben.jid, cara.jid] });
    const id = await sendText(socket, ben.userJid, "to ben");
    await sendText(socket, cara.userJid, "to cara");
    const inGroup = await sendText(socket, group, "to all");
    const asked = (remoteJid: string): Promise<string | undefined> => get(bot, { remoteJid, id });
    for (const jid of [ben.userJid, ben.jid, ben.userLid, ben.lid, bot.jid]) {
      expect(await asked(jid), jid).toBe("to ben");
      expect(await asked(jid), `${jid} again`).toBe("to ben");
    }
    // A user whose other name is not known may be the one.
    expect(await asked("77777777@lid")).toBe("to ben");
    for (const jid of [cara.userJid, cara.lid, group, "status@broadcast", "77777777@s.whatsapp.net"]) {
      expect(await asked(jid), jid).toBeUndefined();
    }
    expect(await get(bot, { remoteJid: group, id: inGroup, participant: ben.jid })).toBe("to all");
    expect(await get(bot, { remoteJid: ben.jid, id: inGroup })).toBeUndefined();
    for (const key of [{ remoteJid: ben.jid, id: "other" }, { remoteJid: ben.jid }, {}, { id: "" }]) {
      expect(await get(bot, key)).toBeUndefined();
    }
  });

  test("finds what was sent to ourselves", async () => {
    const bot = await openBot();
    await new Peer(ANNA, 7).online();
    const socket = await bot.online();
    const id = await sendText(socket, "15550000001@s.whatsapp.net", "a note");
    expect(await get(bot, { remoteJid: "15550000001:7@s.whatsapp.net", id })).toBe("a note");
  });

  test("answers nothing and goes on when the database cannot be read", async () => {
    const bot = await openBot({
      wrap: (backend) =>
        Object.assign(backend, {
          findMessageSegments: () => Promise.reject(new BackendError("read: the disk is gone")),
        }),
    });
    expect(await get(bot, { remoteJid: "1@lid", id: "3EB0" })).toBeUndefined();
    expect(bot.logger.messages("error")).toEqual(["baileys: a sent message could not be read"]);
  });
});

/** Ids of the messages in the database, as another process would find them. */
async function storedIds(database: MemoryDatabase): Promise<string> {
  const backend = memoryBackend({ database });
  const segments = await backend.listMessageSegments("message", 0, 100);
  const rows = await Promise.all(segments.map(({ seq }) => backend.getMessageSegment("message", seq)));
  return rows.map((row) => new TextDecoder().decode(row?.head)).join();
}

/** Sends ten messages, and counts those that were durable when their frames arrived. */
async function durableFrames(pns: readonly [string, string], options: HoldfastOptions): Promise<number> {
  const database = new MemoryDatabase();
  const bot = await openBot({ pn: pns[0], database, options });
  const { userJid } = await new Peer(pns[1]).online();
  const socket = await bot.online();
  let [seen, durable] = [0, 0];
  const unlisten = server.onFrame(async (client, { tag, attrs }) => {
    if (client.jid !== bot.jid || tag !== "message") return;
    if ((await storedIds(database)).includes(attrs.id ?? "")) durable += 1;
    seen += 1;
  });
  const sends = Array.from({ length: 10 }, (_, n) => sendText(socket, userJid, `text ${n}`));
  await Promise.all(sends);
  await server.until(() => seen === 10);
  unlisten();
  return durable;
}

describe("SentMessagesOptions.beforeFrame", () => {
  test("makes each message durable before its frame leaves", async () => {
    expect(await durableFrames([ANNA, BEN], { sentMessages: { beforeFrame: true } })).toBe(10);
    expect(await durableFrames([CARA, "15550000004"], {})).toBeLessThan(10);
  });

  test("sends nothing that cannot be stored", async () => {
    const plan = new FaultPlan();
    const bot = await openBot({
      options: { sentMessages: { beforeFrame: true } },
      wrap: (backend) => faultyCommitter(backend, plan),
    });
    const { userJid } = await new Peer(BEN).online();
    const socket = await bot.online();
    const frames: string[] = [];
    server.onFrame(({ jid }, { tag, attrs }) => {
      if (jid === bot.jid && tag === "message") frames.push(attrs.id ?? "");
    });
    const first = await sendText(socket, userJid, "first");
    await server.until(() => frames.length > 0);
    plan.always(new BackendError("commit: the disk is full"));
    await expect(sendText(socket, userJid, "second")).rejects.toThrow();
    plan.always("pass");
    const third = await sendText(socket, userJid, "third");
    await server.until(() => frames.length > 1);
    expect(frames).toEqual([first, third]);
  });
});

describe("SentMessagesOptions.beforeFrame, of a message that is refused", () => {
  test("sends it to none of several devices", async () => {
    const bot = await openBot({ options: { sentMessages: { beforeFrame: true } } });
    const { userJid } = await new Peer(BEN).online();
    await new Peer(BEN, 5).online();
    const socket = await bot.online();
    const frames: string[] = [];
    server.onFrame(({ jid }, { tag, attrs }) => {
      if (jid === bot.jid && tag === "message") frames.push(attrs.id ?? "");
    });
    await expect(sendText(socket, userJid, "x".repeat(1_100_000))).rejects.toThrow();
    const id = await sendText(socket, userJid, "small");
    await server.until(() => frames.length > 0);
    expect(frames).toEqual([id]);
  });
});

describe("SentMessages.forget", () => {
  test("removes the messages of a chat under both names", async () => {
    const bot = await openBot();
    const ben = await new Peer(BEN).online();
    const cara = await new Peer(CARA).online();
    const socket = await bot.online();
    const ids = [await sendText(socket, ben.userJid, "one"), await sendText(socket, ben.userLid, "two")];
    const other = await sendText(socket, cara.userJid, "three");
    await bot.account.flush();
    await bot.holdfast.sentMessages?.forget(ben.lid);
    for (const id of ids) expect(await get(bot, { remoteJid: ben.jid, id })).toBeUndefined();
    expect(await get(bot, { remoteJid: cara.jid, id: other })).toBe("three");
    expect(await storedIds(bot.database)).not.toContain(ids[0]);
    await expect(bot.holdfast.sentMessages?.forget("ben")).rejects.toThrow(TypeError);
  });
});

describe("HoldfastOptions.sentMessages", () => {
  test("remembers none where it is false, and gives the functions back", async () => {
    const bot = await openBot({ options: { sentMessages: false } });
    const { userJid } = await new Peer(BEN).online();
    const socket = await bot.online();
    const id = await sendText(socket, userJid, "hello");
    expect(await get(bot, { remoteJid: userJid, id })).toBeUndefined();
    expect(bot.holdfast.sentMessages).toBeUndefined();
  });

  test("leaves a socket as it was when it is not followed any more", async () => {
    const bot = await openBot();
    const { userJid } = await new Peer(BEN).online();
    const socket = await bot.online();
    const unbind = bot.holdfast.bind(socket);
    const followed = socket.sendMessage;
    unbind();
    expect(socket.sendMessage).not.toBe(followed);
    const id = (await followed(userJid, { text: "hello" }))?.key.id ?? "";
    expect(await get(bot, { remoteJid: userJid, id })).toBeUndefined();
  });

  test("rejects options that are none", async () => {
    const bad: unknown[] = [1, { retentionMs: 0 }, { withinMs: -1 }, { maxBytes: 1.5 }, { beforeFrame: 1 }];
    for (const sentMessages of bad) {
      const opening = HoldfastBot.open({ server, pn: ANNA, options: { sentMessages } as HoldfastOptions });
      await expect(opening).rejects.toThrow(/sentMessages|configure log/);
    }
  });
});
