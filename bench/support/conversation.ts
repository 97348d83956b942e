/**
 * Conversations of one client with others over real Signal sessions in simulated time, with counts of its
 * writes.
 */

import { join } from "node:path";
import { Curve, type SignalKeyStore, useMultiFileAuthState } from "baileys";
import type { Account } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import type { Durability } from "../../src/signal/mod.ts";
import { type FakeHost, fakeHost, SeededRandom } from "../../src/testing/mod.ts";
import { type HoldfastPeer, openPeer, openPlainPeer } from "../../test/baileys/holdfast_peer.ts";
import { messageKeyName, SignalPeer } from "../../test/baileys/signal_peer.ts";
import { memoryKeys, pairedCreds } from "../../test/support/whatsapp/mod.ts";
import { makeFolder } from "./folder.ts";
import { quietly } from "./quietly.ts";

export const CLIENT = "100000000000001:1@lid";

/** Saver interval of the account in milliseconds. */
const SAVER_INTERVAL_MS = 5_000;

/** One message: its peer, its direction, and the time since the previous one. */
export interface Message {
  readonly peer: number;
  readonly isSent: boolean;
  readonly afterMs: number;
}

/** A client with some storage. */
export interface Client {
  readonly peer: SignalPeer;
  /** Lets simulated time pass. */
  advance(ms: number): Promise<void>;
  /** Number of rows or files written since it was opened. */
  written(): number;
  close(): Promise<void>;
}

/** Options of `accountClient`. */
export interface AccountClientOptions {
  readonly durability?: Durability;
  /** Differs between the openings of one account. */
  readonly opening?: number;
  /** Defaults to the repository. */
  readonly open?: typeof openPeer;
}

/** A client whose state is an account, with that account. */
export interface AccountClient extends Client {
  readonly account: Account;
  readonly host: FakeHost;
}

/** Opens a client whose state is an account of a backend, as a bot would. */
export async function accountClient(
  backend: Backend | Promise<Backend>,
  { durability, opening = 1, open = openPeer }: AccountClientOptions = {},
): Promise<AccountClient> {
  const host = fakeHost({ seed: opening });
  const opened: HoldfastPeer = await open(CLIENT, backend, {
    host,
    saverIntervalMs: SAVER_INTERVAL_MS,
    signal: { durability },
  });
  const { peer, account } = opened;
  const before = account.stats().rowsWritten;
  return {
    peer,
    account,
    host,
    advance: async (ms) => void (await host.scheduler.advance(ms)),
    written: () => account.stats().rowsWritten - before,
    close: () => account.close(),
  };
}

/** Baileys' own repository and transactions over an account's keys: one commit for each `keys.set`. */
export function writeThroughClient(backend: Backend | Promise<Backend>): Promise<Client> {
  return accountClient(backend, { open: openPlainPeer });
}

/** Number of the client's pre-keys for peers that write first. */
const PRE_KEYS = 64;

/** Baileys with its default storage: its own repository over a folder of files. */
export async function filesClient(folder: string): Promise<Client> {
  const { state } = await useMultiFileAuthState(folder);
  let written = 0;
  const keys: SignalKeyStore = {
    get: (type, ids) => state.keys.get(type, ids),
    // Each value is a file that is written, or removed when the value is null.
    set: async (data) => {
      for (const values of Object.values(data)) written += Object.keys(values ?? {}).length;
      await state.keys.set(data);
    },
  };
  const creds = {
    ...pairedCreds({ pn: "15550000001" }),
    firstUnuploadedPreKeyId: 1,
    nextPreKeyId: PRE_KEYS + 1,
  };
  const peer = new SignalPeer({ jid: CLIENT, creds, keys });
  for (let id = 1; id <= PRE_KEYS; id++) await keys.set({ "pre-key": { [id]: Curve.generateKeyPair() } });
  const before = written;
  return { peer, advance: async () => {}, written: () => written - before, close: async () => {} };
}

/** A peer of the client. */
interface Chat {
  readonly peer: SignalPeer;
  hasMet: boolean;
}

/** The pre-key that a peer offers for a first message. */
const PEER_PRE_KEY = 1;

async function makeChat(index: number): Promise<Chat> {
  const keys = memoryKeys();
  await keys.set({ "pre-key": { [PEER_PRE_KEY]: Curve.generateKeyPair() } });
  const creds = pairedCreds({ pn: String(15_560_000_000 + index) });
  const peer = new SignalPeer({ jid: `${200_000_000_000_000 + index}:${(index % 3) + 1}@lid`, creds, keys });
  return { peer, hasMet: false };
}

/** The client's peers, which outlive it and keep all state. */
export class Peers {
  readonly #chats: Chat[];
  /** Names of all message keys that the client used. */
  readonly #used = new Set<string>();
  #preKeys = 0;

  private constructor(chats: Chat[]) {
    this.#chats = chats;
  }

  static async make(count: number): Promise<Peers> {
    return new Peers(await Promise.all(Array.from({ length: count }, (_, index) => makeChat(index))));
  }

  /** Signal address of a peer. */
  addressOf(index: number): string {
    return `${this.#peer(index).jid}.0`;
  }

  /**
   * Performs a message, and starts a session with the first. Returns the name of the key if the client sent
   * it.
   */
  async carry(client: Client, { peer: index, isSent, afterMs }: Message): Promise<string | undefined> {
    if (afterMs > 0) await client.advance(afterMs);
    const chat = this.#chats[index] as Chat;
    const [from, to] = isSent ? [client.peer, chat.peer] : [chat.peer, client.peer];
    if (!chat.hasMet) {
      const own = client.peer.creds.firstUnuploadedPreKeyId + this.#preKeys;
      if (!isSent) this.#preKeys += 1;
      await from.greet(to, isSent ? PEER_PRE_KEY : own);
      chat.hasMet = true;
    }
    const frame = await from.send(to, "a message");
    if ((await to.receive(from, frame)) !== "a message") throw new Error("the message was not read");
    if (!isSent) return undefined;
    const name = messageKeyName(frame);
    if (this.#used.has(name)) throw new Error("a message key was used twice");
    this.#used.add(name);
    return name;
  }

  #peer(index: number): SignalPeer {
    return (this.#chats[index] as Chat).peer;
  }
}

/** Returns the writes of one whole conversation, from a new client to its clean close. */
export async function writtenBy(client: Client, messages: readonly Message[]): Promise<number> {
  const peers = await Peers.make(1 + Math.max(...messages.map(({ peer }) => peer)));
  for (const message of messages) await peers.carry(client, message);
  await client.close();
  return client.written();
}

/** Runs with a new folder, which is removed afterwards, and with a silent console. */
export async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeFolder();
  const restoreConsole = quietly();
  try {
    return await run(folder.path);
  } finally {
    restoreConsole();
    folder.remove();
  }
}

/** Opens a new database in a file. */
export function freshDatabase(folder: string): Promise<Backend> {
  return libsqlBackend({ url: `file:${join(folder, "account.db")}` });
}

/** Messages to one peer that never answers. */
export function sends(count: number, afterMs: number): Message[] {
  return Array.from({ length: count }, () => ({ peer: 0, isSent: true, afterMs }));
}

/** Messages in turn, each on a new chain. */
export function pingpong(count: number, afterMs: number): Message[] {
  return Array.from({ length: count }, (_, number) => ({ peer: 0, isSent: number % 2 === 0, afterMs }));
}

/** Messages with many peers in random order, half of them sent, half received. */
export function mixed(count: number, { chats, afterMs }: { chats: number; afterMs: number }): Message[] {
  const random = new SeededRandom(50);
  const sent = Array.from({ length: count }, (_, number) => number % 2 === 0);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [sent[last], sent[other]] = [sent[other] as boolean, sent[last] as boolean];
  }
  return sent.map((isSent) => ({ peer: random.below(chats), isSent, afterMs }));
}
