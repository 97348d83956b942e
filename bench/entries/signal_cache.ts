import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import Database from "libsql";
import { type Account, openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { SenderKeyRecord, SessionChain, SessionRecord } from "../../src/ratchet/mod.ts";
import type { SignalStoreCache } from "../../src/signal/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import type { BenchEntry } from "../bench.ts";
import { interleaved, timed } from "../interleaved.ts";
import { advance, freshRecord } from "../sample_records.ts";

type Cache = SignalStoreCache<SessionRecord, SenderKeyRecord>;

/** Sessions that are dirty at a flush. */
const SESSIONS = 1_000;

function addressOf(index: number): string {
  return `${100_000_000_000 + index * 7_919}:${(index % 5) + 1}@lid.0`;
}

/** A cache over memory that holds `count` sessions, and equal records beside it. */
async function filledCache(
  count: number,
): Promise<{ account: Account; cache: Cache; records: SessionRecord[] }> {
  const account = await openAccount({ backend: memoryBackend(), saverIntervalMs: "manual" });
  const cache = signalCache(account);
  const records = Array.from({ length: count }, () => freshRecord());
  for (const [index, record] of records.entries()) await cache.sessions.put(addressOf(index), record.copy());
  await account.flush();
  return { account, cache, records };
}

/** Sessions that take turns in a measurement of a load and a put. */
const CHATS = 32;
/** Steps of each in one measurement: so short that what else the machine does spoils few of them. */
const STEPS = 10;
const STEP_ROUNDS = 150;
const STEP_WARM_UP = 20;

/** One step of a session: it is loaded, sends on `next`, and is put back. */
type Step = (address: string, next: SessionChain | undefined) => Promise<unknown>;

/**
 * A step through the cache against the same step through a map. The chains after each step are made beforehand, the same for
 * both: what is compared is keeping the state of a message, and not the HMAC that every client has to compute.
 */
async function stepRatio(
  steps: (cache: Cache, map: AsyncMap) => [Step, Step],
  isAdvancing: boolean,
): Promise<number> {
  const { account, cache, records } = await filledCache(CHATS);
  const map = new AsyncMap();
  const chains: SessionChain[][] = [];
  for (const [index, record] of records.entries()) {
    await map.set(addressOf(index), record);
    chains.push(isAdvancing ? chainsAfter(record, STEPS * (STEP_ROUNDS + STEP_WARM_UP)) : []);
  }
  const measure =
    (step: Step) =>
    async (round: number): Promise<number> => {
      const startedAt = performance.now();
      for (let at = round * STEPS; at < (round + 1) * STEPS; at++) {
        for (let chat = 0; chat < CHATS; chat++) await step(addresses[chat] as string, chains[chat]?.[at]);
      }
      return performance.now() - startedAt;
    };
  const addresses = records.map((_, index) => addressOf(index));
  const works = steps(cache, map).map(measure);
  const times = await interleaved(works, { rounds: STEP_ROUNDS, warmUp: STEP_WARM_UP });
  await account.close();
  return quotient(times);
}

/** What a client without a cache of its own has: a map behind two async functions. */
class AsyncMap {
  readonly #map = new Map<string, SessionRecord>();

  async get(address: string): Promise<SessionRecord | undefined> {
    return this.#map.get(address);
  }

  async set(address: string, record: SessionRecord): Promise<void> {
    this.#map.set(address, record);
  }
}

/** The sending chain of a record after 1, 2, … messages. */
function chainsAfter(record: SessionRecord, count: number): SessionChain[] {
  let chain = record.sendingChain;
  // A chain inherits its name from the one before it, which the cache has asked for it.
  if (chain?.id === undefined) throw new Error("the record sends on no chain");
  return Array.from({ length: count }, () => {
    chain = (chain as SessionChain).fastForward((chain as SessionChain).next + 1);
    return chain;
  });
}

function moveOn(record: SessionRecord | undefined, next: SessionChain | undefined): SessionRecord {
  if (record?.current === undefined) throw new Error("the session was lost");
  if (next === undefined) return record;
  // A client has derived the chain just now, so it is at hand. One of thousands that were made beforehand lies far away in memory,
  // and the side that reads its counter first would pay for that.
  if (next.id === "" || next.next === 0) throw new Error("the chain has not moved on");
  record.current.senderChain = next;
  return record;
}

function quotient([a, b]: readonly number[]): number {
  return (a as number) / (b as number);
}

/** Both sides hand out a copy, move its sending chain on by one message and take it back. */
function sendingStep(): Promise<number> {
  return stepRatio(
    (cache, map) => [
      async (address, next) => cache.sessions.put(address, moveOn(await cache.sessions.load(address), next)),
      async (address, next) => map.set(address, moveOn((await map.get(address))?.copy(), next)),
    ],
    true,
  );
}

/** Neither side changes the record. The cache copies it all the same; the map hands out its own. */
function unchangedStep(): Promise<number> {
  return stepRatio(
    (cache, map) => [
      async (address) => cache.sessions.put(address, moveOn(await cache.sessions.load(address), undefined)),
      async (address) => map.set(address, moveOn(await map.get(address), undefined)),
    ],
    false,
  );
}

async function peekRatio(): Promise<number> {
  const { account, cache, records } = await filledCache(256);
  const addresses = records.map((_, index) => addressOf(index));
  // Keys of its own, as the cache has: what is looked up is equal to a key, and never the same string.
  const map = new Map(records.map((record, index) => [addressOf(index), record]));
  let missing = 0;
  const peekAll = (): void => {
    for (const address of addresses) if (cache.sessions.peek(address)?.current === undefined) missing += 1;
  };
  const getAll = (): void => {
    for (const address of addresses) if (map.get(address)?.current === undefined) missing += 1;
  };
  const times = await interleaved([timed(peekAll, 50), timed(getAll, 50)], { rounds: 201, warmUp: 20 });
  await account.close();
  if (missing > 0) throw new Error(`${missing} sessions were lost`);
  return quotient(times);
}

/** The settings and the page size of a file that the backend makes. */
const LIKE_BACKEND = ["page_size = 8192", "journal_mode = WAL", "synchronous = FULL", "cache_size = -16384"];

/** How a loop keeps a session. */
interface LoopTable {
  /** Columns with their types, and the key. */
  readonly columns: string;
  readonly put: string;
  readonly params: (address: string, record: Uint8Array) => readonly (string | number | Uint8Array)[];
}

const INCARNATION = "0123456789abcdef".repeat(2);

/** The row that the backend keeps: what is needed for sending before the next flush stands beside the record. */
const SAME_ROWS: LoopTable = {
  columns: `device_id INTEGER NOT NULL, user TEXT NOT NULL, address TEXT NOT NULL, reserved_until INTEGER,
    incarnation TEXT, burned INTEGER, record BLOB NOT NULL, PRIMARY KEY (device_id, user, address)`,
  put: `INSERT INTO session (device_id, user, address, reserved_until, incarnation, burned, record)
    VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (device_id, user, address) DO UPDATE SET
    reserved_until = excluded.reserved_until, incarnation = excluded.incarnation, burned = excluded.burned,
    record = excluded.record`,
  params: (address, record) => [address.slice(0, address.indexOf(":")), address, 64, INCARNATION, 0, record],
};

/** The least with which a session can be found again. */
const BARE_ROWS: LoopTable = {
  columns: "address TEXT PRIMARY KEY, record BLOB NOT NULL",
  put: `INSERT INTO session (address, record) VALUES (?, ?)
    ON CONFLICT (address) DO UPDATE SET record = excluded.record`,
  params: (address, record) => [address, record],
};

/** The native driver alone: one statement, prepared once, in one transaction on a rowid table. */
function preparedLoop(
  path: string,
  table: LoopTable,
): (rows: Iterable<readonly [string, Uint8Array]>) => void {
  const db = new Database(path);
  for (const pragma of LIKE_BACKEND) db.exec(`PRAGMA ${pragma}`);
  db.exec(`CREATE TABLE session (${table.columns})`);
  const put = db.prepare(table.put);
  return (rows) => {
    db.exec("BEGIN IMMEDIATE");
    for (const [address, record] of rows) put.run(table.params(address, record));
    db.exec("COMMIT");
  };
}

/** A file of this machine with `SESSIONS` sessions, and the cache over it. */
interface FileCache {
  readonly folder: string;
  readonly account: Account;
  readonly cache: Cache;
  /** Each session sends one message: all are dirty. Their records, as they are now. */
  sendAll(): Promise<Map<string, SessionRecord>>;
}

async function withFileCache<T>(measure: (file: FileCache) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    const account = await openAccount({
      backend: libsqlBackend({ url: `file:${join(folder, "account.db")}`, native: Database }),
      saverIntervalMs: "manual",
    });
    const cache = signalCache(account);
    const current = new Map<string, SessionRecord>();
    for (let index = 0; index < SESSIONS; index++) current.set(addressOf(index), freshRecord());
    const sendAll = async (): Promise<Map<string, SessionRecord>> => {
      for (const [address, record] of current) {
        const next = record.copy();
        advance(next);
        await cache.sessions.put(address, next);
        current.set(address, next);
      }
      return current;
    };
    const value = await measure({ folder, account, cache, sendAll });
    await account.close();
    return value;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Flushes of one measurement: long enough for each side to fold its log several times, which happens at different ones. */
const FLUSHES = 8;

function flushRatio(table: LoopTable): Promise<number> {
  return withFileCache(async ({ folder, account, sendAll }) => {
    const loop = preparedLoop(join(folder, "loop.db"), table);
    const measure = (work: (current: Map<string, SessionRecord>) => unknown) => async (): Promise<number> => {
      let elapsedMs = 0;
      for (let flush = 0; flush < FLUSHES; flush++) {
        const current = await sendAll();
        const startedAt = performance.now();
        await work(current);
        elapsedMs += performance.now() - startedAt;
      }
      return elapsedMs;
    };
    const flush = measure(async () => {
      const { committed } = await account.flush();
      if (committed < SESSIONS) throw new Error(`flushed ${committed} sessions`);
    });
    const encodeAndWrite = measure((current) => {
      const rows: [string, Uint8Array][] = [];
      for (const [address, record] of current) rows.push([address, record.encode()]);
      loop(rows);
    });
    return quotient(await interleaved([flush, encodeAndWrite], { rounds: 15, warmUp: 1 }));
  });
}

/** Time between two reads that are due. */
const READ_EVERY_MS = 0.25;

/** How late each of the reads was answered that became due while `until` was pending, in milliseconds. */
async function readsUntil(cache: Cache, until: Promise<unknown>): Promise<number[]> {
  let isOver = false;
  const over = until.finally(() => {
    isOver = true;
  });
  const late: number[] = [];
  let dueAt = performance.now();
  for (let read = 0; !isOver; read++) {
    while (performance.now() < dueAt && !isOver) await nextTurn();
    await cache.sessions.load(addressOf((read * 7) % SESSIONS));
    late.push(performance.now() - dueAt);
    dueAt += READ_EVERY_MS;
  }
  await over;
  return late;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function percentile99(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] as number;
}

function readsDuringFlush(): Promise<number> {
  return withFileCache(async ({ account, cache, sendAll }) => {
    const duringMs: number[] = [];
    const idleMs: number[] = [];
    for (let round = 0; round < 30; round++) {
      await sendAll();
      const during = await readsUntil(cache, account.flush());
      const idle = await readsUntil(cache, new Promise((resolve) => setTimeout(resolve, 20)));
      // The first rounds warm up.
      if (round < 5) continue;
      duringMs.push(...during);
      idleMs.push(...idle);
    }
    return percentile99(duringMs) / percentile99(idleMs);
  });
}

/** Sessions that are read for the count of bytes: as many as a store holds unless told otherwise. */
const CACHED = 2_000;

async function bytesPerSession(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const usedBytes = (): number => {
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const database = memoryBackend();
  const account = await openAccount({ backend: database, saverIntervalMs: "manual" });
  const addresses = Array.from({ length: CACHED }, (_, index) => addressOf(index));
  await account.commitWith(
    addresses.map((address) => ({ kind: "session.put", address, record: freshRecord().encode() })),
  );
  const cache = signalCache(account);
  const before = usedBytes();
  for (const address of addresses) {
    if (!(await cache.sessions.has(address))) throw new Error("the session was lost");
  }
  const bytes = (usedBytes() - before) / CACHED;
  if (cache.stats.sessions !== CACHED) throw new Error(`${cache.stats.sessions} sessions are cached`);
  await account.close();
  return bytes;
}

export const entries: readonly BenchEntry[] = [
  {
    name: "signal.cached_load_put.ratio_vs_async_map",
    unit: "ratio",
    limit: { max: 1.6 },
    against:
      "get + set on a Map behind two async functions; both sides copy the record and give it the same next chain, made before",
    run: sendingStep,
  },
  {
    name: "signal.cached_load_put_unchanged.ratio_vs_async_map",
    unit: "ratio",
    against: "the same without a change, and without a copy on the side of the Map",
    run: unchangedStep,
  },
  {
    name: "signal.cached_peek.ratio_vs_map",
    unit: "ratio",
    limit: { max: 1.5 },
    against: "get of a Map; both sides look at the record",
    run: peekRatio,
  },
  {
    name: "signal.flush_1000_dirty.ratio_vs_loop_plus_encode",
    unit: "ratio",
    limit: { max: 1.2 },
    against:
      "encoding the same records, and a prepared loop in one transaction that writes the same rows to a rowid table; same native driver, page size, journal and sync settings",
    run: () => flushRatio(SAME_ROWS),
  },
  {
    name: "signal.flush_1000_dirty.ratio_vs_bare_loop_plus_encode",
    unit: "ratio",
    against: "the same, with a table of nothing but addresses and records",
    run: () => flushRatio(BARE_ROWS),
  },
  {
    name: "signal.read_p99_during_flush.ratio_vs_idle",
    unit: "ratio",
    against:
      "cached reads, one due each 0.25 ms, without a flush; the native driver of the file occupies the thread while it writes 1,000 sessions",
    run: readsDuringFlush,
  },
  {
    name: "signal.bytes_per_cached_session",
    unit: "bytes",
    against: "heap and array buffers after collection, for a session of 1.4 kB that was read and not changed",
    run: bytesPerSession,
  },
];
