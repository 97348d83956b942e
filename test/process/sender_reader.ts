import { type AuthenticationCreds, Curve, generateSignalPubKey } from "baileys";
import { SenderKeyMessage } from "baileys/lib/Signal/Group/sender-key-message.js";
import { expect } from "vitest";
import { messageKeyName, SignalPeer } from "../baileys/signal_peer.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { type FromSender, GROUP, SENDER_JID, type ToSender } from "./sender.ts";

/** The address of the peer that the process writes to. */
export const PEER_JID = "100000000000002:2@lid";

/** A message to the process. */
type Reply = Extract<ToSender, { kind: "reply" }>;

/** The peer that reads the messages of the process (`sender.ts`), and a record of all its output. */
export class SenderReader {
  readonly used: Set<string> = new Set<string>();
  readonly identities: Set<string> = new Set<string>();
  /** Unread replies by id. */
  readonly unread: Map<number, Reply> = new Map<number, Reply>();
  direct: number = 0;
  group: number = 0;
  replies: number = 0;
  sessions: number = 0;
  readonly #keys = memoryKeys();
  readonly #creds: AuthenticationCreds;
  readonly #peer: SignalPeer;
  readonly #sender: SignalPeer;
  #preKeys = 0;

  constructor(creds: AuthenticationCreds = pairedCreds({ pn: "15550000002" })) {
    this.#creds = creds;
    this.#peer = new SignalPeer({ jid: PEER_JID, creds, keys: this.#keys });
    this.#sender = new SignalPeer({ jid: SENDER_JID, creds, keys: memoryKeys() });
  }

  /** The same peer with what it has read so far. What one reads does not change the other. */
  copy(): SenderReader {
    const copy = new SenderReader(this.#creds);
    for (const [name, record] of this.#keys.records) copy.#keys.records.set(name, record);
    for (const name of this.used) copy.used.add(name);
    for (const identity of this.identities) copy.identities.add(identity);
    for (const [id, reply] of this.unread) copy.unread.set(id, reply);
    copy.direct = this.direct;
    copy.group = this.group;
    copy.replies = this.replies;
    copy.sessions = this.sessions;
    copy.#preKeys = this.#preKeys;
    return copy;
  }

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
    expect(this.used.has(name), `${name} left twice`).toBe(false);
    this.used.add(name);
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
