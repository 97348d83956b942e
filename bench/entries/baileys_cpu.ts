import { join } from "node:path";
import { Curve, makeCacheableSignalKeyStore, type SignalKeyStore, useMultiFileAuthState } from "baileys";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import type { Durability } from "../../src/signal/mod.ts";
import { openPeer } from "../../test/baileys/holdfast_peer.ts";
import { SignalPeer } from "../../test/baileys/signal_peer.ts";
import { followAsyncStorages } from "../../test/support/async_storages.ts";
import { memoryKeys, pairedCreds, silentLogger } from "../../test/support/whatsapp/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { betterSqlite3 } from "../support/better_sqlite3.ts";
import { makeFolder } from "../support/folder.ts";
import { type KeyValueOptions, keyValueKeys } from "../support/key_value_state.ts";
import { quietly } from "../support/quietly.ts";

const CLIENT = "100000000000001:1@lid";

/** Messages of one turn, half of them in each direction. */
const MESSAGES = 128;

/** Turns of each side before the measurement. */
const COMPILING_TURNS = 10;

/** The pre-key that each peer offers. */
const PRE_KEY = 1;

/** Chats of one client, which takes turns in each of them. */
interface Chats {
  readonly client: SignalPeer;
  readonly peers: readonly SignalPeer[];
  close(): Promise<void>;
}

/** Opens a client with its state in a folder. */
type OpenClient = (folder: string) => Promise<{ client: SignalPeer; close(): Promise<void> }>;

function account(durability: Durability): OpenClient {
  return async (folder) => {
    const backend = libsqlBackend({ url: `file:${join(folder, "account.db")}` });
    const { peer, account: opened } = await openPeer(CLIENT, backend, { signal: { durability } });
    return { client: peer, close: () => opened.close() };
  };
}

function stockClient(keys: SignalKeyStore): SignalPeer {
  return new SignalPeer({ jid: CLIENT, creds: pairedCreds({ pn: "15550000001" }), keys });
}

function keyValue(synchronous: KeyValueOptions["synchronous"]): OpenClient {
  return async (folder) => {
    const path = join(folder, "state.db");
    const { keys, close } = keyValueKeys({ library: betterSqlite3(), path, synchronous });
    return {
      client: stockClient(makeCacheableSignalKeyStore(keys, silentLogger)),
      close: async () => close(),
    };
  };
}

const cachedFiles: OpenClient = async (folder) => {
  const { state } = await useMultiFileAuthState(folder);
  return {
    client: stockClient(makeCacheableSignalKeyStore(state.keys, silentLogger)),
    close: async () => {},
  };
};

/** The client's peers keep their keys in memory without transactions, so that they cost little. */
async function openChats(open: OpenClient, folder: string, count: number): Promise<Chats> {
  const { client, close } = await open(folder);
  const peers: SignalPeer[] = [];
  for (let index = 0; index < count; index++) {
    const keys = memoryKeys();
    await keys.set({ "pre-key": { [PRE_KEY]: Curve.generateKeyPair() } });
    const peer = new SignalPeer({
      jid: `${200_000_000_000_000 + index}:1@lid`,
      creds: pairedCreds({ pn: String(15_560_000_000 + index) }),
      keys,
      hasTransactions: false,
    });
    await client.greet(peer, PRE_KEY);
    await exchange(client, peer);
    await exchange(peer, client);
    peers.push(peer);
  }
  return { client, peers, close };
}

async function exchange(from: SignalPeer, to: SignalPeer): Promise<void> {
  await to.receive(from, await from.send(to, "a message"));
}

/** Each message starts a new chain. */
async function talk({ client, peers }: Chats): Promise<void> {
  for (let number = 0; number < MESSAGES; number++) {
    const peer = peers[(number >> 1) % peers.length] as SignalPeer;
    await (number % 2 === 0 ? exchange(client, peer) : exchange(peer, client));
  }
}

/** Both sides of a comparison, each in a folder of its own. */
async function openSides(
  clients: readonly [OpenClient, OpenClient],
  chats: number,
): Promise<{ readonly sides: readonly [Chats, Chats]; close(): Promise<void> }> {
  const folders = [makeFolder(), makeFolder()] as const;
  const sides = [
    await openChats(clients[0], folders[0].path, chats),
    await openChats(clients[1], folders[1].path, chats),
  ] as const;
  const close = async (): Promise<void> => {
    for (const side of sides) await side.close();
    for (const folder of folders) folder.remove();
  };
  return { sides, close };
}

/**
 * Runs both sides on other accounts until the code is compiled. A bot runs for weeks, and the conversations
 * that are measured must be young on both sides: those of a state without pruning become slower with age.
 */
async function compileCode(clients: readonly [OpenClient, OpenClient], chats: number): Promise<void> {
  const { sides, close } = await openSides(clients, chats);
  for (let turn = 0; turn < COMPILING_TURNS; turn++) for (const side of sides) await talk(side);
  await close();
}

async function talking(ours: OpenClient, theirs: OpenClient, chats: number): Promise<Comparison> {
  const restoreConsole = quietly();
  const storages = followAsyncStorages();
  await compileCode([ours, theirs], chats);
  const { sides, close } = await openSides([ours, theirs], chats);
  return {
    ours: { run: () => talk(sides[0]) },
    theirs: { run: () => talk(sides[1]) },
    minCpuMs: 1_500,
    warmUpCpuMs: 500,
    close: async () => {
      await close();
      // Otherwise each comparison would make the next one slower.
      storages[Symbol.dispose]();
      restoreConsole();
    },
  };
}

interface Other {
  readonly name: string;
  readonly open: OpenClient;
  readonly what: string;
  readonly needs?: "better-sqlite3";
}

const SQLITE = "a table of JSON texts in better-sqlite3 behind makeCacheableSignalKeyStore";
const FULL: Other = {
  name: "sqlite_full",
  open: keyValue("FULL"),
  what: `${SQLITE}, synchronous = FULL`,
  needs: "better-sqlite3",
};
const NORMAL: Other = {
  name: "sqlite_normal",
  open: keyValue("NORMAL"),
  what: `${SQLITE}, synchronous = NORMAL`,
  needs: "better-sqlite3",
};
const FILES: Other = {
  name: "cached_files",
  open: cachedFiles,
  what: "makeCacheableSignalKeyStore over useMultiFileAuthState",
};

function entry(durability: Durability, other: Other, chats: number, max: number): BenchEntry {
  const isInCi = other === FULL && chats === 8;
  return {
    name: `baileys.cpu_per_message.${durability}_vs_${other.name}.${chats}_chats`,
    kind: "ratio",
    unit: "ratio",
    limit: { max },
    ...(other.needs && { needs: other.needs }),
    ...(!isInCi && { leftOutOfCi: "it takes half a minute, and CI has one of each durability" }),
    against: `Baileys' own repository over ${other.what}, in turn with ${chats} peers`,
    open: () => talking(account(durability), other.open, chats),
  };
}

const CHATS = [4, 8, 64];

export const entries: readonly BenchEntry[] = [
  ...CHATS.map((chats) => entry("strict", FULL, chats, 1.05)),
  ...[FULL, NORMAL, FILES].map((other) => entry("relaxed", other, 8, 1)),
];
