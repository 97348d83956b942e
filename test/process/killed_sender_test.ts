/**
 * A sending process is killed with SIGKILL at random moments and restarted. No key is used twice, and the
 * peer, stock Baileys in this process, reads every sent message. Does not cover the loss of power.
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Curve, generateSignalPubKey } from "baileys";
import { SenderKeyMessage } from "baileys/lib/Signal/Group/sender-key-message.js";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { messageKeyName, SignalPeer } from "../baileys/signal_peer.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { programForFile } from "./program_for_file.ts";
import { type FromSender, GROUP, SENDER_JID, type ToSender } from "./sender.ts";

const PEER_JID = "100000000000002:2@lid";
const KILLS = dose({ short: 6, long: 50 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_122);

const program = programForFile("test/process/sender.ts");

type Reply = Extract<ToSender, { kind: "reply" }>;

/** The peer that reads the messages of the process, and a record of all its output. */
class Reader {
  readonly used = new Set<string>();
  readonly identities = new Set<string>();
  /** Unread replies by id. */
  readonly unread = new Map<number, Reply>();
  direct = 0;
  group = 0;
  replies = 0;
  sessions = 0;
  readonly #keys = memoryKeys();
  readonly #creds = pairedCreds({ pn: "15550000002" });
  readonly #peer = new SignalPeer({ jid: PEER_JID, creds: this.#creds, keys: this.#keys });
  readonly #sender = new SignalPeer({ jid: SENDER_JID, creds: this.#creds, keys: memoryKeys() });
  #preKeys = 0;

  /** A key bundle with a one-time pre-key of its own. */
  async bundle(): Promise<ToSender> {
    this.#preKeys += 1;
    const preKey = Curve.generateKeyPair();
    await this.#keys.set({ "pre-key": { [this.#preKeys]: preKey } });
    const { registrationId, signedIdentityKey, signedPreKey } = this.#creds;
    return {
      kind: "bundle",
      registrationId,
      identityKey: base64(generateSignalPubKey(signedIdentityKey.public)),
      signedPreKey: {
        keyId: signedPreKey.keyId,
        publicKey: base64(generateSignalPubKey(signedPreKey.keyPair.public)),
        signature: base64(signedPreKey.signature),
      },
      preKey: { keyId: this.#preKeys, publicKey: base64(generateSignalPubKey(preKey.public)) },
    };
  }

  /** Processes a line. @throws When a key is used again, or a ciphertext cannot be decrypted. */
  async hear(line: FromSender): Promise<void> {
    if (line.kind === "identity") this.identities.add(line.identityKey);
    if (line.kind === "session") this.sessions += 1;
    if (line.kind === "read") this.unread.delete(line.id);
    if (line.kind === "direct") {
      const frame = { type: line.type, ciphertext: Buffer.from(line.ciphertext, "base64") };
      this.#use(messageKeyName(frame));
      expect(await this.#peer.receive(this.#sender, frame)).toBe(line.text);
      this.direct += 1;
    }
    if (line.kind === "group") {
      const ciphertext = Buffer.from(line.ciphertext, "base64");
      const message = new SenderKeyMessage(null, null, null, null, ciphertext);
      this.#use(`group ${message.getKeyId()}#${message.getIteration()}`);
      await this.#peer.learnSenderKey(GROUP, this.#sender, Buffer.from(line.senderKey, "base64"));
      expect(await this.#peer.receiveFromGroup(GROUP, this.#sender, ciphertext)).toBe(line.text);
      this.group += 1;
    }
  }

  /** A new message to the process. */
  async reply(): Promise<Reply> {
    this.replies += 1;
    const { type, ciphertext } = await this.#peer.send(this.#sender, `reply ${this.replies}`);
    const reply: Reply = { kind: "reply", id: this.replies, type, ciphertext: base64(ciphertext) };
    this.unread.set(reply.id, reply);
    return reply;
  }

  #use(name: string): void {
    expect(this.used.has(name), `seed ${SEED}: ${name} left twice`).toBe(false);
    this.used.add(name);
  }
}

/** When a process is killed: a delay after a number of messages, or after its start. */
interface Death {
  readonly messages: number;
  readonly afterMs: number;
}

/** An incarnation of the process: how it ends, and whether the file is driven by the native library. */
interface Incarnation {
  readonly death: Death;
  readonly isNative: boolean;
}

/**
 * Runs one incarnation of the process. The kill depends on messages and not only on time, so that slow
 * machines get as far as fast ones.
 */
async function live(reader: Reader, url: string, { death, isNative }: Incarnation): Promise<void> {
  const child = program.start([url, PEER_JID, ...(isNative ? ["native"] : [])]);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += String(chunk);
  });
  child.stdin.on("error", () => {});
  const tell = (line: ToSender): boolean => child.stdin.write(`${JSON.stringify(line)}\n`);
  const kill = () => setTimeout(() => child.kill("SIGKILL"), death.afterMs);
  if (death.messages === 0) kill();
  tell(await reader.bundle());
  for (const reply of reader.unread.values()) tell(reply);
  let heard = 0;
  let failure: unknown;
  let hearing = Promise.resolve();
  const over = new Promise<NodeJS.Signals | null>((done) => child.on("close", (_, signal) => done(signal)));
  createInterface({ input: child.stdout }).on("line", (text) => {
    // A line that the kill cut off was never sent.
    if (!text.endsWith("}")) return;
    const line = JSON.parse(text) as FromSender;
    hearing = hearing.then(async () => {
      await reader.hear(line);
      if (line.kind !== "direct") return;
      heard += 1;
      if (heard === death.messages) kill();
      if (heard % 6 === 0) tell(await reader.reply());
    });
    hearing = hearing.catch((error: unknown) => {
      failure ??= error;
      child.kill("SIGKILL");
    });
  });
  const signal = await over;
  await hearing;
  if (failure !== undefined) throw failure;
  expect(signal, `the process ended by itself: ${errors}`).toBe("SIGKILL");
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

describe("a sending process", () => {
  test(`repeats no key over ${KILLS} kills at random moments (seed ${SEED})`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const random = new SeededRandom(SEED);
    const url = `file:${join(program.folder, "sender.db")}`;
    const reader = new Reader();
    for (let round = 0; round < KILLS; round += 1) {
      // Every tenth process is killed while it opens its account, or just after.
      const early = round % 10 === 9;
      const messages = early ? 0 : 1 + random.below(20);
      const death = { messages, afterMs: random.below(early ? 1_000 : 50) };
      // The client and the native library use the same file in turn.
      await live(reader, url, { death, isNative: round % 2 === 1 });
    }
    expect(reader.identities.size).toBe(1);
    // Each incarnation that was not killed early has sent messages, and many have answered, all over one
    // session.
    expect(reader.direct).toBeGreaterThan(2 * KILLS);
    expect(reader.group).toBeGreaterThan(KILLS / 4);
    expect(reader.replies - reader.unread.size).toBeGreaterThan(KILLS / 4);
    expect(reader.sessions).toBe(1);
    process.stderr.write(
      `killed ${KILLS} times: ${reader.direct} direct and ${reader.group} group messages, ` +
        `${reader.replies} replies of which ${reader.unread.size} unread, ${reader.used.size} keys, none twice\n`,
    );
  });
});
