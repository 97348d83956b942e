/**
 * Received messages at least once, over real sockets against a local server: what is durable before the
 * receipt, what comes again after a crash, and what limits do. Killed processes are in test/process.
 */
import * as baileys from "baileys";
import { describe, expect, test, vi } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Backend, type Write, withCommitter } from "../../src/backend/mod.ts";
import {
  baileysAuthState,
  type InboxMessage,
  type InboxOptions,
  useHoldfast,
} from "../../src/baileys/mod.ts";
import { BackendError } from "../../src/errors/mod.ts";
import {
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  silentLogger,
  type TestSocket,
  textOf,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import { serverForEachTest } from "./server_for_each.ts";

const ANNA = "15550000001";
const BEN = "15550000002";

type Message = InboxMessage<typeof baileys>;
type Hook = InboxOptions<typeof baileys>["onMessages"];

let server: WhatsAppServer;
const opened = serverForEachTest((started) => {
  server = started;
});

async function peer(pn: string): Promise<TestSocket> {
  const socket = await makeTestSocket({ server, creds: pairedCreds({ pn }), keys: memoryKeys() });
  opened.push(socket);
  return socket;
}

/** A bot whose `onMessages` notes everything and can be replaced. */
class Bot implements AsyncDisposable {
  readonly database: MemoryDatabase;
  /** Every message that was passed to `onMessages`. */
  readonly passed: Message[] = [];
  readonly upserts: baileys.WAMessage[] = [];
  readonly commits: (readonly Write[])[] = [];
  /** Fails a commit when it returns an error. */
  fault: (writes: readonly Write[]) => Error | undefined = () => undefined;
  handle: Hook = () => {};
  account!: Account;
  socket!: baileys.WASocket;
  #config!: baileys.UserFacingSocketConfig;
  #bind!: (socket: baileys.WASocket) => void;

  private constructor(database: MemoryDatabase) {
    this.database = database;
  }

  static async open(
    options: Partial<InboxOptions<typeof baileys>> = {},
    database = new MemoryDatabase(),
  ): Promise<Bot> {
    const bot = new Bot(database);
    bot.account = await openAccount({ backend: bot.#observed(memoryBackend({ database })) });
    const { state, saveCreds } = await baileysAuthState(bot.account);
    if (state.creds.me === undefined) {
      Object.assign(state.creds, pairedCreds({ pn: BEN }));
      await saveCreds();
    }
    const holdfast = await useHoldfast(baileys, bot.account, {
      inbox: {
        onMessages: async (batch, socket) => {
          bot.passed.push(...batch);
          await bot.handle(batch, socket);
        },
        ...options,
      },
    });
    const { creds } = holdfast.config.auth;
    server.enrol({ id: creds.me?.id ?? "", lid: creds.me?.lid ?? "", noiseKey: creds.noiseKey.public });
    bot.#config = holdfast.config;
    bot.#bind = holdfast.bind;
    opened.push(bot);
    return bot;
  }

  get jid(): string {
    return this.#config.auth.creds.me?.id ?? "";
  }

  get texts(): (string | undefined)[] {
    return this.passed.map(({ message }) => textOf(message));
  }

  /** Connects, and resolves when the socket is open. */
  async connect(): Promise<void> {
    const socket = baileys.makeWASocket({
      ...this.#config,
      waWebSocketUrl: server.url,
      logger: silentLogger,
      retryRequestDelayMs: 0,
    });
    this.socket = socket;
    this.#bind(socket);
    socket.ev.on("messages.upsert", ({ messages }) => {
      this.upserts.push(...messages.filter(({ key }) => key.fromMe !== true));
    });
    await new Promise<void>((resolve) => {
      socket.ev.on("connection.update", ({ connection }) => {
        if (connection === "open") resolve();
      });
    });
  }

  /** Resolves with the error that ends the socket. */
  ended(): Promise<Error | undefined> {
    return new Promise((resolve) => {
      this.socket.ev.on("connection.update", ({ connection, lastDisconnect }) => {
        if (connection === "close") resolve(lastDisconnect?.error);
      });
    });
  }

  async stored(): Promise<number> {
    return (await this.account.store.listPendingInbound(1_000)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket?.end(undefined);
    // An account that another one has taken over closes with an error.
    await this.account.close().catch(() => {});
  }

  #observed(backend: Backend): Backend {
    return withCommitter(backend, {
      capabilities: backend.capabilities,
      readOwner: () => backend.readOwner(),
      close: () => backend.close(),
      commit: async (writes, options) => {
        const error = this.fault(writes);
        if (error !== undefined) throw error;
        const changed = await backend.commit(writes, options);
        this.commits.push(writes);
        return changed;
      },
    });
  }
}

/** Resolves when the assertions hold. */
const eventually = <T>(assert: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(assert, { timeout: 8_000, interval: 10 });

const kindsWith = (bot: Bot, kind: Write["kind"]): string[][] =>
  bot.commits
    .filter((writes) => writes.some((write) => write.kind === kind))
    .map((writes) => writes.map((write) => write.kind));

/** Resolves when the server has the receipts of these messages, and returns what to check at each. */
function receipts(check: (id: string) => void = () => {}): Set<string> {
  const seen = new Set<string>();
  server.onFrame((client, node) => {
    if (node.tag !== "receipt" || node.attrs.type === "retry" || !client.jid.startsWith(BEN)) return;
    check(node.attrs.id ?? "");
    seen.add(node.attrs.id ?? "");
  });
  return seen;
}

describe("inbox", () => {
  test.each(["pn", "lid"] as const)("passes the message of messages.upsert, 1:1 by %s", async (way) => {
    const bot = await Bot.open();
    await bot.connect();
    const anna = await peer(ANNA);
    const to = way === "pn" ? `${BEN}@s.whatsapp.net` : `9${BEN}@lid`;
    await anna.sock.sendMessage(to, { text: "first", contextInfo: { isForwarded: true } });
    await anna.sendText(to, "second");
    await eventually(() => expect(bot.texts).toEqual(["first", "second"]));
    await eventually(() => expect(bot.upserts).toHaveLength(2));
    const messages = bot.passed.map(({ message }) => message);
    expect(messages).toEqual(bot.upserts);
    expect(messages[0]?.key.remoteJid).toBe(way === "pn" ? anna.userJid : anna.userLid);
    expect(messages[0]?.pushName).toBe(`user ${ANNA}`);
    expect(
      bot.passed.map(({ redelivered, attempt, offline }) => ({ redelivered, attempt, offline })),
    ).toEqual([
      { redelivered: false, attempt: 1, offline: false },
      { redelivered: false, attempt: 1, offline: false },
    ]);
    await eventually(async () => expect(await bot.stored()).toBe(0));
  });

  test.each(["pn", "lid"] as const)("passes a group message without its sender key, by %s", async (way) => {
    const bot = await Bot.open();
    await bot.connect();
    const anna = await peer(ANNA);
    const group = server.createGroup({ members: [anna.jid, bot.jid], addressing: way });
    for (const text of ["one", "two"]) await anna.sendText(group, text);
    await eventually(() => expect(bot.texts).toEqual(["one", "two"]));
    await eventually(() => expect(bot.upserts).toHaveLength(2));
    expect(bot.passed.map(({ message }) => message)).toEqual(bot.upserts);
    // One row for each message: none for the stanza's part with the sender key alone.
    const puts = bot.commits.flat().filter(({ kind }) => kind === "pendingInbound.put");
    expect(puts).toHaveLength(2);
  });

  test("stores a message with its ratchet and pre-key, before the receipt", async () => {
    const bot = await Bot.open();
    let resolve = (): void => {};
    bot.handle = () => new Promise((done) => (resolve = done));
    await bot.connect();
    const anna = await peer(ANNA);
    const stored = new Set<string>();
    const early: string[] = [];
    const seen = receipts((id) => {
      for (const write of bot.commits.flat())
        if (write.kind === "pendingInbound.put") for (const row of write.rows) stored.add(row.id);
      if (!stored.has(id)) early.push(id);
    });
    const group = server.createGroup({ members: [anna.jid, bot.jid] });
    const ids = [
      await anna.sendText(`${BEN}@s.whatsapp.net`, "begins a session"),
      await anna.sendText(`${BEN}@s.whatsapp.net`, "goes on"),
      await anna.sendText(group, "in a group"),
    ];
    await eventually(() => expect([...seen]).toEqual(expect.arrayContaining(ids)));
    expect(early).toEqual([]);
    const [begins, goesOn, inGroup] = kindsWith(bot, "pendingInbound.put");
    expect(begins).toEqual(expect.arrayContaining(["session.put", "preKey.remove"]));
    expect(goesOn).toContain("session.put");
    expect(inGroup).toContain("senderKey.put");
    resolve();
  });

  test("writes two rows for a message, and removes one", async () => {
    const bot = await Bot.open();
    await bot.connect();
    const anna = await peer(ANNA);
    await anna.sendText(`9${BEN}@lid`, "begins a session");
    await eventually(async () => expect([bot.texts.length, await bot.stored()]).toEqual([1, 0]));
    await bot.account.flush();
    bot.commits.length = 0;
    const COUNT = 20;
    for (let count = 1; count <= COUNT; count += 1) await anna.sendText(`9${BEN}@lid`, `message ${count}`);
    await eventually(async () => expect([bot.texts.length, await bot.stored()]).toEqual([COUNT + 1, 0]));
    const rows = { written: 0, removed: 0 };
    for (const write of bot.commits.flat()) {
      if (write.kind === "pendingInbound.put") rows.written += write.rows.length;
      else if (write.kind === "session.put") rows.written += 1;
      else if (write.kind === "pendingInbound.delete") rows.removed += write.keys.length;
    }
    expect(rows.removed).toBe(COUNT);
    expect(rows.written).toBe(2 * COUNT);
    expect(kindsWith(bot, "pendingInbound.put")).toHaveLength(COUNT);
    expect(kindsWith(bot, "pendingInbound.delete").length).toBeLessThanOrEqual(COUNT);
  });

  test("passes what was not handled again after a crash, oldest first", async () => {
    const first = await Bot.open({ batchSize: 2 });
    first.handle = (batch) =>
      textOf((batch[0] as Message).message) === "1" ? undefined : new Promise<void>(() => {});
    await first.connect();
    const anna = await peer(ANNA);
    await anna.sendText(`${BEN}@s.whatsapp.net`, "1");
    await eventually(async () => expect([first.texts, await first.stored()]).toEqual([["1"], 0]));
    for (const text of ["2", "3", "4"]) await anna.sendText(`9${BEN}@lid`, text);
    await eventually(async () => expect(await first.stored()).toBe(3));
    // The first account does not close: the second one takes over what is stored.
    const second = await Bot.open({}, first.database);
    await first.socket.end(undefined);
    await second.connect();
    await eventually(() => expect(second.texts).toEqual(["2", "3", "4"]));
    expect(second.passed.map(({ redelivered }) => redelivered)).toEqual([true, true, true]);
    await anna.sendText(`${BEN}@s.whatsapp.net`, "5");
    await eventually(() => expect(second.texts).toEqual(["2", "3", "4", "5"]));
    expect(second.passed[3]?.redelivered).toBe(false);
    await eventually(async () => expect(await second.stored()).toBe(0));
  });

  test("passes a message once that the server delivers twice", async () => {
    const bot = await Bot.open();
    let isBlocked = true;
    bot.handle = () => {
      if (isBlocked) throw new Error("not yet");
    };
    await bot.connect();
    const anna = await peer(ANNA);
    let lost = 0;
    const undo = server.onFrame((client, node) => {
      if (node.tag !== "receipt" || !client.jid.startsWith(BEN)) return;
      lost += 1;
      return "lost";
    });
    const id = await anna.sendText(`${BEN}@s.whatsapp.net`, "hello");
    await eventually(() => expect(lost).toBe(1));
    undo();
    const seen = receipts();
    await bot.socket.end(undefined);
    await bot.connect();
    // It is acknowledged as received, although its key was used before.
    await eventually(() => expect([...seen]).toEqual([id]));
    isBlocked = false;
    await eventually(async () => expect(await bot.stored()).toBe(0));
    expect(bot.passed.map(({ redelivered, attempt }) => [redelivered, attempt])).toEqual([
      [false, 1],
      [true, 2],
      ...(bot.passed.length > 2 ? [[true, 3]] : []),
    ]);
    expect(server.pendingCount(bot.jid)).toBe(0);
  });

  test("waits at the limit, and takes the rest when there is room", async () => {
    const bot = await Bot.open({ maxPending: 2 });
    let resolve = (): void => {};
    bot.handle = () => new Promise((done) => (resolve = done));
    await bot.connect();
    const seen = receipts();
    const anna = await peer(ANNA);
    const texts = ["1", "2", "3", "4", "5"];
    for (const text of texts) await anna.sendText(`${BEN}@s.whatsapp.net`, text);
    await eventually(async () => expect([seen.size, await bot.stored()]).toEqual([2, 2]));
    await eventually(() => expect(server.pendingCount(bot.jid)).toBe(3));
    await eventually(() => {
      resolve();
      expect(bot.texts).toEqual(texts);
    });
    await eventually(() => expect(seen.size).toBe(5));
    resolve();
    await eventually(async () => expect(await bot.stored()).toBe(0));
  });

  test("closes the connection after a long wait, and the server keeps the rest", async () => {
    const bot = await Bot.open({ maxPending: 1, maxWaitMs: 50 });
    let resolve = (): void => {};
    bot.handle = () => new Promise((done) => (resolve = done));
    await bot.connect();
    const ended = bot.ended();
    const anna = await peer(ANNA);
    for (const text of ["1", "2", "3"]) await anna.sendText(`${BEN}@s.whatsapp.net`, text);
    expect(await ended).toMatchObject({ code: "limit" });
    // Also the receipt of the first message may not have arrived.
    await eventually(() => expect(server.pendingCount(bot.jid)).toBeGreaterThanOrEqual(2));
    resolve();
    bot.handle = () => {};
    await bot.connect();
    await eventually(() => expect(bot.texts).toEqual(["1", "2", "3"]));
    await eventually(() => expect(server.pendingCount(bot.jid)).toBe(0));
  });

  test("closes the connection when a message cannot be stored, and loses none", async () => {
    const bot = await Bot.open();
    await bot.connect();
    const anna = await peer(ANNA);
    await anna.sendText(`${BEN}@s.whatsapp.net`, "1");
    await eventually(() => expect(bot.texts).toEqual(["1"]));
    // Otherwise the connection may close before its receipt is sent.
    await eventually(() => expect(server.pendingCount(bot.jid)).toBe(0));
    let failures = 0;
    bot.fault = (writes) => {
      if (!writes.some(({ kind }) => kind === "pendingInbound.put")) return undefined;
      failures += 1;
      return new BackendError("commit: the disk is full");
    };
    const ended = bot.ended();
    const retries: string[] = [];
    server.onFrame((client, node) => {
      if (node.attrs.type === "retry") retries.push(client.jid);
    });
    await anna.sendText(`${BEN}@s.whatsapp.net`, "2");
    expect(await ended).toBeInstanceOf(BackendError);
    expect(failures).toBeGreaterThan(0);
    // The message, and the notification behind it where the connection closed before its receipt.
    expect(server.pendingCount(bot.jid)).toBeGreaterThanOrEqual(1);
    bot.fault = () => undefined;
    await bot.connect();
    await eventually(() => expect(bot.texts).toEqual(["1", "2"]));
    await eventually(async () => expect(await bot.stored()).toBe(0));
    await eventually(() => expect(server.pendingCount(bot.jid)).toBe(0));
    expect(retries).toEqual([]);
  });
});
