/** Bots over `useHoldfast` that restart and crash, with what they asked the server and their stores. */
import * as baileys from "baileys";
import { type Account, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Backend, READ_METHODS } from "../../src/backend/mod.ts";
import { type BaileysHoldfast, baileysAuthState, useHoldfast } from "../../src/baileys/mod.ts";
import {
  child,
  children,
  makeTestSocket,
  pairedCreds,
  type TestSocket,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";

/** A bot and its counts. */
export interface GroupBot extends AsyncDisposable {
  readonly account: Account;
  readonly holdfast: BaileysHoldfast<typeof baileys>;
  readonly database: MemoryDatabase;
  readonly socket: TestSocket;
  /** Names of the reads of the store, in order. */
  readonly reads: string[];
  /** Number of commits. */
  commits(): number;
  /** Connects again, with a new socket of the same account. */
  reconnect(): Promise<TestSocket>;
  /** Ends the connection and leaves everything that is not durable. */
  crash(): Promise<void>;
}

/** Options of {@link openBot}. */
export interface GroupBotOptions {
  readonly server: WhatsAppServer;
  readonly pn: string;
  readonly device?: number;
  /** With the database of an earlier bot, this is the same account again. */
  readonly database?: MemoryDatabase;
}

/** Opens a bot and connects it. */
export async function openBot({
  server,
  pn,
  device,
  database = new MemoryDatabase(),
}: GroupBotOptions): Promise<GroupBot> {
  const reads: string[] = [];
  let commits = 0;
  const backend = memoryBackend({ database });
  const account = await openAccount({ backend: observed(backend, reads, () => commits++) });
  const holdfast = await useHoldfast(baileys, account);
  const { creds } = holdfast.config.auth;
  if (creds.me === undefined) {
    Object.assign(creds, pairedCreds({ pn, ...(device === undefined ? {} : { device }) }));
    await (await baileysAuthState(account)).saveCreds();
  }
  let socket: TestSocket | undefined;
  const connect = async (): Promise<TestSocket> => {
    await socket?.close();
    socket = await makeTestSocket({
      server,
      creds: holdfast.config.auth.creds,
      keys: holdfast.config.auth.keys,
      config: holdfast.config,
      onSocket: (sock) => void holdfast.bind(sock),
    });
    return socket;
  };
  const first = await connect();
  return {
    account,
    holdfast,
    database,
    get socket() {
      return socket ?? first;
    },
    reads,
    commits: () => commits,
    reconnect: connect,
    crash: async () => {
      await socket?.close();
      account.writeBehind.abandon();
    },
    [Symbol.asyncDispose]: async () => {
      await socket?.close();
      await account.close();
    },
  };
}

/** JIDs of the devices to which each later message of a bot carries something of their own. */
export function recipients(server: WhatsAppServer, bot: GroupBot): string[][] {
  const all: string[][] = [];
  server.onFrame(({ jid }, node) => {
    if (jid !== bot.socket.jid || node.tag !== "message") return;
    all.push(children(child(node, "participants")).map(({ attrs }) => attrs.jid ?? ""));
  });
  return all;
}

/** Makes a backend record its reads and count its commits. */
function observed(backend: Backend, reads: string[], committed: () => void): Backend {
  const observe = (name: keyof Backend, note: () => void): void => {
    const method = (backend[name] as (...parameters: unknown[]) => unknown).bind(backend);
    const value = (...parameters: unknown[]): unknown => {
      note();
      return method(...parameters);
    };
    Object.defineProperty(backend, name, { value });
  };
  for (const name of READ_METHODS) observe(name, () => void reads.push(name));
  observe("commit", committed);
  return backend;
}
