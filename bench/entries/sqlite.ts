import { type LibsqlBackendOptions, libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";
import type { BenchEntry, Limit } from "../harness/entry.ts";
import type { CountedRows } from "../object/row_counter.ts";
import { betterSqlite3 } from "../support/better_sqlite3.ts";
import { compareColdReads, compareCommits, SESSIONS } from "../support/session_comparison.ts";

/** Opens files through libSQL. */
const through = (native?: LibsqlBackendOptions["native"]) => ({
  open: (path: string) => libsqlBackend({ url: `file:${path}`, native }),
});

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
    open: () => compareCommits({ ...through(), count: SESSIONS }),
  },
  {
    name: "sqlite.commit_1000_sessions.client_ratio_vs_prepared_loop",
    kind: "ratio",
    unit: "ratio",
    against: CLIENT,
    open: () => compareCommits({ ...through(false), count: SESSIONS }),
  },
  {
    name: "sqlite.one_row_commit.cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.8 },
    leftOutOfCi: "most of its CPU time is that of fsync: 1.7 to 3.1 for one code, by what else the disk does",
    against: NATIVE,
    open: () => compareCommits({ ...through(), count: 1, commits: 50 }),
  },
  {
    name: "sqlite.one_row_commit.client_cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    against: CLIENT,
    open: () => compareCommits({ ...through(false), count: 1, commits: 50 }),
  },
  {
    name: "sqlite.cold_read.cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 2 },
    leftOutOfCi: "one read takes a few microseconds: 2.3 to 2.9 for one code",
    against: "one prepared SELECT of libsql by the same key; ours through the same library",
    open: () => compareColdReads(through()),
  },
  {
    name: "sqlite.cold_read.client_cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    against: "the same; ours through @libsql/client, which prepares each statement again",
    open: () => compareColdReads(through(false)),
  },
  {
    name: "sqlite.commit_1000_sessions.ratio_vs_better_sqlite3_loop",
    kind: "ratio",
    unit: "ratio",
    needs: "better-sqlite3",
    against: BETTER_SQLITE3,
    open: () => compareCommits({ ...through(), count: SESSIONS, loop: betterSqlite3() }),
  },
  {
    name: "sqlite.one_row_commit.cpu_vs_better_sqlite3",
    kind: "ratio",
    unit: "ratio",
    needs: "better-sqlite3",
    against: BETTER_SQLITE3,
    open: () => compareCommits({ ...through(), count: 1, commits: 50, loop: betterSqlite3() }),
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
