/**
 * The example of Baileys in a Durable Object, bundled by wrangler in a user's project and run in workerd,
 * against the local server. Its memory is lost again and again: by `ctx.abort()`, by an eviction, with the
 * whole process. Does not cover WhatsApp's own servers, media, or Cloudflare's own evictions.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { runProgram, type UserProject } from "../support/programs/packed_package.ts";
import { element } from "../support/whatsapp/mod.ts";
import { bundleBot, type MeasuredBundle, makeBotProject } from "./bot_project.ts";
import { startBotWorker } from "./bot_worker.ts";
import { BotWorld } from "./bot_world.ts";
import { typeCheck, wranglerCommand } from "./user_project.ts";

/** Greatest size of the upload in bytes, compressed. */
const MAX_BYTES = 1_000_000;

/** Messages of the conversation, and how many of them pass between two losses of memory. */
const {
  messages: MESSAGES,
  perLoss: PER_LOSS,
  perKill: PER_KILL,
} = dose({
  short: { messages: 36, perLoss: 12, perKill: 36 },
  long: { messages: 1_000, perLoss: 50, perKill: 200 },
});

/** Losses of memory between sending and retry receipts. */
const RETRIES = dose({ short: 1, long: 10 });

/** Time after which a sent message is durable, in milliseconds, with some more for a slow machine. */
const DURABLE_MS = 6_000;

/** From 40 characters on, protobufjs writes a text by a method of Buffer. */
const LONG_TEXT = "hello to all of you, and to those who read it later";

/** Messages of one round of the conversation. */
const PER_ROUND = 6;

let project: UserProject;
let bundle: MeasuredBundle | undefined;

beforeAll(async () => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  const wrangler = wranglerCommand();
  if (wrangler === undefined) return;
  project = await makeBotProject();
  bundle = await bundleBot(project, wrangler, "test_entry.js");
}, 120_000);

afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

describe("a Baileys bot in a Durable Object", () => {
  test("fits in 1 MB, compressed", ({ skip }) => {
    if (bundle === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    expect(bundle.gzipKib).toBeGreaterThan(500);
    expect(bundle.gzipKib * 1_024).toBeLessThan(MAX_BYTES);
  });

  test("type-checks with the types of wrangler", async ({ skip }) => {
    const wrangler = wranglerCommand();
    if (wrangler === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    const [node, script] = wrangler;
    await runProgram(node, [script, "types"], { cwd: project.folder });
    expect(await typeCheck(project)).toBe("");
  });

  test("answers retry receipts for messages from before a loss", {
    timeout: DOSED_TIMEOUT_MS,
  }, async ({ skip }) => {
    if (bundle === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    await using world = await BotWorld.start(bundle.modules);
    const { server, traffic, anna, ben, group, botJid } = world;
    await ben.socket.sendText(botJid, "!ping");
    await world.ask("send", { to: group, text: LONG_TEXT });
    await world.reads(ben, "pong", LONG_TEXT);
    const { userJid } = ben.socket;
    for (let retry = 1; retry <= RETRIES; retry += 1) {
      await ben.offline();
      await world.ask("send", { to: userJid, text: `kept ${retry}` });
      await world.ask("send", { to: group, text: `kept group ${retry}` });
      await sleep(DURABLE_MS);
      const { logins } = traffic;
      if (retry % 3 === 0) {
        await world.kill();
        await world.ask("start");
      } else await world.abort();
      await world.connected(logins + 1);
      ben.lose();
      await ben.online();
      await world.reads(ben, `kept ${retry}`, `kept group ${retry}`);
    }
    expect(traffic.retryReceipts.people).toBeGreaterThanOrEqual(2 * RETRIES);
    expect(traffic.retryReceipts.bot).toBe(0);
    expect(traffic.reusedKeys).toEqual([]);
    expect(anna.socket.undecryptable).toEqual([]);
    expect(server.incidents).toEqual([]);
  });

  test("is paired by a QR code, and connects then", async ({ skip }) => {
    if (bundle === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    await using world = await BotWorld.start(bundle.modules);
    const { server, worker, anna } = world;
    // A code that is never typed on a phone.
    const { code } = await worker.ask("new", "pair", { phoneNumber: "15550000008" });
    expect(code).toMatch(/^[0-9A-Z]{8}$/);
    await server.until(() => server.linkCodeRequests.length > 0);
    expect(server.linkCodeRequests).toEqual([{ jid: "15550000008@s.whatsapp.net" }]);
    expect(await worker.ask("new", "stop")).toMatchObject({ state: "stopped", isStarted: false });
    // A code that is scanned.
    const { qr } = await worker.ask("new", "pair");
    expect(await worker.ask("new", "status")).toMatchObject({ state: "pairing", isStarted: true });
    const [id, lid] = ["15550000008:1@s.whatsapp.net", "915550000008:1@lid"];
    server.scan(String(qr), { id, lid });
    await worker.ask("new", "send", { to: anna.socket.userJid, text: "paired" });
    await world.reads(anna, "paired");
    expect(await worker.ask("new", "status")).toMatchObject({ state: "open", isStarted: true, jid: id });
    await expect(worker.ask("new", "pair")).rejects.toThrow("pair: the bot is paired already");
    // Refused by WhatsApp: another attempt would be in vain.
    for (const code of ["403", "411"]) {
      server.send(id, element("stream:error", { code }));
      await expect
        .poll(() => worker.ask("new", "status"))
        .toMatchObject({ state: "stopped", isStarted: false });
      await worker.ask("new", "start");
      await expect.poll(() => worker.ask("new", "status")).toMatchObject({ state: "open" });
    }
    // Logged out by the phone.
    server.send(
      id,
      element("stream:error", { code: "401" }, [element("conflict", { type: "device_removed" })]),
    );
    await expect
      .poll(() => worker.ask("new", "status"))
      .toMatchObject({ state: "stopped", isStarted: false, jid: id });
    expect(server.incidents).toEqual([]);
  });

  test("refuses callers without the token", async ({ skip }) => {
    if (bundle === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    const folder = join(project.folder, "objects");
    const elsewhere = { testRoot: new Uint8Array(), whatsAppUrl: "ws://127.0.0.1:1" };
    await using worker = await startBotWorker({ modules: bundle.modules, folder, ...elsewhere });
    const statusOf = async (authorization?: string): Promise<number> =>
      (await worker.fetch("/bots/bot-1/status", authorization ? { headers: { authorization } } : {})).status;
    expect(await statusOf()).toBe(401);
    expect(await statusOf("Bearer bot-token-of-the-test")).toBe(401);
    expect(await worker.ask("bot-1", "status")).toMatchObject({ state: "stopped", isStarted: false });
    await expect(worker.ask("bot-1", "send", { to: 1, text: "x" })).rejects.toThrow("400");
    await expect(worker.ask("bot-1", "pair", { phoneNumber: "+1 555" })).rejects.toThrow("400");
    await expect(worker.ask("bot-1", "destroy")).rejects.toThrow("404");
  });

  test("loses its memory without losing a key", { timeout: DOSED_TIMEOUT_MS }, async ({ skip }) => {
    if (bundle === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    await using world = await BotWorld.start(bundle.modules);
    const { server, traffic, anna, ben, group, botJid } = world;
    const losses = { aborts: 0, evictions: 0, kills: 0 };
    let round = 0;
    let lossAt = 0;
    for (let sent = 0; sent < MESSAGES; ) {
      // What was sent while the memory was there arrives.
      lossAt += PER_LOSS;
      for (; sent < lossAt; sent += PER_ROUND) {
        round += 1;
        await anna.socket.sendText(botJid, `!ping ${round}`);
        await world.ask("send", { to: group, text: `group ${round}` });
        await ben.socket.sendText(group, `!ping group ${round}`);
        await world.ask("send", { to: ben.socket.userJid, text: `direct ${round}` });
        await world.reads(anna, `pong ${round}`, `group ${round}`, `pong group ${round}`);
        await world.reads(ben, `direct ${round}`, `group ${round}`, `pong group ${round}`);
      }
      const { logins } = traffic;
      const isKill = (losses.aborts + losses.evictions + losses.kills + 1) % (PER_KILL / PER_LOSS) === 0;
      const isEviction = !isKill && losses.evictions < losses.aborts;
      // A bot that is stopped can be evicted. Otherwise both sides send while the memory is lost.
      if (isEviction) await world.ask("stop");
      const people = Promise.all([
        anna.socket.sendText(botJid, `!ping lost ${round}`),
        ben.socket.sendText(group, `!ping lost group ${round}`),
      ]);
      const bot = Promise.allSettled([
        people,
        isEviction || world.ask("send", { to: group, text: `lost ${round}` }),
      ]);
      // An eviction blocks this process, and with it the people's queries.
      if (isEviction) await people;
      if (isEviction) {
        losses.evictions += 1;
        await world.evict();
        await world.ask("start");
      } else if (isKill) {
        losses.kills += 1;
        await world.kill();
        await world.ask("start");
      } else {
        losses.aborts += 1;
        await world.abort();
      }
      await people;
      await bot;
      await world.connected(logins + 1);
      // Whatever came while the memory was lost, or just before, is answered at least once.
      await world.reads(anna, `pong lost ${round}`, `pong lost group ${round}`);
    }
    // Nothing but the alarm wakes it.
    const { logins } = traffic;
    await world.abort();
    await world.connected(logins + 1);
    await anna.socket.sendText(botJid, "!ping at last");
    await world.reads(anna, "pong at last");
    await server.until(() => server.pendingCount(`${botJid}`) === 0);
    const counts = { ...losses, keys: traffic.keys.size, ...traffic.retryReceipts };
    process.stderr.write(`bot: ${MESSAGES} messages, ${JSON.stringify(counts)}\n`);
    expect(traffic.reusedKeys).toEqual([]);
    for (const person of [anna, ben]) expect(person.socket.undecryptable).toEqual([]);
    expect(traffic.retryReceipts).toEqual({ bot: 0, people: 0 });
    expect(server.incidents).toEqual([]);
  });
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
