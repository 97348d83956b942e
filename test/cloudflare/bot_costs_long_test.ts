/**
 * What a bot costs at the platform: inside its account's object, and on a server with its account in an object.
 * Rows, alarms and requests are counted in workerd while a person writes with the bot. The figures of
 * docs/guide/durable_object_bot.md are its output. Does not cover what Cloudflare itself bills.
 */
import type { WAMessage, WASocket } from "baileys";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { HoldfastBot } from "../baileys/holdfast_bot.ts";
import { ADMIN_TOKEN } from "../kit/service.ts";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import type { UserProject } from "../support/programs/packed_package.ts";
import { startWhatsAppServer, textOf } from "../support/whatsapp/mod.ts";
import { type RunningWorker, startWorker } from "../worker/worker_process.ts";
import { bundleBot, type MeasuredBundle, makeBotProject } from "./bot_project.ts";
import { BotWorld } from "./bot_world.ts";
import { Person } from "./person.ts";
import { wranglerCommand } from "./user_project.ts";

/** Messages to the bot, each of which it answers, and the pause between two. */
const TRAFFIC = [
  { name: "without a pause", messages: 200, everyMs: 0 },
  { name: "one every 5 s", messages: 12, everyMs: 5_000 },
];

/** Time after which everything is flushed. */
const SETTLE_MS = 12_000;

let project: UserProject;
let bundle: MeasuredBundle | undefined;

beforeAll(async () => {
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  const wrangler = wranglerCommand();
  if (wrangler === undefined) return;
  project = await makeBotProject();
  bundle = await bundleBot(project, wrangler, "test_entry.js");
}, DOSED_TIMEOUT_MS);

afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

/** Writes to a bot, waits for each answer, and prints what was counted for a thousand messages and answers. */
async function measure<Counts extends object>(
  side: string,
  person: Person,
  botJid: string,
  take: () => Promise<Counts>,
): Promise<Record<string, Record<keyof Counts, number>>> {
  const results: Record<string, Record<keyof Counts, number>> = {};
  await person.socket.sendText(botJid, "!ping first");
  await person.reads(["pong first"], 20_000);
  for (const { name, messages, everyMs } of TRAFFIC) {
    await sleep(SETTLE_MS);
    await take();
    const startedAt = performance.now();
    for (let count = 1; count <= messages; count += 1) {
      await person.socket.sendText(botJid, `!ping ${name} ${count}`);
      await person.reads([`pong ${name} ${count}`], 20_000);
      await sleep(everyMs);
    }
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    await sleep(SETTLE_MS);
    const perThousand = Object.entries(await take()).map(([what, value]) => [
      what,
      Math.round((Number(value) / messages) * 1_000),
    ]);
    results[name] = Object.fromEntries(perThousand) as Record<keyof Counts, number>;
    process.stderr.write(
      `costs: ${side}, ${name} (${messages} in ${seconds} s), for 1,000: ${JSON.stringify(results[name])}\n`,
    );
  }
  return results;
}

describe("costs of a bot", () => {
  test("inside its object", { timeout: DOSED_TIMEOUT_MS }, async ({ skip }) => {
    if (bundle === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    await using world = await BotWorld.start(bundle.modules);
    const results = await measure("inside", world.anna, world.botJid, () => world.worker.counts("bot-1"));
    for (const { written, read } of Object.values(results)) {
      expect(written).toBeGreaterThan(0);
      expect(written).toBeLessThan(15_000);
      expect(read).toBeLessThan(60_000);
    }
  });

  test("on a server, its account in an object", { timeout: DOSED_TIMEOUT_MS }, async () => {
    await using worker = await startWorker({ entryPoint: "test/cloudflare/counted_worker.ts" });
    const token = await newAccount(worker);
    let [sent, busyMs] = [0, 0];
    const backend = await remoteBackend({
      url: worker.url,
      token,
      account: "bot-1",
      fetch: async (...request) => {
        sent += 1;
        const startedAt = performance.now();
        try {
          return await fetch(...request);
        } finally {
          busyMs += performance.now() - startedAt;
        }
      },
    });
    await using server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
    await using bot = await HoldfastBot.open({
      server,
      pn: "15550000009",
      wrap: () => backend,
      options: {
        inbox: {
          onMessages: (batch, socket) =>
            answer(
              batch.map(({ message }) => message),
              socket,
            ),
        },
      },
    });
    const isOpen = new Promise<void>((resolve) => {
      bot.connect().ev.on("connection.update", ({ connection }) => connection === "open" && resolve());
    });
    await isOpen;
    const anna = await new Person(server, "15550000001").online();
    const results = await measure("remote", anna, "15550000009@s.whatsapp.net", async () => {
      const counts = await (await worker.fetch("/test/counts")).json();
      const taken = { ...(counts as Record<string, number>), sent, busyMs };
      [sent, busyMs] = [0, 0];
      return taken;
    });
    await anna.offline();
    for (const { written, sent: requests } of Object.values(results) as Record<string, number>[]) {
      expect(requests).toBeGreaterThan(0);
      expect(requests).toBeLessThan(10_000);
      expect(written).toBeLessThan(15_000);
    }
  });
});

/** Answers as the template does. */
async function answer(messages: readonly WAMessage[], socket: WASocket): Promise<void> {
  for (const message of messages) {
    const text = textOf(message) ?? "";
    const { fromMe, remoteJid } = message.key;
    if (fromMe || !remoteJid || !text.startsWith("!ping")) continue;
    await socket.sendMessage(remoteJid, { text: text.replace("!ping", "pong") });
  }
}

/** Creates the account. Resolves with a token for it. */
async function newAccount(worker: RunningWorker): Promise<string> {
  const post = async (path: string, body: object): Promise<{ token?: string }> => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
    const response = await worker.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    return (await response.json()) as { token?: string };
  };
  await post("/v1/accounts", { name: "bot-1" });
  const { token = "" } = await post("/v1/tokens", { account: "bot-1", permissions: ["account"] });
  return token;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
