import { join } from "node:path";
import { type LibsqlBackendOptions, libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import type { WriteOf } from "../../src/backend/mod.ts";
import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry, Limit } from "../harness/entry.ts";
import type { CountedRows } from "../object/row_counter.ts";
import { betterSqlite3 } from "../support/better_sqlite3.ts";
import { makeFolder } from "../support/folder.ts";
import { openLoop, SAME_ROWS, type SqliteLibrary } from "../support/session_loop.ts";

const SESSIONS = 1_000;
const RECORD_BYTES = 1_500;

function addressOf(index: number): string {
  return `${5_511_900_000_000 + index * 7_919}:${(index % 5) + 1}@c.us.0`;
}

type SessionPut = WriteOf<"session.put">;

/** Records that were not written before. */
function newSessions(count: number, version: number): SessionPut[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: "session.put",
    address: addressOf(index),
    record: new Uint8Array(RECORD_BYTES).fill(version + index),
    lease: { reservedUntil: 64, incarnation: "0123456789abcdef".repeat(2), burned: 0 },
  }));
}

interface CommitOptions {
  /** Sessions per commit. */
  readonly count: number;
  /** Commits per turn. */
  readonly commits?: number;
  readonly native?: LibsqlBackendOptions["native"];
  readonly loop?: SqliteLibrary;
}

/** Both sides get prepared rows, write every page to the log, and sync it once per commit. */
async function commits({ count, commits = 1, native, loop: library }: CommitOptions): Promise<Comparison> {
  const folder = makeFolder();
  const url = `file:${join(folder.path, "backend.db")}`;
  const backend = await libsqlBackend({ url, native });
  const next = { owner: "bench", epoch: 1 };
  await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
  const guard = { owner: "bench", minEpoch: 1, maxEpoch: 1 };
  const loop = openLoop(join(folder.path, "loop.db"), SAME_ROWS, library);
  let version = 0;
  const prepared = (): SessionPut[][] => Array.from({ length: commits }, () => newSessions(count, ++version));
  let writes: SessionPut[][] = [];
  let rows: (readonly unknown[])[][] = [];
  return {
    ours: {
      prepare: () => {
        writes = prepared();
      },
      run: async () => {
        for (const some of writes) await backend.commit(some, { guard });
      },
    },
    theirs: {
      prepare: () => {
        rows = prepared().map((some) => some.map(({ address, record }) => SAME_ROWS.params(address, record)));
      },
      run: () => {
        for (const some of rows) loop.write(some);
      },
    },
    close: async () => {
      await backend.close();
      loop.file.close();
      folder.remove();
    },
  };
}

/** Single sessions, each read by its address through the backend that `openAccount` opens. */
async function coldReads(native?: LibsqlBackendOptions["native"]): Promise<Comparison> {
  const folder = makeFolder();
  const backend = await libsqlBackend({ url: `file:${join(folder.path, "backend.db")}`, native });
  const loop = openLoop(join(folder.path, "loop.db"), SAME_ROWS);
  const sessions = newSessions(SESSIONS, 1);
  await backend.commit(sessions);
  loop.write(sessions.map(({ address, record }) => SAME_ROWS.params(address, record)));
  const select = loop.file.prepare(SAME_ROWS.select);
  const addresses = sessions.map(({ address }) => address);
  const keys = addresses.map((address) => SAME_ROWS.key(address));
  return {
    ours: {
      run: async () => {
        for (const address of addresses) await backend.loadSessionRow(address);
      },
    },
    theirs: {
      run: () => {
        for (const key of keys) select.all(key);
      },
    },
    close: async () => {
      await backend.close();
      loop.file.close();
      folder.remove();
    },
  };
}

/** Rows as a Durable Object counts them, counted once for all entries. */
let countedRows: Promise<CountedRows> | undefined;

async function askDurableObject(): Promise<CountedRows> {
  const miniflare = startLocalWorker({
    script: await bundleWorker("bench/object/row_counter.ts"),
    durableObjects: { ROWS: "RowCounter" },
  });
  try {
    const response = await miniflare.dispatchFetch("http://bench/");
    if (!response.ok) throw new Error(`count rows: the object failed: ${await response.text()}`);
    return (await response.json()) as CountedRows;
  } finally {
    await miniflare.dispose();
  }
}

/** A count of rows, index entries included. */
function rowCount(
  entry: { readonly name: string; readonly limit?: Limit; readonly against: string },
  pick: (rows: CountedRows) => number,
): BenchEntry {
  return {
    ...entry,
    kind: "count",
    unit: "rows",
    run: async () => {
      countedRows ??= askDurableObject();
      return pick(await countedRows);
    },
  };
}

const LOOP =
  "one prepared statement of libsql in a loop, in one transaction: same rows, key, page size, journal and sync settings";
const BETTER_SQLITE3 = "the same loop over better-sqlite3; ours through libsql";
const NATIVE = `${LOOP}; ours through the same library`;
const CLIENT = `${LOOP}; ours through @libsql/client, which prepares each statement again`;

export const entries: readonly BenchEntry[] = [
  {
    name: "sqlite.commit_1000_sessions.ratio_vs_prepared_loop",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1 },
    against: NATIVE,
    open: () => commits({ count: SESSIONS }),
  },
  {
    name: "sqlite.commit_1000_sessions.client_ratio_vs_prepared_loop",
    kind: "ratio",
    unit: "ratio",
    against: CLIENT,
    open: () => commits({ count: SESSIONS, native: false }),
  },
  {
    name: "sqlite.one_row_commit.cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.8 },
    leftOutOfCi: "most of its CPU time is that of fsync: 1.7 to 3.1 for one code, by what else the disk does",
    against: NATIVE,
    open: () => commits({ count: 1, commits: 50 }),
  },
  {
    name: "sqlite.one_row_commit.client_cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    against: CLIENT,
    open: () => commits({ count: 1, commits: 50, native: false }),
  },
  {
    name: "sqlite.cold_read.cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    against: "one prepared SELECT of libsql by the same key; ours through the same library",
    open: () => coldReads(),
  },
  {
    name: "sqlite.cold_read.client_cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    against: "the same; ours through @libsql/client, which prepares each statement again",
    open: () => coldReads(false),
  },
  {
    name: "sqlite.commit_1000_sessions.ratio_vs_better_sqlite3_loop",
    kind: "ratio",
    unit: "ratio",
    needs: "better-sqlite3",
    against: BETTER_SQLITE3,
    open: () => commits({ count: SESSIONS, loop: betterSqlite3() }),
  },
  {
    name: "sqlite.one_row_commit.cpu_vs_better_sqlite3",
    kind: "ratio",
    unit: "ratio",
    needs: "better-sqlite3",
    against: BETTER_SQLITE3,
    open: () => commits({ count: 1, commits: 50, loop: betterSqlite3() }),
  },
  rowCount(
    {
      name: "sqlite.rows_per_session_upsert",
      limit: { max: 1 },
      against: "rows written as a Durable Object counts them, index entries included",
    },
    ({ sessionUpsert }) => sessionUpsert.written,
  ),
  rowCount(
    {
      name: "fencing.rows_written_per_commit",
      limit: { max: 0 },
      against: "the same commit without a guard",
    },
    ({ guard }) => guard.written,
  ),
  rowCount(
    {
      name: "sqlite.rows_read_per_session_upsert",
      limit: { max: 1.01 },
      against: "rows read as a Durable Object counts them, for an existing session",
    },
    ({ sessionUpsert }) => sessionUpsert.read,
  ),
  rowCount(
    {
      name: "fencing.rows_read_per_commit",
      limit: { max: 0 },
      against: "the same commit without a guard",
    },
    ({ guard }) => guard.read,
  ),
  rowCount(
    {
      name: "sqlite.rows_read_per_cold_read",
      limit: { max: 2 },
      against: "one session of 300, by its address: the entry of the key's index, and the row",
    },
    ({ coldRead }) => coldRead.read,
  ),
  rowCount(
    {
      name: "sqlite.rows_read_per_cold_read_of_many",
      against: "each of 300 sessions that are read together",
    },
    ({ coldReadOfMany }) => coldReadOfMany.read,
  ),
  rowCount(
    {
      name: "sqlite.rows_read_per_opening",
      against: "opening a database that has its schema and one account",
    },
    ({ opening }) => opening.read,
  ),
  rowCount(
    {
      name: "expiry.rows_read_per_deleted",
      limit: { max: 1.1 },
      against: "each row that housekeeping removes, of five kinds, among ten that stay",
    },
    ({ expiry }) => expiry.read,
  ),
  rowCount(
    {
      name: "expiry.rows_written_per_deleted",
      limit: { max: 1 },
      against: "the same, rows written",
    },
    ({ expiry }) => expiry.written,
  ),
  rowCount(
    {
      name: "group_marks.rows_read_per_removed",
      limit: { max: 9 },
      against: "each mark of a removed device in 40 groups of 50 devices; a scan reads 50",
    },
    ({ markRemoval }) => markRemoval.read,
  ),
];
