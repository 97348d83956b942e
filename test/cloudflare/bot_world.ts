/** A bot in its Durable Object and people who write with it, over the local server. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BinaryNode, BufferJSON, WA_CERT_DETAILS } from "baileys";
import { groupKeyName, messageKeyName } from "../baileys/signal_peer.ts";
import {
  bytesOf,
  children,
  pairedCreds,
  startWhatsAppServer,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import type { WorkerBundle } from "./bot_project.ts";
import { type BotWorker, type BotWorkerOptions, startBotWorker } from "./bot_worker.ts";
import { Person } from "./person.ts";

const BOT = "bot-1";
const BOT_PN = "15550000009";

/** Time of an object that lost its memory to be connected again, in milliseconds. */
const RECOVERY_MS = 20_000;

/** What a Worker is started from. */
type BundleOptions = Pick<BotWorkerOptions, "modules" | "folder" | "onOutbound">;

/** What the server saw of the bot. */
export interface BotTraffic {
  /** Names of all message keys with which the bot encrypted. */
  readonly keys: ReadonlySet<string>;
  /** Keys with which it encrypted two messages. */
  readonly reusedKeys: readonly string[];
  /** Messages that one of the two sides could not decrypt, by its author. */
  readonly retryReceipts: { bot: number; people: number };
  /** Number of logins of the bot. */
  logins: number;
}

/** The bot, the server and two people in a group with it. */
export class BotWorld implements AsyncDisposable {
  readonly server: WhatsAppServer;
  readonly botJid: string = `${BOT_PN}@s.whatsapp.net`;
  readonly group: string;
  readonly anna: Person;
  readonly ben: Person;
  readonly traffic: BotTraffic;
  worker: BotWorker;
  readonly #options: BundleOptions;

  private constructor(
    server: WhatsAppServer,
    worker: BotWorker,
    people: { anna: Person; ben: Person; group: string; traffic: BotTraffic },
    options: BundleOptions,
  ) {
    this.server = server;
    this.worker = worker;
    this.anna = people.anna;
    this.ben = people.ben;
    this.group = people.group;
    this.traffic = people.traffic;
    this.#options = options;
  }

  /** Starts everything. Resolves when the bot is connected. */
  static async start(modules: WorkerBundle, onOutbound?: BotWorkerOptions["onOutbound"]): Promise<BotWorld> {
    const server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
    const folder = await mkdtemp(join(tmpdir(), "holdfast-bot-"));
    const options = { modules, folder, ...(onOutbound && { onOutbound }) };
    const creds = pairedCreds({ pn: BOT_PN });
    const { id = "", lid = "" } = creds.me ?? {};
    server.enrol({ id, lid, noiseKey: creds.noiseKey.public, name: "bot" });
    const traffic = watchBot(server, id);
    const anna = await new Person(server, "15550000001").online();
    const ben = await new Person(server, "15550000002").online();
    const group = server.createGroup({ members: [id, anna.socket.jid, ben.socket.jid] });
    const worker = await startWorker(server, options);
    await worker.adopt(BOT, JSON.stringify(creds, BufferJSON.replacer));
    await worker.ask(BOT, "start");
    const world = new BotWorld(server, worker, { anna, ben, group, traffic }, options);
    await world.connected(1);
    return world;
  }

  /** Calls an action of the bot. */
  ask(action: string, body?: object): Promise<Record<string, unknown>> {
    return this.worker.ask(BOT, action, body);
  }

  /** Resolves when the bot has logged in so often. */
  async connected(logins: number): Promise<void> {
    await this.server.until(() => this.traffic.logins >= logins, RECOVERY_MS);
  }

  /** Resolves when a person has read all of these texts. */
  async reads(person: Person, ...texts: readonly string[]): Promise<void> {
    try {
      await person.reads(texts, RECOVERY_MS);
    } catch (cause) {
      const missing = texts.filter((text) => !person.texts.includes(text));
      const status = await this.ask("status");
      const waiting = this.server.pendingCount(`${BOT_PN}:1@s.whatsapp.net`);
      const state = { missing, status, waiting, retryReceipts: this.traffic.retryReceipts };
      throw new Error(`read texts: ${JSON.stringify(state)}`, { cause });
    }
  }

  /** Aborts the object. Nothing calls it afterwards. */
  abort(): Promise<void> {
    return this.worker.abort(BOT);
  }

  /** Evicts the object. It must be stopped: an open connection pins it. */
  evict(): Promise<void> {
    return this.worker.evict(BOT);
  }

  /** Kills workerd and starts it again over the same folder. */
  async kill(): Promise<void> {
    await this.worker.kill();
    await this.worker.stop();
    this.worker = await startWorker(this.server, this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.stop();
    for (const person of [this.anna, this.ben]) await person.offline();
    await this.server.close();
    await rm(this.#options.folder, { recursive: true, force: true });
  }
}

async function startWorker(server: WhatsAppServer, options: BundleOptions): Promise<BotWorker> {
  return await startBotWorker({
    ...options,
    testRoot: WA_CERT_DETAILS.PUBLIC_KEY,
    whatsAppUrl: server.url,
  });
}

function watchBot(server: WhatsAppServer, botJid: string): BotTraffic {
  const keys = new Set<string>();
  const reusedKeys: string[] = [];
  const traffic: BotTraffic = { keys, reusedKeys, retryReceipts: { bot: 0, people: 0 }, logins: 0 };
  server.onFrame(({ jid }, node) => {
    const isBot = jid === botJid;
    if (node.tag === "receipt" && node.attrs.type === "retry")
      traffic.retryReceipts[isBot ? "bot" : "people"] += 1;
    if (!isBot) return;
    if (node.tag === "iq" && node.attrs.xmlns === "passive") traffic.logins += 1;
    if (node.tag !== "message") return;
    for (const name of keyNamesOf(node)) {
      if (keys.has(name)) reusedKeys.push(name);
      keys.add(name);
    }
  });
  return traffic;
}

/** Names of the message keys of a stanza, in its own part and in those of its devices. */
function keyNamesOf(node: BinaryNode): string[] {
  return children(node, "enc")
    .concat(
      children(node, "participants")
        .flatMap((list) => children(list, "to"))
        .flatMap((to) => children(to, "enc")),
    )
    .map((enc) => {
      const ciphertext = bytesOf(enc) ?? new Uint8Array();
      const { type } = enc.attrs;
      return type === "skmsg"
        ? groupKeyName(ciphertext)
        : messageKeyName({ type: type as "msg", ciphertext });
    });
}
