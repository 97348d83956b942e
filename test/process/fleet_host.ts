/**
 * A process with many accounts, which prints a line of JSON about its memory:
 *
 * - `node fleet_host.mjs open <file> <accounts>` keeps accounts of one file open, each with its Signal cache.
 * - `node fleet_host.mjs cycle <cycles>` opens, uses and closes accounts of one database, one after the other.
 */
import { readFileSync, writeSync } from "node:fs";
import { usedBytes } from "../../bench/support/collect_garbage.ts";
import { type Account, openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SessionRecord, SessionState } from "../../src/ratchet/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";

/** The memory of a process with open accounts. */
export interface OpenFleet {
  /** Greatest resident memory so far, in bytes. */
  readonly peak: number;
  /** Heap of an account with its backend, in bytes. */
  readonly heapOfOne: number;
  /** Timers of the host while all accounts are open. */
  readonly timers: number;
}

/** What accounts that were closed have left. */
export interface ClosedFleet {
  /** Heap in bytes after the first cycles, and after all. */
  readonly before: number;
  readonly after: number;
  readonly timers: number;
  /** Listeners of the process that have been added in between. */
  readonly listeners: number;
}

/** Cycles before the first measurement, in which the engine compiles. */
const WARM_UP = 700;

/** Accounts that take turns, so that the database does not grow. */
const NAMES = 10;

const host = { logger: silentLogger };
const [mode, ...args] = process.argv.slice(2);
if (mode === "open") print(await openMany(String(args[0]), Number(args[1])));
if (mode === "cycle") print(await openAndClose(Number(args[0])));

function print(answer: OpenFleet | ClosedFleet): void {
  writeSync(1, `${JSON.stringify(answer)}\n`);
}

async function openMany(file: string, count: number): Promise<OpenFleet> {
  const open = async (index: number): Promise<Account> => {
    const backend = libsqlBackend({ url: `file:${file}`, account: `account-${index}`, logger: silentLogger });
    const account = await openAccount({ backend, host });
    await signalCache(account).sessions.load("100000000000001@lid.0");
    return account;
  };
  const accounts = [await open(0)];
  const before = await usedBytes();
  for (let index = 1; index < count; index += 1) accounts.push(await open(index));
  const heapOfOne = ((await usedBytes()) - before) / (count - 1);
  const answer = { peak: peakBytes(), heapOfOne, timers: timers() };
  for (const account of accounts) await account.close();
  return answer;
}

async function openAndClose(cycles: number): Promise<ClosedFleet> {
  const database = new MemoryDatabase();
  for (let cycle = 0; cycle < WARM_UP; cycle += 1) await useOnce(database, cycle);
  const before = await usedBytes();
  const listenersBefore = listeners();
  for (let cycle = 0; cycle < cycles; cycle += 1) await useOnce(database, cycle);
  const after = await usedBytes();
  return { before, after, timers: timers(), listeners: listeners() - listenersBefore };
}

function listeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/** Opens an account, with something of each part of it, and closes it. */
async function useOnce(database: MemoryDatabase, cycle: number): Promise<void> {
  const account = await openAccount({
    backend: memoryBackend({ database, account: `a${cycle % NAMES}` }),
    host,
  });
  account.writeBehind.onEvent(() => {});
  account.device.processCommand({ kind: "setPushName", pushName: `cycle ${cycle % 2}` });
  const record = new SessionRecord();
  const session = new SessionState();
  session.rootKey = new Uint8Array(32);
  session.remoteIdentityPublic = new Uint8Array(33).fill(5, 0, 1);
  record.startSession(session);
  await signalCache(account).sessions.put("100000000000001@lid.0", record);
  await signalCache(account).sessions.load("100000000000002@lid.0");
  await directory(account).learn([{ lid: "100000000000001", phoneNumber: "5511999990000" }], {
    source: "usync",
  });
  await account.lid.getPn("100000000000003");
  await account.close();
}

/** Greatest resident memory of this process so far. */
function peakBytes(): number {
  const [, kib] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kib) * 1_024;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}
