import { join } from "node:path";
import { Curve, makeCacheableSignalKeyStore, type SignalKeyStore, useMultiFileAuthState } from "baileys";
import { openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openSqliteBackend } from "../../src/adapters/sqlite/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { PackedValues } from "../../src/baileys/packed_values.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { type HoldfastPeer, openPeer, openPlainPeer } from "../../test/baileys/holdfast_peer.ts";
import { SignalPeer } from "../../test/baileys/signal_peer.ts";
import { pairedCreds, silentLogger } from "../../test/support/whatsapp/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { betterSqlite3 } from "../support/better_sqlite3.ts";
import { inFolder } from "../support/conversation.ts";
import { countingDriver } from "../support/counting_driver.ts";
import { makeFolder } from "../support/folder.ts";
import { type KeyValueOptions, keyValueKeys } from "../support/key_value_state.ts";
import { quietly } from "../support/quietly.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const GROUP = "120363000000000001@g.us";

/** Messages of one turn, half of them in each direction. */
const MESSAGES = 100;

/** Two clients. One has pre-keys for the other. */
interface Pair {
  readonly anna: SignalPeer;
  readonly ben: SignalPeer;
  readonly preKeyId: number;
  close(): Promise<void>;
}

/** Opens a pair with its state in a folder. */
type OpenPair = (folder: string) => Promise<Pair>;

/** Two accounts of one database. */
async function openAccounts(folder: string, open: typeof openPeer): Promise<[HoldfastPeer, HoldfastPeer]> {
  const url = `file:${join(folder, "baileys.db")}`;
  return [
    await open(ANNA, libsqlBackend({ url, account: "anna" })),
    await open(BEN, libsqlBackend({ url, account: "ben" })),
  ];
}

function pairOf(opened: readonly [HoldfastPeer, HoldfastPeer]): Pair {
  const [anna, ben] = [opened[0].peer, opened[1].peer];
  const close = async (): Promise<void> => {
    for (const { account } of opened) await account.close();
  };
  return { anna, ben, preKeyId: ben.creds.firstUnuploadedPreKeyId, close };
}

function accountPair(open: typeof openPeer): OpenPair {
  return async (folder) => pairOf(await openAccounts(folder, open));
}

/** Baileys' own repository over keys of two clients. */
async function stockPair(keysOf: (name: string) => Promise<SignalKeyStore>): Promise<Pair> {
  const open = async (jid: string, pn: string): Promise<SignalPeer> =>
    new SignalPeer({ jid, creds: pairedCreds({ pn }), keys: await keysOf(pn) });
  const [anna, ben] = [await open(ANNA, "15550000001"), await open(BEN, "15550000002")];
  await ben.socketKeys.set({ "pre-key": { "1": Curve.generateKeyPair() } });
  return { anna, ben, preKeyId: 1, close: async () => {} };
}

/** Baileys with its default storage. */
const filesPair: OpenPair = (folder) =>
  stockPair(async (name) => (await useMultiFileAuthState(join(folder, name))).state.keys);

/** The storage of Baileys' example. */
const cachedFilesPair: OpenPair = (folder) =>
  stockPair(async (name) => {
    const { state } = await useMultiFileAuthState(join(folder, name));
    return makeCacheableSignalKeyStore(state.keys, silentLogger);
  });

function cachedKeyValuePair(synchronous: KeyValueOptions["synchronous"]): OpenPair {
  return async (folder) => {
    const closing: (() => void)[] = [];
    const pair = await stockPair(async (name) => {
      const path = join(folder, `${name}.db`);
      const { keys, close } = keyValueKeys({ library: betterSqlite3(), path, synchronous });
      closing.push(close);
      return makeCacheableSignalKeyStore(keys, silentLogger);
    });
    return {
      ...pair,
      close: async () => {
        for (const close of closing) close();
      },
    };
  };
}

/** Creates a session that both peers have used. */
async function meet({ anna, ben, preKeyId }: Pair): Promise<void> {
  await anna.greet(ben, preKeyId);
  await ben.receive(anna, await anna.send(ben, "hello"));
  await anna.receive(ben, await ben.send(anna, "hello"));
}

/** A conversation in which the peers take turns, so that every message starts a new chain. */
async function talk({ anna, ben }: Pair): Promise<void> {
  for (let number = 0; number < MESSAGES; number += 1) {
    const [from, to] = number % 2 === 0 ? [anna, ben] : [ben, anna];
    await to.receive(from, await from.send(to, `message ${number}`));
  }
}

/** One conversation with two ways of keeping state. */
async function conversing(openOurs: OpenPair, openTheirs: OpenPair): Promise<Comparison> {
  const restoreConsole = quietly();
  const folders = [makeFolder(), makeFolder()] as const;
  const pairs = [await openOurs(folders[0].path), await openTheirs(folders[1].path)] as const;
  for (const pair of pairs) await meet(pair);
  return {
    ours: { run: () => talk(pairs[0]) },
    theirs: { run: () => talk(pairs[1]) },
    close: async () => {
      for (const pair of pairs) await pair.close();
      for (const folder of folders) folder.remove();
      restoreConsole();
    },
  };
}

/** Messages to a group before the measured ones. */
const SENT_BEFORE = 2_000;

/** Messages to each group in one turn. The first message of the new group does not count. */
const GROUP_SENDS = 50;

/** Messages to a group after two thousand, compared with the first ones to another group. */
async function groupSending(): Promise<Comparison> {
  const restoreConsole = quietly();
  const folder = makeFolder();
  const opened = await openAccounts(folder.path, openPeer);
  const { peer: anna } = opened[0];
  const send = async (group: string, count: number): Promise<void> => {
    for (let number = 0; number < count; number += 1) await anna.sendToGroup(group, `message ${number}`);
  };
  await send(GROUP, SENT_BEFORE);
  let groups = 0;
  let newGroup = GROUP;
  return {
    ours: { run: () => send(GROUP, GROUP_SENDS) },
    theirs: {
      prepare: async () => {
        groups += 1;
        newGroup = `${120_363_000_000_001_000 + groups}@g.us`;
        await send(newGroup, 1);
      },
      run: () => send(newGroup, GROUP_SENDS),
    },
    close: async () => {
      for (const { account } of opened) await account.close();
      folder.remove();
      restoreConsole();
    },
  };
}

/** Rows that both sides write per message in a running conversation, turn by turn. */
function rowsPerMessage(open: typeof openPeer): Promise<number> {
  return inFolder(async (folder) => {
    const opened = await openAccounts(folder, open);
    const pair = pairOf(opened);
    await meet(pair);
    const rows = (): number => opened.reduce((sum, { account }) => sum + account.stats().rowsWritten, 0);
    const before = rows();
    await talk(pair);
    const written = rows() - before;
    await pair.close();
    return written / MESSAGES;
  });
}

const MUTATIONS = 20_000;

/** A collection as Baileys holds it. */
interface AppState {
  readonly version: number;
  readonly hash: Uint8Array;
  readonly indexValueMap: Readonly<Record<string, { readonly valueMac: Uint8Array }>>;
}

/**
 * The most rows that one change of a collection of 20,000 mutations writes, and the queries that it makes:
 * one mutation changed, one added, one removed, and one that replaces another.
 */
async function appStateChange(): Promise<{ rows: number; queries: number }> {
  return await inFolder(async (folder) => {
    const driver = await countingDriver(`file:${join(folder, "app_state.db")}`);
    const account = await openAccount({ backend: openSqliteBackend(driver) });
    const { keys } = (await baileysAuthState(account)).state;
    const mac = (): Uint8Array => account.host.random.bytes(32);
    const entry = () => [Buffer.from(mac()).toString("base64"), { valueMac: mac() }] as const;
    const indexValueMap = Object.fromEntries(Array.from({ length: MUTATIONS }, entry));
    let state: AppState = { version: 1, hash: account.host.random.bytes(128), indexValueMap };
    const set = (): Promise<void> => keys.set({ "app-state-sync-version": { regular_low: state } });
    await set();
    let most = 0;
    const before = driver.queries.length;
    for (const { add, remove, change } of [
      { add: 0, remove: 0, change: 1 },
      { add: 1, remove: 0, change: 0 },
      { add: 0, remove: 1, change: 0 },
      { add: 1, remove: 1, change: 0 },
    ]) {
      const left = Object.entries(state.indexValueMap).slice(remove);
      const changed = left.map(([index, value], at) => [index, at < change ? { valueMac: mac() } : value]);
      const added = Array.from({ length: add }, entry);
      state = {
        version: state.version + 1,
        hash: account.host.random.bytes(128),
        indexValueMap: Object.fromEntries([...changed, ...added]),
      };
      const { rowsWritten } = account.stats();
      await set();
      most = Math.max(most, account.stats().rowsWritten - rowsWritten);
    }
    const queries = driver.queries.length - before;
    const stored = await account.store.getVersion("regular_low");
    if (stored.indexValueMap.size !== MUTATIONS) throw new Error("a mutation was lost");
    await account.close();
    return { rows: most, queries };
  });
}

/** Memory to detect a change of 20,000 mutations. */
async function appStateCopyBytes(): Promise<number> {
  const random = new SeededRandom(1);
  const pairs = Array.from(
    { length: MUTATIONS },
    () => [Buffer.from(random.bytes(32)).toString("base64"), random.bytes(32)] as const,
  );
  return new PackedValues(pairs).bytes;
}

const OURS = accountPair(openPeer);
/** Our key store alone instead of Baileys' own, without `signalRepository`. */
const OURS_PLAIN = accountPair(openPlainPeer);

const FILES = "Baileys' own repository over useMultiFileAuthState";
const CACHED_FILES = "Baileys' own repository over makeCacheableSignalKeyStore over useMultiFileAuthState";
const KEY_VALUE =
  "Baileys' own repository over makeCacheableSignalKeyStore over a table of JSON texts in better-sqlite3";
const SAME_TALK = "the same conversation turn by turn";

export const entries: readonly BenchEntry[] = [
  {
    name: "baileys.ms_per_message.ratio_vs_stock_files",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1 },
    against: `${FILES}, ${SAME_TALK}`,
    open: () => conversing(OURS, filesPair),
  },
  {
    name: "baileys.ms_per_message.ratio_vs_cached_files",
    kind: "ratio",
    unit: "ratio",
    against: `${CACHED_FILES}, ${SAME_TALK}`,
    open: () => conversing(OURS, cachedFilesPair),
  },
  {
    name: "baileys.ms_per_message.ratio_vs_cached_sqlite_full",
    kind: "ratio",
    unit: "ratio",
    needs: "better-sqlite3",
    against: `${KEY_VALUE}, synchronous = FULL, ${SAME_TALK}`,
    open: () => conversing(OURS, cachedKeyValuePair("FULL")),
  },
  {
    name: "baileys.ms_per_message.ratio_vs_cached_sqlite_normal",
    kind: "ratio",
    unit: "ratio",
    needs: "better-sqlite3",
    against: `${KEY_VALUE}, synchronous = NORMAL, ${SAME_TALK}`,
    open: () => conversing(OURS, cachedKeyValuePair("NORMAL")),
  },
  {
    name: "baileys.ms_per_message.plain_ratio_vs_stock_files",
    kind: "ratio",
    unit: "ratio",
    against: `ours without signalRepository; ${FILES}, ${SAME_TALK}`,
    open: () => conversing(OURS_PLAIN, filesPair),
  },
  {
    name: "baileys.ms_per_message.plain_ratio_vs_cached_files",
    kind: "ratio",
    unit: "ratio",
    against: `ours without signalRepository; ${CACHED_FILES}, ${SAME_TALK}`,
    open: () => conversing(OURS_PLAIN, cachedFilesPair),
  },
  {
    name: "baileys.group_send_after_2000.ratio_vs_first",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.2 },
    against:
      "messages to a group that is new, its first one not counted, sent in turn with those after two thousand",
    open: groupSending,
  },
  {
    name: "baileys.app_state_one_of_20k.rows",
    kind: "count",
    unit: "rows",
    limit: { max: 3 },
    against:
      "rows written by a change of one mutation of 20,000: its row, the collection's, and one that goes",
    run: async () => (await appStateChange()).rows,
  },
  {
    name: "baileys.app_state_one_of_20k.queries",
    kind: "count",
    unit: "queries",
    limit: { max: 0 },
    against: "queries of four such changes while the collection is in memory",
    run: async () => (await appStateChange()).queries,
  },
  {
    name: "baileys.app_state_one_of_20k.copy_bytes",
    kind: "count",
    unit: "bytes",
    limit: { max: 2_000_000 },
    against: "memory of the copy with which a collection is compared, until a pause",
    run: appStateCopyBytes,
  },
  {
    name: "baileys.rows_per_message",
    kind: "count",
    unit: "rows",
    against: "a conversation turn by turn: the sender's session, whose chain is new each time",
    run: () => rowsPerMessage(openPeer),
  },
  {
    name: "baileys.rows_per_message_write_through",
    kind: "count",
    unit: "rows",
    against: "the same over the key store alone: one sender's and one receiver's session for each message",
    run: () => rowsPerMessage(openPlainPeer),
  },
];
