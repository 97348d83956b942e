/** Sessions of a backend over a file beside a loop over one prepared statement of the same library. */

import { join } from "node:path";
import type { Backend, WriteOf } from "../../src/backend/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import { makeFolder } from "./folder.ts";
import { openLoop, SAME_ROWS, type SqliteLibrary } from "./session_loop.ts";

/** Sessions of a large commit, and of the cold reads. */
export const SESSIONS = 1_000;

const RECORD_BYTES = 1_500;

/**
 * CPU time of turns of single rows. V8 compiles the path of a commit until about 2,000 were made, and a
 * process that runs for days makes that many in its first minutes.
 */
const ROW_CPU_MS = { warmUpCpuMs: 2_000, minCpuMs: 800 };

function addressOf(index: number): string {
  return `${5_511_900_000_000 + index * 7_919}:${(index % 5) + 1}@c.us.0`;
}

type SessionPut = WriteOf<"session.put">;

/** Records that were not written before. */
export function newSessions(count: number, version: number): SessionPut[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: "session.put",
    address: addressOf(index),
    record: new Uint8Array(RECORD_BYTES).fill(version + index),
    lease: { reservedUntil: 64, incarnation: "0123456789abcdef".repeat(2), burned: 0 },
  }));
}

/** The two sides. */
export interface SidesOptions {
  /** Opens the backend over a file. */
  open(path: string): Promise<Backend>;
  /** The library of the loop. Defaults to `libsql`. */
  readonly loop?: SqliteLibrary | undefined;
}

/** Sizes of the commits. */
export interface CommitOptions extends SidesOptions {
  /** Sessions per commit. */
  readonly count: number;
  /** Commits per turn. */
  readonly commits?: number;
}

/** Both sides get prepared rows, write every page to the log, and sync it once per commit. */
export async function compareCommits(options: CommitOptions): Promise<Comparison> {
  const { count, commits = 1, open, loop: library } = options;
  const folder = makeFolder();
  const backend = await open(join(folder.path, "backend.db"));
  const next = { owner: "bench", epoch: 1 };
  await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
  const guard = { owner: "bench", minEpoch: 1, maxEpoch: 1 };
  const loop = openLoop(join(folder.path, "loop.db"), SAME_ROWS, library);
  let version = 0;
  const prepared = (): SessionPut[][] => Array.from({ length: commits }, () => newSessions(count, ++version));
  let writes: SessionPut[][] = [];
  let rows: (readonly unknown[])[][] = [];
  return {
    ...(count === 1 && ROW_CPU_MS),
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
export async function compareColdReads({ open, loop: library }: SidesOptions): Promise<Comparison> {
  const folder = makeFolder();
  const backend = await open(join(folder.path, "backend.db"));
  const loop = openLoop(join(folder.path, "loop.db"), SAME_ROWS, library);
  const sessions = newSessions(SESSIONS, 1);
  await backend.commit(sessions);
  loop.write(sessions.map(({ address, record }) => SAME_ROWS.params(address, record)));
  const select = loop.file.prepare(SAME_ROWS.select);
  const addresses = sessions.map(({ address }) => address);
  const keys = addresses.map((address) => SAME_ROWS.key(address));
  return {
    ...ROW_CPU_MS,
    ours: {
      run: async () => {
        for (const address of addresses) await backend.loadSessionRow(address);
      },
    },
    theirs: {
      run: () => {
        for (const key of keys) select.get(key);
      },
    },
    close: async () => {
      await backend.close();
      loop.file.close();
      folder.remove();
    },
  };
}
