import { join } from "node:path";
import Database from "libsql";
import type { Account } from "../../mod.ts";
import { SessionRecord } from "../../src/ratchet/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { betterSqlite3 } from "../support/better_sqlite3.ts";
import { addressOf, type Cache, FLUSH_CPU_MS, openFileCache, SESSIONS } from "../support/file_cache.ts";
import {
  BARE_ROWS,
  type LoopTable,
  openLoop,
  SAME_ROWS,
  type SqliteLibrary,
} from "../support/session_loop.ts";

type Rows = (readonly unknown[])[];

/** Encodes every record into the rows of a loop. */
function encodeAll(records: ReadonlyMap<string, SessionRecord>, table: LoopTable): Rows {
  const rows: Rows = [];
  for (const [address, record] of records) rows.push(table.params(address, record.encode()));
  return rows;
}

async function flushAll(account: Account): Promise<void> {
  const { committed } = await account.flush();
  if (committed < SESSIONS) throw new Error(`flushed ${committed} sessions`);
}

/** A flush, compared with encoding the same records and writing them. */
async function flushing(table: LoopTable): Promise<Comparison> {
  const { folder, account, sendAll, close } = await openFileCache();
  const loop = openLoop(join(folder, "loop.db"), table);
  let records: ReadonlyMap<string, SessionRecord> = new Map();
  return {
    ours: { prepare: sendAll, run: () => flushAll(account) },
    theirs: {
      prepare: async () => {
        records = await sendAll();
        await account.flush();
      },
      run: () => loop.write(encodeAll(records, table)),
    },
    ...FLUSH_CPU_MS,
    close: async () => {
      loop.file.close();
      await close();
    },
  };
}

/** A flush without the time to encode its records, compared with writing encoded rows. */
async function flushingEncoded(): Promise<Comparison> {
  const { folder, account, sendAll, close } = await openFileCache();
  const loop = openLoop(join(folder, "loop.db"), SAME_ROWS);
  let records: ReadonlyMap<string, SessionRecord> = new Map();
  let rows: Rows = [];
  return {
    ours: {
      prepare: async () => {
        records = await sendAll();
      },
      run: () => flushAll(account),
    },
    ownBase: {
      run: () => {
        rows = encodeAll(records, SAME_ROWS);
      },
    },
    theirs: { run: () => loop.write(rows) },
    ...FLUSH_CPU_MS,
    close: async () => {
      loop.file.close();
      await close();
    },
  };
}

/** Number of sessions read one after the other in one turn. */
const COLD_READS = 200;

/** Loads a session that is not in memory by one query and decodes it. */
async function coldLoading(library: SqliteLibrary): Promise<Comparison> {
  const { folder, account, cache, sendAll, close } = await openFileCache();
  const records = await sendAll();
  await account.flush();
  const loop = openLoop(join(folder, "loop.db"), SAME_ROWS, library);
  loop.write(encodeAll(records, SAME_ROWS));
  const select = loop.file.prepare(SAME_ROWS.select);
  let next = 0;
  const addresses = (): string[] => {
    next = (next + COLD_READS) % SESSIONS;
    return Array.from({ length: COLD_READS }, (_, index) => addressOf((next + index) % SESSIONS));
  };
  let asked: string[] = [];
  return {
    ours: {
      prepare: () => {
        cache.clear();
        asked = addresses();
      },
      run: async () => {
        for (const address of asked) {
          if ((await cache.sessions.load(address)) === undefined) throw new Error("a session was lost");
        }
      },
    },
    theirs: {
      run: () => {
        for (const address of asked) {
          const [row] = select.all(SAME_ROWS.key(address)) as {
            record: Uint8Array;
          }[];
          if (row === undefined) throw new Error("a session was lost");
          SessionRecord.decode(new Uint8Array(row.record), { owned: true });
        }
      },
    },
    close: async () => {
      loop.file.close();
      await close();
    },
  };
}

/** Time between two reads that are due. */
const READ_EVERY_MS = 0.25;

/** The delay in milliseconds of each read that became due while `until` was pending. */
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

async function readsDuringFlush(): Promise<number> {
  const { account, cache, sendAll, close } = await openFileCache();
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
  await close();
  return percentile99(duringMs) / percentile99(idleMs);
}

const LOOP =
  "a prepared loop of the same native library in one transaction: same columns, key, page size, journal and sync settings";

export const entries: readonly BenchEntry[] = [
  {
    name: "signal.flush_1000_dirty.ratio_vs_loop_plus_encode",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.2 },
    against: `encoding the same records, and ${LOOP}`,
    open: () => flushing(SAME_ROWS),
  },
  {
    name: "signal.flush_1000_dirty.ratio_vs_bare_loop_plus_encode",
    kind: "ratio",
    unit: "ratio",
    against: "the same, with a table of nothing but addresses and records",
    open: () => flushing(BARE_ROWS),
  },
  {
    name: "signal.flush_1000_dirty.writing_ratio_vs_loop",
    kind: "ratio",
    unit: "ratio",
    against: `the flush less the encoding of its records, over ${LOOP}, which writes records that are encoded`,
    open: flushingEncoded,
  },
  {
    name: "signal.cold_load.ratio_vs_prepared_select",
    kind: "ratio",
    unit: "ratio",
    against:
      "a prepared SELECT of one row by the same native library, and decoding its record; one session at a time",
    open: () => coldLoading(Database),
  },
  {
    name: "signal.cold_load.ratio_vs_better_sqlite3_select",
    kind: "ratio",
    unit: "ratio",
    needs: "better-sqlite3",
    against: "the same by better-sqlite3; ours through libsql",
    open: () => coldLoading(betterSqlite3()),
  },
  {
    name: "signal.read_p99_during_flush.ratio_vs_idle",
    kind: "figure",
    unit: "ratio",
    against:
      "cached reads, one due each 0.25 ms, without a flush; the native library occupies the thread while it writes 1,000 sessions",
    run: readsDuringFlush,
  },
];
