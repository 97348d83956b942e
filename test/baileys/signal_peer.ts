/**
 * One side of an encrypted conversation, over Baileys' own Signal repository and any keys. Tests pass frames
 * around without a network.
 * @module
 */

import {
  type AuthenticationCreds,
  addTransactionCapability,
  proto,
  type SignalKeyStore,
  type SignalKeyStoreWithTransaction,
} from "baileys";
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { PreKeyWhisperMessage, WhisperMessage } from "libsignal/src/protobufs.js";
import { silentLogger } from "../support/whatsapp/mod.ts";
import { offeredSession } from "./offered_session.ts";

/** A pairwise ciphertext. */
export interface Frame {
  readonly type: "pkmsg" | "msg";
  readonly ciphertext: Uint8Array;
}

/** Options of a peer. */
export interface PeerOptions {
  readonly jid: string;
  readonly creds: AuthenticationCreds;
  readonly keys: SignalKeyStore;
  /** Defaults to `makeLibSignalRepository`. */
  readonly makeRepository?: typeof makeLibSignalRepository;
  /** Whether the keys have the transactions of a socket. Defaults to true; without them `keys` are used as they are. */
  readonly hasTransactions?: boolean;
}

/** One side of an encrypted conversation. */
export class SignalPeer {
  readonly jid: string;
  readonly creds: AuthenticationCreds;
  /** The keys as a socket wraps them, with buffering transactions. */
  readonly socketKeys: SignalKeyStoreWithTransaction;
  readonly repository: ReturnType<typeof makeLibSignalRepository>;

  constructor(options: PeerOptions) {
    this.jid = options.jid;
    this.creds = options.creds;
    this.socketKeys =
      (options.hasTransactions ?? true)
        ? addTransactionCapability(options.keys, silentLogger, {
            maxCommitRetries: 1,
            delayBetweenTriesMs: 1,
          })
        : withoutTransactions(options.keys);
    const make = options.makeRepository ?? makeLibSignalRepository;
    this.repository = make({ creds: this.creds, keys: this.socketKeys }, silentLogger);
  }

  /**
   * Starts a session with a peer from its key bundle. Uses up `preKeyId`, which the peer must have stored.
   */
  async greet(peer: SignalPeer, preKeyId: number): Promise<void> {
    const { [preKeyId]: preKey } = await peer.socketKeys.get("pre-key", [String(preKeyId)]);
    if (preKey === undefined) throw new Error(`pre-key ${preKeyId} is not there`);
    const session = offeredSession(peer.creds, preKey, preKeyId);
    await this.repository.injectE2ESession({ jid: peer.jid, session });
  }

  /**
   * Encrypts as a socket does when it relays a message: inside a transaction that outlives the encryption.
   */
  async send(peer: SignalPeer, text: string): Promise<Frame> {
    return await this.socketKeys.transaction(
      () => this.repository.encryptMessage({ jid: peer.jid, data: Buffer.from(text) }),
      this.jid,
    );
  }

  async receive(peer: SignalPeer, frame: Frame): Promise<string> {
    return Buffer.from(await this.repository.decryptMessage({ jid: peer.jid, ...frame })).toString();
  }

  async sendToGroup(group: string, text: string): Promise<{ message: Uint8Array; senderKey: Uint8Array }> {
    const sealed = await this.socketKeys.transaction(
      () => this.repository.encryptGroupMessage({ group, meId: this.jid, data: Buffer.from(text) }),
      this.jid,
    );
    return { message: sealed.ciphertext, senderKey: sealed.senderKeyDistributionMessage };
  }

  async learnSenderKey(group: string, peer: SignalPeer, senderKey: Uint8Array): Promise<void> {
    await this.repository.processSenderKeyDistributionMessage({
      item: { groupId: group, axolotlSenderKeyDistributionMessage: senderKey },
      authorJid: peer.jid,
    });
  }

  async receiveFromGroup(group: string, peer: SignalPeer, message: Uint8Array): Promise<string> {
    return Buffer.from(
      await this.repository.decryptGroupMessage({ group, authorJid: peer.jid, msg: message }),
    ).toString();
  }
}

/** Keys whose transactions only run their work. */
function withoutTransactions(keys: SignalKeyStore): SignalKeyStoreWithTransaction {
  return { ...keys, transaction: (work) => work(), isInTransaction: () => false };
}

/** Names the key of a frame: its ratchet key and counter. Equal names mean a repeated key. */
export function messageKeyName({ type, ciphertext }: Frame): string {
  const body = Buffer.from(ciphertext);
  const inner = type === "pkmsg" ? Buffer.from(PreKeyWhisperMessage.decode(body.subarray(1)).message) : body;
  const message = WhisperMessage.decode(inner.subarray(1, inner.length - 8));
  return `${Buffer.from(message.ephemeralKey).toString("base64")}#${message.counter}`;
}

/** Names the key of a group message: its sender key and iteration. */
export function groupKeyName(message: Uint8Array): string {
  const { id, iteration } = proto.SenderKeyMessage.decode(message.subarray(1, message.length - 64));
  return `sender key ${id}#${iteration}`;
}
