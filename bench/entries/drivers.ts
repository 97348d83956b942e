/** What each driver of files costs beside the bare library. */

import { betterSqlite3Backend } from "../../src/adapters/better_sqlite3/mod.ts";
import { bunSqliteBackend } from "../../src/adapters/bun_sqlite/mod.ts";
import { nodeSqliteBackend } from "../../src/adapters/node_sqlite/mod.ts";
import type { BenchEntry, RatioEntry } from "../harness/entry.ts";
import { betterSqlite3 } from "../support/better_sqlite3.ts";
import { runtimeSqlite } from "../support/runtime_sqlite.ts";
import { compareColdReads, compareCommits, type SidesOptions } from "../support/session_comparison.ts";

interface Driver extends Pick<RatioEntry, "needs" | "runtime"> {
  /** The first part of the names of its entries. */
  readonly name: string;
  /** The bare library. */
  readonly against: string;
  /** Both sides. Called where the driver is measured. */
  sides(): SidesOptions;
}

const nodeSqlite = (): SidesOptions => ({
  open: (path) => nodeSqliteBackend({ path }),
  loop: runtimeSqlite("node:sqlite"),
});

const DRIVERS: readonly Driver[] = [
  {
    name: "better_sqlite3",
    against: "better-sqlite3",
    needs: "better-sqlite3",
    sides: () => {
      const library = betterSqlite3();
      return { open: (path) => betterSqlite3Backend({ path, library: library as never }), loop: library };
    },
  },
  { name: "node_sqlite_22", against: "node:sqlite of Node 22", runtime: "node 22", sides: nodeSqlite },
  { name: "node_sqlite_24", against: "node:sqlite of Node 24", runtime: "node 24", sides: nodeSqlite },
  {
    name: "bun_sqlite",
    against: "bun:sqlite",
    runtime: "bun",
    sides: () => ({ open: (path) => bunSqliteBackend({ path }), loop: runtimeSqlite("bun:sqlite") }),
  },
];

export const entries: readonly BenchEntry[] = DRIVERS.flatMap(
  ({ name, against, sides, ...where }): RatioEntry[] => [
    {
      ...where,
      name: `${name}.one_row_commit.cpu_vs_bare`,
      kind: "ratio",
      unit: "ratio",
      limit: { max: 1.8 },
      leftOutOfCi: "most of its CPU time is that of fsync",
      against: `one prepared statement of ${against} in a transaction: same rows, key, page size, journal and sync settings`,
      open: () => compareCommits({ ...sides(), count: 1, commits: 50 }),
    },
    {
      ...where,
      name: `${name}.cold_read.cpu_vs_bare`,
      kind: "ratio",
      unit: "ratio",
      limit: { max: 2.2 },
      leftOutOfCi: "one read takes a few microseconds",
      against: `one prepared SELECT of ${against} by the same key`,
      open: () => compareColdReads(sides()),
    },
  ],
);
