/** Drives the clients in objects from outside, reads their messages, and records every answer. */

import { expect } from "vitest";
import { decodeBase64, encodeBase64 } from "../../src/bytes/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { JSON_CODEC, LibraryPeer, type SessionCodec } from "../support/signal/library_peer.ts";
import type { RunningWorker } from "./worker_process.ts";

/** A codec without decoding. */
const BYTES = {} as SessionCodec<never>;

/** The answer of an object's client to a send. */
interface Sent {
  readonly type: number;
  readonly body: string;
  readonly chain: string;
  readonly counter: number;
  readonly gated: boolean;
}

interface Contact {
  readonly address: string;
  readonly peer: LibraryPeer;
  /** Stands for the account in the eyes of the peer. */
  readonly account: LibraryPeer;
}

/** One account from outside, over all incarnations of its object. */
export class SenderClient {
  readonly name: string;
  readonly random: SeededRandom;
  readonly #contacts: Contact[] = [];
  readonly #used = new Set<string>();
  readonly #stored: string[] = [];
  /** Sent messages that were not read yet. */
  #unread: { readonly contact: Contact; readonly sent: Sent; readonly text: string }[] = [];
  #texts = 0;
  #logins = 0;
  /** Counts of answers. */
  readonly counts = { sent: 0, gated: 0, read: 0, stored: 0, logins: 0, refused: 0 };

  constructor(name: string, seed: number) {
    this.name = name;
    this.random = new SeededRandom(seed);
  }

  /** Calls the client in the object. @throws When there is no answer, or an error. */
  async ask<T>(worker: RunningWorker, operation: string, body: object = {}): Promise<T> {
    const response = await worker.fetch(`/objects/${encodeURIComponent(this.name)}/${operation}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as T & { error?: string; message?: string };
    if (response.ok) return answer;
    this.counts.refused += 1;
    throw new Refused(`${answer.error}: ${answer.message}`);
  }

  /** Starts sessions with a number of real peers. */
  async meet(worker: RunningWorker, count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const account = new LibraryPeer("account", BYTES);
      account.engine = "rust";
      const peer = new LibraryPeer(`peer${index}`, JSON_CODEC as SessionCodec<never>);
      await account.open(peer, 1);
      const record = account.sessions.get(`${peer.name}.0`) as Uint8Array;
      const contact: Contact = { address: `10000000000${index}@lid.0`, peer, account };
      await this.ask(worker, "learn", { address: contact.address, record: encodeBase64(record) });
      this.#contacts.push(contact);
    }
  }

  /** Sends one message to a peer. @throws When its key was used before. */
  async send(worker: RunningWorker, options: { hold?: boolean; index?: number } = {}): Promise<void> {
    const { hold = false, index = this.random.below(this.#contacts.length) } = options;
    const contact = this.#contacts[index] as Contact;
    this.#texts += 1;
    const text = `message ${this.#texts}`;
    const sent = await this.ask<Sent>(worker, "send", { address: contact.address, text, hold });
    const key = `${sent.chain}#${sent.counter}`;
    expect(this.#used.has(key), `${key} left twice`).toBe(false);
    this.#used.add(key);
    this.#unread.push({ contact, sent, text });
    this.counts.sent += 1;
    if (sent.gated) this.counts.gated += 1;
  }

  /** Makes one change that is flushed and one that is committed. */
  async login(worker: RunningWorker): Promise<void> {
    const { logins } = await this.ask<{ logins: number }>(worker, "login");
    this.#logins = Math.max(this.#logins, logins);
    this.counts.logins += 1;
  }

  async store(worker: RunningWorker): Promise<void> {
    this.#texts += 1;
    const id = `id ${this.#texts}`;
    await this.ask(worker, "store", { id });
    this.#stored.push(id);
    this.counts.stored += 1;
  }

  /** Performs a random operation. */
  async act(worker: RunningWorker): Promise<void> {
    const choice = this.random.below(10);
    if (choice === 0) await this.login(worker);
    else if (choice === 1) await this.store(worker);
    else await this.send(worker);
  }

  /**
   * Runs concurrent operations until the Worker has ended or `isOver`. Counts refusals, but not missing
   * answers.
   */
  async actUntil(worker: RunningWorker, isOver: () => boolean, onAnswer: () => void): Promise<void> {
    const one = async (): Promise<void> => {
      while (!isOver()) {
        try {
          await this.act(worker);
          onAnswer();
        } catch (error) {
          if (isAssertion(error)) throw error;
          if (!(error instanceof Refused)) await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    await Promise.all(Array.from({ length: 6 }, one));
  }

  /** Checks that every acknowledged change is stored. */
  async checkAcknowledged(worker: RunningWorker, last = 40): Promise<void> {
    for (const id of this.#stored.slice(-last)) {
      const { isStored } = await this.ask<{ isStored: boolean }>(worker, "stored", { id });
      expect(isStored, `${id} was lost`).toBe(true);
    }
    const { logins } = await this.ask<{ logins: number }>(worker, "stored", { id: "none" });
    expect(logins, "a flushed change was lost").toBeGreaterThanOrEqual(this.#logins);
  }

  /** Lets the peers read all sent messages in random order. @throws When a message cannot be decrypted. */
  async readAll(): Promise<void> {
    const unread = this.#unread;
    this.#unread = [];
    for (const { contact, sent, text } of unread) {
      const message = { type: sent.type, body: Buffer.from(decodeBase64(sent.body) as Uint8Array) };
      expect(await contact.peer.decrypt(contact.account, message)).toBe(text);
      this.counts.read += 1;
    }
  }
}

/** An object answered with an error. */
export class Refused extends Error {}

function isAssertion(error: unknown): boolean {
  return error instanceof Error && error.name === "AssertionError";
}

/** Repeats a query until its answer passes the check. @throws When that does not happen in time. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  withinMs: number = 20_000,
): Promise<T> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (Date.now() > endMs) throw new Error(`not in time: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
