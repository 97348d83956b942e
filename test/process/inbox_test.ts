/**
 * A bot that receives messages at least once is killed with SIGKILL at each moment between the decryption of
 * a message, its receipt, its event and its removal, and is started again. No message is lost, and one that
 * is passed twice is marked. Does not cover the loss of power.
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WA_CERT_DETAILS } from "baileys";
import { describe, expect, test, vi } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import {
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  startWhatsAppServer,
  type TestSocket,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import { BOT_PN, type FromInboxBot, type InboxBotPlan, MOMENTS } from "./inbox_bot.ts";
import { programForFile } from "./program_for_file.ts";

const KILLS = dose({ short: 4, long: 50 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_130);
/** The short dose begins with the event, before which a message is acknowledged. */
const FIRST_MOMENT = MOMENTS.indexOf("event");
/** Time in which a bot starts and handles what there is. */
const ROUND_MS = 60_000;

const program = programForFile("test/process/inbox_bot.ts");

/** What the bots have told of each message, by its text. */
interface Told {
  passes: { readonly redelivered: boolean; readonly process: number }[];
  /** Whether `onMessages` has ever handled it, and whether it has since it was last passed. */
  isHandled: boolean;
  isDone: boolean;
  isRemoved: boolean;
}

/** The sender, the server, and a record of what all bots have told. */
class World {
  readonly server: WhatsAppServer;
  readonly told = new Map<string, Told>();
  /** Violations, in words. */
  readonly faults: string[] = [];
  readonly deaths = new Map<string, number>();
  /** Messages that were passed again although `onMessages` had said that it was done. */
  repeatedAfterHandling = 0;
  repeated = 0;
  retries = 0;
  group: string | undefined;
  readonly #anna: TestSocket;
  readonly #texts = new Map<string, string>();
  #processes = 0;

  private constructor(server: WhatsAppServer, anna: TestSocket) {
    this.server = server;
    this.#anna = anna;
    server.onFrame((_client, node) => {
      if (node.tag === "receipt" && node.attrs.type === "retry") this.retries += 1;
    });
  }

  static async open(): Promise<World> {
    const server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
    const anna = await makeTestSocket({
      server,
      creds: pairedCreds({ pn: "15550000001" }),
      keys: memoryKeys(),
    });
    return new World(server, anna);
  }

  get unhandled(): number {
    return [...this.told.values()].filter(({ isRemoved }) => !isRemoved).length;
  }

  /** Sends a text by phone number, by LID and to the group in turn. */
  async send(): Promise<void> {
    const number = this.told.size;
    const text = `message ${number}`;
    this.told.set(text, { passes: [], isHandled: false, isDone: false, isRemoved: false });
    const to = [`${BOT_PN}@s.whatsapp.net`, `9${BOT_PN}@lid`, this.group ?? `9${BOT_PN}@lid`];
    await this.#anna.sendText(to[number % to.length] as string, text);
  }

  /** Starts a bot. Resolves when it is dead. One that never dies is killed when it has handled everything. */
  async live(plan: InboxBotPlan, options: { readonly online: number }): Promise<void> {
    this.#processes += 1;
    const number = this.#processes;
    const root = WA_CERT_DETAILS.PUBLIC_KEY.toString("hex");
    const database = `file:${join(program.folder, "bot.db")}`;
    const child = program.start([database, this.server.url, root, JSON.stringify(plan)]);
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += String(chunk);
    });
    child.stdin.on("error", () => {});
    const over = new Promise<NodeJS.Signals | null>((done) => child.on("close", (_, signal) => done(signal)));
    const lines = createInterface({ input: child.stdout });
    const connected = new Promise<void>((resolve) => {
      lines.on("line", (text) => {
        const line = JSON.parse(text) as FromInboxBot;
        if (line.kind === "device") {
          this.#welcome(line);
          child.stdin.write("go\n");
          resolve();
        } else this.#hear(line, number);
      });
    });
    const timer = setTimeout(() => child.kill("SIGTERM"), ROUND_MS);
    await Promise.race([connected, over]);
    // A new bot can be written to after it has uploaded its keys.
    await this.server.until(() => this.server.preKeyCount(`${BOT_PN}:1@s.whatsapp.net`) > 0, ROUND_MS);
    for (let count = 0; count < options.online; count += 1) await this.send();
    if (plan.moment === "never") {
      await vi.waitFor(() => expect(this.unhandled, errors).toBe(0), { timeout: ROUND_MS, interval: 20 });
      child.kill("SIGKILL");
    }
    const signal = await over;
    clearTimeout(timer);
    expect(signal, `${JSON.stringify(plan)}, seed ${SEED}: ${errors}`).toBe("SIGKILL");
  }

  async close(): Promise<void> {
    await this.#anna.close();
    await this.server.close();
  }

  #welcome({ id, lid, noiseKey }: Extract<FromInboxBot, { kind: "device" }>): void {
    this.server.enrol({ id, lid, noiseKey: Buffer.from(noiseKey, "hex") });
    this.group ??= this.server.createGroup({ members: [this.#anna.jid, id] });
  }

  #hear(line: Exclude<FromInboxBot, { kind: "device" }>, process: number): void {
    if (line.kind === "dies") {
      this.deaths.set(line.moment, (this.deaths.get(line.moment) ?? 0) + 1);
      return;
    }
    if (line.kind === "passed") this.#texts.set(line.id, line.text);
    const text = this.#texts.get(line.id) ?? "";
    const told = this.told.get(text);
    if (told === undefined) {
      this.faults.push(`${line.kind}: a message that was not sent`);
      return;
    }
    if (line.kind === "handled") {
      told.isHandled = true;
      told.isDone = true;
    } else if (line.kind === "removed") told.isRemoved = true;
    else {
      if (told.isRemoved) this.faults.push(`${text}: passed after its removal`);
      if (told.passes.length > 0) {
        this.repeated += 1;
        if (told.isDone) this.repeatedAfterHandling += 1;
        if (!line.redelivered) this.faults.push(`${text}: passed again without a mark`);
      }
      told.isDone = false;
      told.passes.push({ redelivered: line.redelivered, process });
    }
  }
}

describe("a bot with an inbox", () => {
  test(`loses no message over ${KILLS} kills at named moments (seed ${SEED})`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const random = new SeededRandom(SEED);
    const here = await World.open();
    try {
      // The bot pairs.
      await here.live({ moment: "never", count: 1 }, { online: 2 });
      let ends = 0;
      for (let round = 0; round < KILLS; round += 1) {
        const moment = MOMENTS[(FIRST_MOMENT + round * 2) % MOMENTS.length] as (typeof MOMENTS)[number];
        // Some messages wait for the bot at the server.
        for (let count = random.below(3); count > 0; count -= 1) await here.send();
        const plan = { moment, count: 1 + random.below(2) };
        await here.live(plan, { online: 2 + plan.count + random.below(3) });
        if (moment === "handled" || moment === "removing") ends += 1;
      }
      await here.live({ moment: "never", count: 1 }, { online: 1 });
      expect(here.faults).toEqual([]);
      const lost = [...here.told].filter(([, { isHandled }]) => !isHandled).map(([text]) => text);
      expect(lost).toEqual([]);
      expect([...here.deaths.values()].reduce((sum, count) => sum + count, 0)).toBe(KILLS);
      // What was handled comes again only if the process died before it was removed: a batch at most.
      expect(here.repeatedAfterHandling).toBeLessThanOrEqual(4 * ends);
      expect(here.repeated).toBeGreaterThan(0);
      expect(here.retries).toBe(0);
      expect(here.server.incidents).toEqual([]);
      process.stderr.write(
        `killed ${KILLS} times (${[...here.deaths].map(([at, n]) => `${at} ${n}`).join(", ")}): ` +
          `${here.told.size} messages, none lost, ${here.repeated} passed again, all marked, ` +
          `${here.repeatedAfterHandling} of them between the end of onMessages and their removal\n`,
      );
    } finally {
      await here.close();
    }
  });
});
