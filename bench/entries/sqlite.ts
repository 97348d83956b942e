import { join } from "node:path";
import Database from "libsql";
import { type LibsqlBackendOptions, libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import type { WriteOf } from "../../src/backend/mod.ts";
import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";
import type { RowsWritten } from "../durable_object_rows.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { makeFolder } from "../support/folder.ts";
import { openLoop, SAME_ROWS, type SqliteLibrary } from "../support/session_loop.ts";

const SESSIONS = 1_000;
const RECORD_BYTES = 1_500;

function addressOf(index: number): string {
  return `${5_511_900_000_000 + index * 7_919}:${(index % 5) + 1}@c.us.0`;
}

type SessionPut = WriteOf<"session.put">;

/** Records that were never written before. */
function newSessions(count: number, version: number): SessionPut[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: "session.put",
    address: addressOf(index),
    record: new Uint8Array(RECORD_BYTES).fill(version + index),
    lease: { reservedUntil: 64, incarnation: "0123456789abcdef".repeat(2), burned: 0 },
  }));
}

interface CommitOptions {
  /** Sessions of a commit. */
  readonly count: number;
  /** Commits of a turn. */
  readonly commits?: number;
  readonly native?: LibsqlBackendOptions["native"];
  readonly loop?: SqliteLibrary;
}

/** Both sides are given rows that are made before, write every page to the log and sync it once for each commit. */
async function commits({ count, commits = 1, native, loop: library }: CommitOptions): Promise<Comparison> {
  const folder = makeFolder();
  const url = `file:${join(folder.path, "backend.db")}`;
  const backend = await libsqlBackend({ url, ...(native && { native }) });
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

/** Rows written as a Durable Object counts them, measured once for all entries. */
let rowsWritten: Promise<RowsWritten> | undefined;

function measureRows(): Promise<RowsWritten> {
  rowsWritten ??= askDurableObject();
  return rowsWritten;
}

async function askDurableObject(): Promise<RowsWritten> {
  const miniflare = startLocalWorker({
    script: await bundleWorker("bench/durable_object_rows.ts"),
    durableObjects: { ROWS: "RowCounter" },
  });
  try {
    const response = await miniflare.dispatchFetch("http://bench/");
    if (!response.ok) throw new Error(`count rows: the object failed: ${await response.text()}`);
    return (await response.json()) as RowsWritten;
  } finally {
    await miniflare.dispose();
  }
}

const LOOP =
  "one prepared statement of libsql in a loop, in one transaction: same rows, key, page size, journal and sync settings";
const NATIVE = `${LOOP}; ours through the same library`;
const CLIENT = `${LOOP}; ours through @libsql/client, which prepares each statement anew`;

export const entries: readonly BenchEntry[] = [
  {
    name: "sqlite.commit_1000_sessions.ratio_vs_prepared_loop",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1 },
    against: NATIVE,
    open: () => commits({ count: SESSIONS, native: Database }),
  },
  {
    name: "sqlite.commit_1000_sessions.client_ratio_vs_prepared_loop",
    kind: "ratio",
    unit: "ratio",
    against: CLIENT,
    open: () => commits({ count: SESSIONS }),
  },
  {
    name: "sqlite.commit_1_session.ratio_vs_prepared_loop",
    kind: "ratio",
    unit: "ratio",
    against: NATIVE,
    open: () => commits({ count: 1, commits: 50, native: Database }),
  },
  {
    name: "sqlite.commit_1_session.client_ratio_vs_prepared_loop",
    kind: "ratio",
    unit: "ratio",
    against: CLIENT,
    open: () => commits({ count: 1, commits: 50 }),
  },
  {
    name: "sqlite.rows_per_session_upsert",
    kind: "count",
    unit: "rows",
    limit: { max: 1 },
    against: "rows written as a Durable Object counts them, index entries included",
    run: async () => (await measureRows()).perSessionUpsert,
  },
  {
    name: "fencing.rows_written_per_commit",
    kind: "count",
    unit: "rows",
    limit: { max: 0 },
    against: "the same commit without a guard",
    run: async () => (await measureRows()).perGuard,
  },
];
