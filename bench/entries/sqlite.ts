import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import type { Write, WriteOf } from "../../src/backend/mod.ts";
import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";
import { type BenchEntry, ratio } from "../bench.ts";
import type { RowsWritten } from "../durable_object_rows.ts";

const SESSIONS = 1_000;
const RECORD_BYTES = 1_500;

type SessionPut = WriteOf<"session.put">;

function sessions(): SessionPut[] {
  return Array.from({ length: SESSIONS }, (_, index) => ({
    kind: "session.put",
    address: `${5_511_900_000_000 + index * 7_919}:${(index % 5) + 1}@c.us.0`,
    record: new Uint8Array(RECORD_BYTES).map((_byte, at) => index * 31 + at * 17),
  }));
}

/** The same sessions by the native driver alone: one statement, prepared once, in one transaction. */
function preparedLoop(path: string, writes: readonly SessionPut[]): () => void {
  const db = new Database(path);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE session (address TEXT PRIMARY KEY, record BLOB NOT NULL)");
  const put = db.prepare(
    "INSERT INTO session (address, record) VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET record = excluded.record",
  );
  return () => {
    db.exec("BEGIN IMMEDIATE");
    for (const { address, record } of writes) put.run([address, record]);
    db.exec("COMMIT");
  };
}

/** Both sides write every page to the log and sync it, once per commit. */
async function commitRatio(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    const backend = await libsqlBackend({ url: `file:${join(folder, "backend.db")}` });
    const next = { owner: "bench", epoch: 1 };
    await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
    const guard = { owner: "bench", minEpoch: 1, maxEpoch: 1 };
    const writes = sessions();
    const loop = preparedLoop(join(folder, "loop.db"), writes);
    let version = 0;
    const changed = (): readonly Write[] => {
      version += 1;
      for (const { record } of writes) record[0] = version;
      return writes;
    };
    const value = await ratio(
      () => backend.commit(changed(), { guard }),
      () => {
        changed();
        loop();
      },
      // Long enough for each to fold its log several times: the two do it at different commits.
      { rounds: 21, minMs: 120 },
    );
    await backend.close();
    return value;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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

export const entries: readonly BenchEntry[] = [
  {
    name: "sqlite.commit_1000_sessions.ratio_vs_prepared_loop",
    unit: "ratio",
    limit: { max: 1 },
    against:
      "a prepared loop in one transaction on a plain table, same native driver, journal and sync settings",
    run: commitRatio,
  },
  {
    name: "sqlite.rows_per_session_upsert",
    unit: "rows",
    limit: { max: 1 },
    against: "rows written as a Durable Object counts them, index entries included",
    run: async () => (await measureRows()).perSessionUpsert,
  },
  {
    name: "fencing.rows_written_per_commit",
    unit: "rows",
    limit: { max: 0 },
    against: "the same commit without a guard",
    run: async () => (await measureRows()).perGuard,
  },
];
