import { existsSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import type { Sealing } from "../../src/backend/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { SQLITE_PROVIDES } from "./libsql_http.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/**
 * A file in its own folder. A crash continues with a copy of the files, like those of a killed process, which
 * cannot write its log back into the database.
 */
export function fileTarget(
  name: string,
  open: (path: string) => Promise<SqlDriver>,
  sealing?: Sealing,
): ConformanceTarget {
  return {
    name,
    provides: SQLITE_PROVIDES,
    async create() {
      const folder = await mkdtemp(join(tmpdir(), "holdfast-kit-"));
      let path = join(folder, "0.db");
      let crashes = 0;
      return new SqliteHarness({
        ...(sealing && { sealing }),
        connect: () => open(path),
        async afterCrash() {
          crashes += 1;
          const next = join(folder, `${crashes}.db`);
          // The log is copied first: if a connection that is being collected checkpoints it now, the
          // database has its content. Before the first commit there may be no log, or no file at all.
          for (const suffix of ["-wal", ""]) {
            if (existsSync(path + suffix)) await copyFile(path + suffix, next + suffix);
          }
          path = next;
        },
        remove: () => rm(folder, { recursive: true, force: true }),
      });
    },
  };
}
