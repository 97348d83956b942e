/** A bot over `useHoldfast` that sends in simulated time: the real hooks and repository, and no network. */

import { EventEmitter } from "node:events";
import * as baileys from "baileys";
import { type Account, openAccount } from "../../mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { type BaileysHoldfast, type HoldfastOptions, useHoldfast } from "../../src/baileys/mod.ts";
import type { FakeHost } from "../../src/testing/mod.ts";
import { SignalPeer } from "../../test/baileys/signal_peer.ts";
import { memoryKeys, pairedCreds } from "../../test/support/whatsapp/mod.ts";
import { CLIENT } from "./conversation.ts";

/** Saver interval of the account in milliseconds. */
const SAVER_INTERVAL_MS = 5_000;

/** Bytes of text of a message: that of an ordinary one. */
const TEXT = "An answer of a bot, about as long as most of them are: see you at ten o'clock. ";

/** A contact that reads everything. */
export class Contact {
  readonly peer: SignalPeer;

  constructor(index = 0) {
    this.peer = new SignalPeer({
      jid: `${200_000_000_000_000 + index}:1@lid`,
      creds: pairedCreds({ pn: String(15_560_000_000 + index) }),
      keys: memoryKeys(),
    });
  }

  /** Stores the pre-key that a first message uses. */
  async ready(): Promise<void> {
    await this.peer.socketKeys.set({ "pre-key": { 1: baileys.Curve.generateKeyPair() } });
  }
}

/** A bot that is open, and the socket that it sends by. */
export class HookedBot {
  readonly account: Account;
  readonly holdfast: BaileysHoldfast<typeof baileys>;
  readonly peer: SignalPeer;
  readonly #socket: { sendMessage(jid: string, content: { text: string }): Promise<{ id: string }> };
  readonly #rowsBefore: number;

  private constructor(account: Account, holdfast: BaileysHoldfast<typeof baileys>) {
    this.account = account;
    this.holdfast = holdfast;
    const { auth, makeSignalRepository } = holdfast.config;
    this.peer = new SignalPeer({
      jid: CLIENT,
      creds: auth.creds,
      keys: auth.keys,
      makeRepository: makeSignalRepository as never,
    });
    this.#rowsBefore = account.stats().rowsWritten;
    const socket = {
      ev: new EventEmitter(),
      ws: new EventEmitter(),
      end: () => {},
      sendMessage: (jid: string, content: { text: string }, options: { messageId?: string } = {}) =>
        this.#relay(jid, content.text, options.messageId ?? ""),
      relayMessage: () => Promise.reject(new TypeError("send: not by this function")),
    };
    this.#socket = socket;
    holdfast.bind(socket as never);
  }

  static async open(
    backend: Backend | Promise<Backend>,
    host: FakeHost,
    options?: HoldfastOptions,
  ): Promise<HookedBot> {
    const account = await openAccount({ backend, host, saverIntervalMs: SAVER_INTERVAL_MS });
    return new HookedBot(account, await useHoldfast(baileys, account, options));
  }

  /** Rows that were written since it was opened. */
  get written(): number {
    return this.account.stats().rowsWritten - this.#rowsBefore;
  }

  async greet({ peer }: Contact): Promise<void> {
    await this.peer.greet(peer, 1);
  }

  /** Sends a message that the contact reads. Returns its id. */
  async send({ peer }: Contact, number: number): Promise<string> {
    this.#reader = peer;
    const { id } = await this.#socket.sendMessage(peer.jid, { text: TEXT + String(number) });
    return id;
  }

  #reader: SignalPeer | undefined;

  /** As Baileys relays: encrypts inside a transaction, and then the frame leaves. */
  async #relay(jid: string, text: string, id: string): Promise<{ id: string }> {
    const message = { conversation: text, messageContextInfo: { messageSecret: new Uint8Array(32).fill(7) } };
    const data = baileys.encodeWAMessage(message);
    const { socketKeys, repository } = this.peer;
    const frame = await socketKeys.transaction(() => repository.encryptMessage({ jid, data }), CLIENT);
    const read = await this.#reader?.repository.decryptMessage({ jid: CLIENT, ...frame });
    if (Buffer.compare(read ?? new Uint8Array(0), data) !== 0) throw new Error("the message was not read");
    return { id };
  }
}
