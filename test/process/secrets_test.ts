/**
 * A bot is killed with SIGKILL and started again. Then it decrypts votes, responses and edits that refer to
 * messages of before: its own, those of another device of its account, and those of a peer.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { proto, WA_CERT_DETAILS, type WAMessage } from "baileys";
import { describe, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import {
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  startWhatsAppServer,
  type TestSocket,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import { encryptWithSecret, type SecretUseCase } from "../support/whatsapp/secret_payloads.ts";
import { type FileProgram, programForFile } from "./program_for_file.ts";
import { BOT_PN, type FromSecretsBot } from "./secrets_bot.ts";

const { Message } = proto;
const { GOING } = Message.EventResponseMessage.EventResponseType;
const { MESSAGE_EDIT } = Message.SecretEncryptedMessage.SecretEncType;
const ANNA_PN = "15550000001";
const YES = createHash("sha256").update("yes").digest();

/** Time in which a bot starts, or stores what it has received. */
const STEP_MS = 30_000;

const program = programForFile("test/process/secrets_bot.ts");

/** One process of the bot, with what it has printed. */
class Bot {
  readonly lines: FromSecretsBot[] = [];
  readonly #child: ReturnType<FileProgram["start"]>;
  #errors = "";

  constructor(server: WhatsAppServer) {
    const root = WA_CERT_DETAILS.PUBLIC_KEY.toString("hex");
    this.#child = program.start([`file:${join(program.folder, "bot.db")}`, server.url, root]);
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#errors += String(chunk);
    });
    createInterface({ input: this.#child.stdout }).on("line", (text) => {
      this.lines.push(JSON.parse(text) as FromSecretsBot);
    });
  }

  /** Starts a bot that is online. */
  static async online(server: WhatsAppServer): Promise<Bot> {
    const bot = new Bot(server);
    const [{ id, lid, noiseKey }] = (await bot.heard("device", 1)) as [
      Extract<FromSecretsBot, { kind: "device" }>,
    ];
    server.enrol({ id, lid, noiseKey: Buffer.from(noiseKey, "hex") });
    bot.tell("connect");
    await bot.heard("open", 1);
    await server.until(() => server.preKeyCount(id) > 0, STEP_MS);
    return bot;
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  of<Kind extends FromSecretsBot["kind"]>(kind: Kind): Extract<FromSecretsBot, { kind: Kind }>[] {
    return this.lines.filter((line) => line.kind === kind) as Extract<FromSecretsBot, { kind: Kind }>[];
  }

  /** Resolves with the lines of a kind when there are as many. */
  async heard<Kind extends FromSecretsBot["kind"]>(
    kind: Kind,
    count: number,
  ): Promise<Extract<FromSecretsBot, { kind: Kind }>[]> {
    return await vi.waitFor(
      () => {
        const found = this.of(kind);
        expect(found.length, `${kind}: ${this.#errors}`).toBeGreaterThanOrEqual(count);
        return found;
      },
      { timeout: STEP_MS, interval: 20 },
    );
  }

  /** Resolves when the entries of these ids are stored in a log. */
  async stored(log: string, ids: readonly string[]): Promise<void> {
    await vi.waitFor(
      () => {
        const stored = this.of("stored").flatMap((line) => (line.log === log ? line.ids : []));
        expect(stored, this.#errors).toEqual(expect.arrayContaining([...ids]));
      },
      { timeout: STEP_MS, interval: 20 },
    );
  }

  async kill(): Promise<void> {
    const over = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await over;
  }
}

/** A message that something refers to. */
interface Target {
  readonly id: string;
  readonly secret: Uint8Array;
  /** JID of its sender, without device, under the name that its sender's client uses. */
  readonly creator: string;
}

function targetOf(message: WAMessage | undefined, creator: string): Target {
  const secret = message?.message?.messageContextInfo?.messageSecret;
  if (!message?.key.id || !secret) throw new Error("the message has no secret");
  return { id: message.key.id, secret, creator };
}

/** Sends what refers to a target, and returns its id. */
async function refer(
  sender: TestSocket,
  to: string,
  { target, author, useCase }: { target: Target; author: string; useCase: SecretUseCase },
): Promise<string> {
  const seal = (bytes: Uint8Array) => encryptWithSecret({ ...target, author, useCase }, bytes);
  const key = { remoteJid: to, id: target.id, fromMe: target.creator === author };
  const contents: Partial<Record<SecretUseCase, () => proto.IMessage>> = {
    "Poll Vote": () => ({
      pollUpdateMessage: {
        pollCreationMessageKey: key,
        vote: seal(Message.PollVoteMessage.encode({ selectedOptions: [YES] }).finish()),
        senderTimestampMs: 1,
      },
    }),
    "Event Response": () => ({
      encEventResponseMessage: {
        eventCreationMessageKey: key,
        ...seal(Message.EventResponseMessage.encode({ response: GOING }).finish()),
      },
    }),
    "Message Edit": () => ({
      secretEncryptedMessage: {
        targetMessageKey: key,
        secretEncType: MESSAGE_EDIT,
        ...seal(Message.encode({ protocolMessage: { editedMessage: { conversation: "edited" } } }).finish()),
      },
    }),
  };
  const content = contents[useCase]?.();
  if (content === undefined) throw new TypeError("refer: unknown use");
  const messageId = `3EB0${target.id.slice(4, 12)}${useCase.length}${author.length}`;
  await sender.sock.relayMessage(to, content, { messageId });
  return messageId;
}

describe("a bot with secrets", () => {
  test("decrypts votes, responses and edits after it was killed", { timeout: DOSED_TIMEOUT_MS }, async () => {
    await using server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
    const bot = await Bot.online(server);
    const anna = await makeTestSocket({ server, creds: pairedCreds({ pn: ANNA_PN }), keys: memoryKeys() });
    const other = await makeTestSocket({
      server,
      creds: pairedCreds({ pn: BOT_PN, device: 2 }),
      keys: memoryKeys(),
    });
    const [annaPn, annaLid] = [`${ANNA_PN}@s.whatsapp.net`, `9${ANNA_PN}@lid`];
    const [botPn, botLid] = [`${BOT_PN}@s.whatsapp.net`, `9${BOT_PN}@lid`];
    const poll = { poll: { name: "poll", values: ["yes", "no"], selectableCount: 1 } };

    // What a peer and another device of ours send.
    const peerPoll = targetOf(await anna.sock.sendMessage(botLid, poll), annaLid);
    const peerText = targetOf(await anna.sock.sendMessage(botPn, { text: "text" }), annaPn);
    const otherPoll = targetOf(await other.sock.sendMessage(annaPn, poll), botPn);
    const otherText = targetOf(await other.sock.sendMessage(annaLid, { text: "text" }), botLid);
    await bot.stored(
      "secret",
      [peerPoll, peerText, otherPoll, otherText].map(({ id }) => id),
    );
    // What the bot sends.
    bot.tell(annaPn);
    const sent = await bot.heard("sent", 2);
    const [ownPoll, ownEvent] = sent.map(({ id, secret }) => ({
      id,
      secret: Buffer.from(secret, "hex"),
      creator: botLid,
    }));
    if (ownPoll === undefined || ownEvent === undefined) throw new Error("the bot has sent nothing");
    await bot.stored("message", [ownPoll.id, ownEvent.id]);
    await bot.kill();

    const again = await Bot.online(server);
    const vote = YES.toString("hex");
    const expected = new Map<string, string>();
    const referring = async (
      content: string,
      sender: TestSocket,
      to: string,
      part: Parameters<typeof refer>[2],
    ): Promise<void> => {
      expected.set(await refer(sender, to, part), content);
    };
    await referring(vote, anna, botLid, { target: peerPoll, author: annaLid, useCase: "Poll Vote" });
    await referring(vote, anna, botPn, { target: otherPoll, author: annaPn, useCase: "Poll Vote" });
    await referring(vote, anna, botLid, { target: ownPoll, author: annaLid, useCase: "Poll Vote" });
    await referring(vote, other, annaPn, { target: otherPoll, author: botLid, useCase: "Poll Vote" });
    await referring(String(GOING), anna, botPn, {
      target: ownEvent,
      author: annaPn,
      useCase: "Event Response",
    });
    await referring("edited", anna, botLid, { target: peerText, author: annaPn, useCase: "Message Edit" });
    await referring("edited", other, annaLid, { target: otherText, author: botLid, useCase: "Message Edit" });
    expect(expected.size).toBe(7);
    const results = await again.heard("decrypted", expected.size);
    expect(new Map(results.map(({ id, outcome, content }) => [id, `${outcome} ${content}`]))).toEqual(
      new Map([...expected].map(([id, content]) => [id, `decrypted ${content}`])),
    );
    await again.kill();
    for (const socket of [anna, other]) await socket.close();
    expect(server.incidents).toEqual([]);
  });
});
