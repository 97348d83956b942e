/**
 * Bots are killed with SIGKILL while they send, and started again. A contact that has lost its sessions asks
 * for every message by retry receipts, over real sockets: those of messages whose frames left 5 s before the
 * kill are answered, and under `beforeFrame` all. Does not cover the loss of power.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { WA_CERT_DETAILS, type WASocket } from "baileys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import {
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  startWhatsAppServer,
  type TestSocket,
  textOf,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import { programForFile } from "./program_for_file.ts";
import type { FromBot, RetriedBotOptions } from "./retried_bot.ts";

/** Bots that run at the same time, half of them with `beforeFrame`. */
const BOTS = dose({ short: 4, long: 5 });
/** Kills of each. */
const ROUNDS = dose({ short: 1, long: 20 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_130);

/** Age from which a frame's message must be answered after a kill. */
const DURABLE_AGE_MS = 5_000;
/** Messages that have left before the time to a kill begins. */
const FIRST_MESSAGES = 4;
/** Attempts of a contact to connect. */
const CONNECTIONS = 10;
/** Longest wait for all answers. */
const ANSWER_MS = 60_000;

const program = programForFile("test/process/retried_bot.ts");
let server: WhatsAppServer;
beforeAll(async () => {
  server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A contact that can lose all sessions and sender keys. */
class Contact {
  /** Ids of the messages that it could read. */
  readonly read = new Set<string>();
  readonly #keys = memoryKeys();
  readonly #creds: ReturnType<typeof pairedCreds>;
  #socket: TestSocket | undefined;

  constructor(pn: string) {
    this.#creds = pairedCreds({ pn });
  }

  async online(): Promise<TestSocket> {
    const onSocket = ({ ev }: WASocket): void => {
      ev.on("messages.upsert", ({ messages }) => {
        for (const message of messages) if (textOf(message) !== undefined) this.#note(message.key.id);
      });
      ev.on("messages.update", (updates) => {
        for (const { key, update } of updates) if (update.message) this.#note(key.id);
      });
    };
    const options = { server, creds: this.#creds, keys: this.#keys, onSocket };
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#socket = await makeTestSocket(options);
        return this.#socket;
      } catch (error) {
        // A busy machine may not connect it within the time of a test socket.
        if (attempt === CONNECTIONS) throw error;
      }
    }
  }

  async offline(): Promise<void> {
    await this.#socket?.close();
  }

  lose(): void {
    for (const name of [...this.#keys.records.keys()]) {
      if (/^(session|sender-key):/.test(name)) this.#keys.records.delete(name);
    }
  }

  #note(id: string | null | undefined): void {
    this.read.add(id ?? "");
  }
}

/** A process that is running, and what it says. */
class Bot {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #said: FromBot[] = [];
  #errors = "";
  #look: () => void = () => {};

  constructor(options: RetriedBotOptions) {
    this.#child = program.start([JSON.stringify(options)]);
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#errors += String(chunk);
    });
    this.#child.stdin.on("error", () => {});
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#said.push(JSON.parse(line) as FromBot);
      this.#look();
    });
    this.#child.on("close", () => this.#look());
  }

  /** Enrols it, and waits until it is connected. */
  async connected(): Promise<void> {
    const { id, lid, noiseKey } = await this.#hears("hello");
    server.enrol({ id, lid, noiseKey: Buffer.from(noiseKey, "base64"), name: "bot" });
    this.#tell("connect");
    await this.#hears("open");
  }

  send(chats: readonly string[]): void {
    this.#tell(JSON.stringify(chats));
  }

  #tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Kills it. Returns the time before. */
  async kill(): Promise<number> {
    const closed = new Promise((resolve) => this.#child.on("close", resolve));
    const killedAtMs = performance.now();
    this.#child.kill("SIGKILL");
    await closed;
    expect(this.#child.signalCode, `the process ended by itself: ${this.#errors}`).toBe("SIGKILL");
    return killedAtMs;
  }

  async #hears<Kind extends FromBot["kind"]>(kind: Kind): Promise<Extract<FromBot, { kind: Kind }>> {
    for (;;) {
      const line = this.#said.find((said) => said.kind === kind);
      if (line !== undefined) return line as Extract<FromBot, { kind: Kind }>;
      if (this.#child.exitCode !== null) throw new Error(`the process ended by itself: ${this.#errors}`);
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
    }
  }
}

interface Count {
  asked: number;
  missing: number;
  /** Of messages that had left less than 5 s before, which may be missing. */
  young: number;
}

/** Runs one bot, from kill to kill. */
async function live(index: number): Promise<Count> {
  const random = new SeededRandom(SEED + index);
  const isBeforeFrame = index % 2 === 1;
  const pn = `1555000${String(index).padStart(4, "0")}`;
  const contact = new Contact(`1556000${String(index).padStart(4, "0")}`);
  let socket = await contact.online();
  const { userJid, userLid, jid } = socket;
  const start = async (): Promise<Bot> => {
    const started = new Bot({
      url: `file:${join(program.folder, `bot${index}.db`)}`,
      server: server.url,
      root: Buffer.from(WA_CERT_DETAILS.PUBLIC_KEY).toString("base64"),
      pn,
      options: { sentMessages: isBeforeFrame ? { beforeFrame: true } : {} },
      pauseMs: 300,
    });
    await started.connected();
    return started;
  };
  let bot = await start();
  const group = server.createGroup({ members: [`${pn}:1@s.whatsapp.net`, jid] });
  const count = { asked: 0, missing: 0, young: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    // Once the bot has read a message of a session, its own ones name no pre-key, and cannot be read without
    // the session.
    const botJid = `${pn}:1@s.whatsapp.net`;
    await socket.sendText(`${pn}@s.whatsapp.net`, "hello");
    await server.until(() => server.pendingCount(botJid) === 0, ANSWER_MS);
    await contact.offline();
    /** When the server had each frame. */
    const left = new Map<string, number>();
    const unlisten = server.onFrame((client, { tag, attrs }) => {
      if (tag === "message" && client.jid.startsWith(pn)) left.set(attrs.id ?? "", performance.now());
    });
    bot.send([userJid, userLid, group]);
    // Slow machines get as far as fast ones.
    await server.until(() => left.size >= FIRST_MESSAGES, ANSWER_MS);
    await pause(random.below(2_000) + (isBeforeFrame ? 0 : DURABLE_AGE_MS));
    const killedAtMs = await bot.kill();
    unlisten();
    bot = await start();
    contact.lose();
    socket = await contact.online();
    const reader = socket;
    const ids = [...left].filter(([, atMs]) => isBeforeFrame || killedAtMs - atMs >= DURABLE_AGE_MS);
    const missing = (): string[] => ids.map(([id]) => id).filter((id) => !contact.read.has(id));
    await reader.until(() => missing().length === 0, ANSWER_MS).catch(() => {});
    count.asked += ids.length;
    count.missing += missing().length;
    count.young += left.size - ids.length;
  }
  await contact.offline();
  await bot.kill();
  return count;
}

test(`every retry receipt is answered after ${BOTS * ROUNDS} kills (seed ${SEED})`, {
  timeout: DOSED_TIMEOUT_MS,
}, async () => {
  const counts = await Promise.all(Array.from({ length: BOTS }, (_, index) => live(index)));
  const total = counts.reduce((sum, { asked, missing, young }) => ({
    asked: sum.asked + asked,
    missing: sum.missing + missing,
    young: sum.young + young,
  }));
  process.stderr.write(
    `killed ${BOTS * ROUNDS} times: ${total.asked} messages asked for, ${total.missing} missing, ` +
      `${total.young} younger than 5 s\n`,
  );
  expect(total.asked).toBeGreaterThanOrEqual(FIRST_MESSAGES * BOTS * ROUNDS);
  expect(total.missing).toBe(0);
});
