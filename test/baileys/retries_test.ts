/**
 * Counts of retries and base keys outlive the process: real sockets, and receipts as the network sends them.
 */
import type * as baileys from "baileys";
import { describe, expect, test, vi } from "vitest";
import { MemoryDatabase } from "../../src/adapters/memory/mod.ts";
import { BusyError } from "../../src/errors/mod.ts";
import {
  element,
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  silentLogger,
  type TestSocket,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import { HoldfastBot } from "./holdfast_bot.ts";
import { serverForEachTest } from "./server_for_each.ts";

const ANNA = "15550000001";
const BEN = "15550000002";

let server: WhatsAppServer;
const opened = serverForEachTest((started) => {
  server = started;
});

/** Opens Anna's account, again with the database of an earlier bot, whose process is over. */
async function openAnna(database = new MemoryDatabase()): Promise<HoldfastBot> {
  const bot = await HoldfastBot.open({ server, pn: ANNA, database });
  opened.push(bot);
  return bot;
}

async function connectBen(): Promise<TestSocket> {
  const ben = await makeTestSocket({ server, creds: pairedCreds({ pn: BEN }), keys: memoryKeys() });
  opened.push(ben);
  return ben;
}

/** Saves what is due and ends the process's part in the account. */
async function stop(bot: HoldfastBot): Promise<MemoryDatabase> {
  await bot[Symbol.asyncDispose]();
  return bot.database;
}

/** A logger that keeps the messages of warnings. */
function warnings(): { readonly texts: string[]; readonly logger: typeof silentLogger } {
  const texts: string[] = [];
  const logger: typeof silentLogger = {
    ...silentLogger,
    child: () => logger,
    warn: (_fields: unknown, text?: string) => void texts.push(String(text)),
  };
  return { texts, logger };
}

describe("msgRetryCounterCache", () => {
  test.each([`3EB0A:${BEN}:1@s.whatsapp.net`, "3EB0A:undefined", "3EB0A"])("keeps %s", async (key) => {
    const anna = await openAnna();
    const { msgRetryCounterCache: counts } = anna.holdfast.config;
    await counts.set(key, 2);
    await counts.set(key, 3);
    expect(await counts.get(key)).toBe(3);
    expect(await counts.get("3EB0B:undefined")).toBeUndefined();
    const { msgRetryCounterCache: again } = (await openAnna(await stop(anna))).holdfast.config;
    expect(await again.get(key)).toBe(3);
    expect(await again.get("3EB0A:other@lid")).toBeUndefined();
    await again.del(key);
    expect(await again.get(key)).toBeUndefined();
  });

  test("answers nothing where a count cannot be read", async () => {
    const { account, holdfast, logger } = await openAnna();
    const { msgRetryCounterCache: counts } = holdfast.config;
    for (const id of ["", "a\0b", "x".repeat(1_025), "\ud800", "__proto__"]) {
      expect(await counts.get(`${id}:${BEN}:1@s.whatsapp.net`)).toBeUndefined();
    }
    const read = vi.spyOn(account.store, "findMessageSegments").mockRejectedValue(new BusyError("busy"));
    expect(await counts.get("3EB0A:undefined")).toBeUndefined();
    expect(logger.messages("warn")).toContain("baileys: a count of retries is not read");
    await counts.set("3EB0A:undefined", 1);
    expect(await counts.get("3EB0A:undefined")).toBe(1);
    read.mockRestore();
  });

  test("does not resend a message more often because of a restart", async () => {
    const anna = await openAnna();
    const ben = await connectBen();
    const socket = await anna.online();
    const sent = await socket.sendMessage(ben.userJid, { text: "hello" });
    const id = sent?.key.id ?? "";
    const key = `${id}:${ben.jid}`;
    await anna.holdfast.config.msgRetryCounterCache.set(key, 5);
    const again = await openAnna(await stop(anna));
    const resent: string[] = [];
    server.onFrame((client, node) => {
      if (node.tag === "message" && client.jid === anna.jid) resent.push(node.attrs.id ?? "");
    });
    const handled = acknowledged(id);
    await again.online({ getMessage: async () => ({ conversation: "hello" }) });
    server.send(again.jid, retryReceipt(id, ben.jid, 1));
    await handled;
    expect(resent).toEqual([]);
  });
});

describe("requests of messages that cannot be decrypted", () => {
  /** Sends a message to Anna that she cannot decrypt, and waits until she has answered it. */
  async function deliverBroken(id: string): Promise<string | undefined> {
    const answered = new Promise<string | undefined>((resolve) => {
      let count: string | undefined;
      const unlisten = server.onFrame((_client, node) => {
        if (node.attrs.id !== id) return;
        if (node.tag === "receipt" && node.attrs.type === "retry") {
          const [retry] = Array.isArray(node.content) ? node.content : [];
          count = retry?.attrs.count;
        }
        if (node.tag !== "ack") return;
        unlisten();
        resolve(count);
      });
    });
    const attrs = { from: `${BEN}@s.whatsapp.net`, id, t: "1", type: "text", notify: "Ben" };
    const enc = element("enc", { v: "2", type: "msg" }, Buffer.alloc(60, 3) as never);
    server.send(`${ANNA}:1@s.whatsapp.net`, element("message", attrs, [enc]));
    return await answered;
  }

  test("go on counting after a restart, up to the limit", async () => {
    const anna = await openAnna();
    await anna.online();
    expect([await deliverBroken("3EB0C"), await deliverBroken("3EB0C")]).toEqual(["1", "2"]);
    const again = await openAnna(await stop(anna));
    await again.online();
    const counts = [];
    for (let times = 0; times < 5; times += 1) counts.push(await deliverBroken("3EB0C"));
    expect(counts).toEqual(["3", "4", "5", undefined, undefined]);
    expect(await deliverBroken("3EB0D")).toBe("1");
  });
});

describe("base keys", () => {
  test("are compared after a restart, so that a useless session ends", async () => {
    const anna = await openAnna();
    const ben = await connectBen();
    const socket = await anna.online();
    const id = (await socket.sendMessage(ben.userJid, { text: "hello" }))?.key.id ?? "";
    await ben.receivedCount(1);
    const saved = vi.spyOn(anna.account.store, "saveBaseKey");
    const handled = acknowledged(id);
    server.send(anna.jid, retryReceipt(id, ben.jid, 2));
    await vi.waitFor(() => expect(saved).toHaveBeenCalledOnce(), 5_000);
    // Baileys has begun a new session for the second request. A peer that keeps it from doing so, by the
    // bundle in its receipt, asks a third time on the same base key.
    await handled;
    const { baseKey } = (await socket.signalRepository.getSessionInfo?.(ben.jid)) ?? {};
    const address = socket.signalRepository.jidToSignalProtocolAddress(ben.jid);
    socket.messageRetryManager?.saveBaseKey(address, id, baseKey ?? new Uint8Array());
    await saved.mock.results.at(-1)?.value;
    const again = await openAnna(await stop(anna));
    const { texts, logger } = warnings();
    await again.online({ logger });
    server.send(again.jid, retryReceipt(id, ben.jid, 3));
    await vi.waitFor(() => expect(texts.join("\n")).toContain("base key collision"), 5_000);
  });

  test("of another session are not the same", async () => {
    const anna = await openAnna();
    const ben = await connectBen();
    const socket = await anna.online();
    await socket.sendMessage(ben.userJid, { text: "hello" });
    await ben.receivedCount(1);
    const address = socket.signalRepository.jidToSignalProtocolAddress(ben.jid);
    const manager = socket.messageRetryManager;
    manager?.saveBaseKey(address, "3EB0E", new Uint8Array(33).fill(5));
    expect(manager?.hasSameBaseKey(address, "3EB0E", new Uint8Array(33).fill(5))).toBe(true);
    const again = await openAnna(await stop(anna));
    const next = await again.online();
    await again.holdfast.config.msgRetryCounterCache.set(`3EB0E:${ben.jid}`, 4);
    await again.holdfast.config.msgRetryCounterCache.get(`3EB0E:${ben.jid}`);
    const info = await next.signalRepository.getSessionInfo?.(ben.jid);
    const { baseKey } = info ?? { baseKey: new Uint8Array() };
    expect(baseKey).toHaveLength(33);
    expect(next.messageRetryManager?.hasSameBaseKey(address, "3EB0E", baseKey)).toBe(false);
  });
});

test("a device that asks for messages that do not exist stores few base keys", async () => {
  const anna = await openAnna();
  const ben = await connectBen();
  const socket = await anna.online();
  await socket.sendMessage(ben.userJid, { text: "hello" });
  await ben.receivedCount(1);
  const saved = vi.spyOn(anna.account.store, "saveBaseKey");
  for (let n = 0; n < 20; n += 1) {
    const handled = acknowledged(`3EB0${n}`);
    server.send(anna.jid, retryReceipt(`3EB0${n}`, ben.jid, 2));
    await handled;
  }
  expect(saved).toHaveBeenCalledTimes(16);
});

/** Resolves when a client has handled a receipt of a message. */
function acknowledged(id: string): Promise<void> {
  return new Promise((resolve) => {
    server.onFrame((_client, { tag, attrs }) => {
      if (tag === "ack" && attrs.id === id && attrs.class === "receipt") resolve();
    });
  });
}

function retryReceipt(id: string, from: string, count: number): baileys.BinaryNode {
  const retry = element("retry", { count: String(count), id, t: "1", v: "1" });
  return element("receipt", { id, from, type: "retry", t: "1" }, [retry]);
}
