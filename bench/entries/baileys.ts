import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useMultiFileAuthState } from "baileys";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { type HoldfastPeer, openPeer, openPlainPeer } from "../../test/baileys/holdfast_peer.ts";
import { SignalPeer } from "../../test/baileys/signal_peer.ts";
import { pairedCreds } from "../../test/support/whatsapp/mod.ts";
import { type BenchEntry, median } from "../bench.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const GROUP = "120363000000000001@g.us";
const NEW_GROUP = "120363000000000002@g.us";

/** Messages of one measurement, half of them in each direction. */
const MESSAGES = 200;

/** Measurements whose median counts. */
const ROUNDS = 9;

type Pair = readonly [anna: SignalPeer, ben: SignalPeer];

/** Runs with a folder of its own, which is removed. libsignal-node's chatter, sessions in full, is kept away meanwhile. */
async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const { info, warn } = console;
  console.info = console.warn = () => {};
  try {
    return await run(folder);
  } finally {
    Object.assign(console, { info, warn });
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Two accounts of one database. */
async function openAccounts(folder: string, open = openPeer): Promise<[HoldfastPeer, HoldfastPeer]> {
  const url = `file:${join(folder, "baileys.db")}`;
  return [
    await open(ANNA, libsqlBackend({ url, account: "anna" })),
    await open(BEN, libsqlBackend({ url, account: "ben" })),
  ];
}

/** Two clients as Baileys has them out of the box: its own repository, over its own files. */
async function stockPeers(folder: string): Promise<Pair> {
  const open = async (jid: string, pn: string): Promise<SignalPeer> => {
    const { state } = await useMultiFileAuthState(join(folder, pn));
    return new SignalPeer({ jid, creds: pairedCreds({ pn }), keys: state.keys });
  };
  const pair = [await open(ANNA, "15550000001"), await open(BEN, "15550000002")] as const;
  const { Curve } = await import("baileys");
  await pair[1].socketKeys.set({ "pre-key": { "1": Curve.generateKeyPair() } });
  return pair;
}

/** Lets two peers have a session that both have used. */
async function meet([anna, ben]: Pair, preKeyId: number): Promise<void> {
  await anna.greet(ben, preKeyId);
  await ben.receive(anna, await anna.send(ben, "hello"));
  await anna.receive(ben, await ben.send(anna, "hello"));
}

/** A conversation in which each answers the other: every message begins a new chain. */
async function talk([anna, ben]: Pair): Promise<void> {
  for (let number = 0; number < MESSAGES; number += 1) {
    const [from, to] = number % 2 === 0 ? [anna, ben] : [ben, anna];
    await to.receive(from, await from.send(to, `message ${number}`));
  }
}

async function elapsedMs(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

function ratioVsStockFiles(): Promise<number> {
  return inFolder(async (folder) => {
    const opened = await openAccounts(folder);
    const ours: Pair = [opened[0].peer, opened[1].peer];
    const stock = await stockPeers(folder);
    await meet(ours, ours[1].creds.firstUnuploadedPreKeyId);
    await meet(stock, 1);
    const times: [number[], number[]] = [[], []];
    for (let round = -1; round < ROUNDS; round += 1) {
      const order = round % 2 === 0 ? [0, 1] : [1, 0];
      for (const side of order) {
        const time = await elapsedMs(() => talk(side === 0 ? ours : stock));
        // The first round warms up.
        if (round >= 0) times[side as 0 | 1].push(time);
      }
    }
    for (const { account } of opened) await account.close();
    return median(times[0]) / median(times[1]);
  });
}

/** Messages to a group before those that are measured. */
const SENT_BEFORE = 2_000;

/** Measured messages to each group. */
const GROUP_SENDS = 100;

/** Time of a message to a group after two thousand, beside that of the first ones to another group, in turn. */
function groupSendRatio(): Promise<number> {
  return inFolder(async (folder) => {
    const [annas, bens] = await openAccounts(folder);
    const { peer: anna } = annas;
    const send = (group: string, number: number): Promise<number> =>
      elapsedMs(async () => void (await anna.sendToGroup(group, `message ${number}`)));
    for (let number = 0; number < SENT_BEFORE; number += 1) await send(GROUP, number);
    const old: number[] = [];
    const first: number[] = [];
    for (let number = 0; number < GROUP_SENDS; number += 1) {
      first.push(await send(NEW_GROUP, number));
      old.push(await send(GROUP, SENT_BEFORE + number));
    }
    await annas.account.close();
    await bens.account.close();
    return median(old) / median(first);
  });
}

/** Rows that both sides together write for a message, in a conversation that is under way, turn by turn. */
function rowsPerMessage(open: typeof openPeer): Promise<number> {
  return inFolder(async (folder) => {
    const opened = await openAccounts(folder, open);
    const pair: Pair = [opened[0].peer, opened[1].peer];
    await meet(pair, pair[1].creds.firstUnuploadedPreKeyId);
    const rows = (): number => opened.reduce((sum, { account }) => sum + account.stats().rowsWritten, 0);
    const before = rows();
    await talk(pair);
    const written = rows() - before;
    for (const { account } of opened) await account.close();
    return written / MESSAGES;
  });
}

export const entries: readonly BenchEntry[] = [
  {
    name: "baileys.ms_per_message.ratio_vs_stock_files",
    unit: "ratio",
    limit: { max: 1 },
    against: "Baileys' own repository over useMultiFileAuthState, the same conversation turn by turn",
    run: ratioVsStockFiles,
  },
  {
    name: "baileys.group_send_after_2000.ratio_vs_first",
    unit: "ratio",
    limit: { max: 1.2 },
    against: "the first hundred messages to another group, sent in turn with those after two thousand",
    run: groupSendRatio,
  },
  {
    name: "baileys.rows_per_message",
    unit: "rows",
    against: "a conversation turn by turn: the sender's session, whose chain is new each time",
    run: () => rowsPerMessage(openPeer),
  },
  {
    name: "baileys.rows_per_message_write_through",
    unit: "rows",
    against: "the same over the key store alone: one sender's and one receiver's session for each message",
    run: () => rowsPerMessage(openPlainPeer),
  },
];
