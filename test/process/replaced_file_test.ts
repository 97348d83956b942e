/**
 * A file is replaced while a process has it open, and another process opens the new one. Both know the log by
 * one name. The first process must not delete the log of the second, which would lose its commits.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { nodeSqliteBackend } from "../../src/adapters/node_sqlite/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";

let folder: string;
let path: string;
let other: ChildProcessWithoutNullStreams | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-replaced-"));
  path = join(folder, "bot.db");
});

afterEach(() => {
  other?.kill("SIGKILL");
  other = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the file, commits a row for each line of its input, and answers with a line. */
const WRITER = `
  const Database = require("libsql");
  const database = new Database(process.argv[1]);
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec("CREATE TABLE IF NOT EXISTS other (n INTEGER)");
  process.stdin.on("data", () => {
    database.exec("INSERT INTO other VALUES (1)");
    process.stdout.write("committed");
  });`;

async function commitElsewhere(): Promise<void> {
  other ??= spawn(process.execPath, ["-e", WRITER, path]);
  other.stdin.write("\n");
  await once(other.stdout, "data");
}

async function killOther(): Promise<void> {
  other?.kill("SIGKILL");
  if (other !== undefined) await once(other, "exit");
}

function rowsOfOther(): unknown {
  const database = new Database(path);
  const rows = database.prepare("SELECT count(*) FROM other").raw().all();
  database.close();
  return rows;
}

/** As `rm bot.db*` and `cp backup bot.db`. */
function replace(): void {
  for (const suffix of ["", "-shm", "-wal", "-witness"]) rmSync(path + suffix, { force: true });
  copyFileSync(join(folder, "backup"), path);
}

const adapters: [string, (path: string) => Promise<Backend>][] = [
  ["libsql", async (file) => await libsqlBackend({ url: `file:${file}`, logger: silentLogger })],
];
if (process.getBuiltinModule?.("node:sqlite") !== undefined)
  adapters.push([
    "node:sqlite",
    async (file) => await nodeSqliteBackend({ path: file, logger: silentLogger }),
  ]);

describe.runIf(process.platform !== "win32").each(adapters)(
  "a file that is replaced under %s and opened elsewhere",
  (_, open) => {
    async function opened(): Promise<Account> {
      const account = await openAccount({
        backend: open(path),
        host: { logger: silentLogger },
        saverIntervalMs: "manual",
      });
      await account.store.putSession("1@lid.0", new Uint8Array([1]));
      return account;
    }

    async function replacedUnder(): Promise<Account> {
      await (await opened()).close();
      copyFileSync(path, join(folder, "backup"));
      const account = await opened();
      replace();
      await commitElsewhere();
      return account;
    }

    test("keeps the log of the other process when the first one closes", async () => {
      const account = await replacedUnder();
      const log = statSync(`${path}-wal`).ino;
      await account.close();
      expect(existsSync(`${path}-wal`) && statSync(`${path}-wal`).ino).toBe(log);
      expect(existsSync(`${path}-shm`)).toBe(true);
      await commitElsewhere();
      await killOther();
      expect(rowsOfOther()).toEqual([[2]]);
    });

    test("keeps that log when the first process opens the new file", async () => {
      const stuck = await replacedUnder();
      const account = await opened();
      await stuck.close();
      await account.close();
      await commitElsewhere();
      await killOther();
      expect(rowsOfOther()).toEqual([[2]]);
    });

    test("keeps that log after a commit that was refused", async () => {
      const account = await replacedUnder();
      await expect(account.store.putSession("1@lid.0", new Uint8Array([2]))).rejects.toThrow("replaced");
      await account.close();
      await commitElsewhere();
      await killOther();
      expect(rowsOfOther()).toEqual([[2]]);
    });
  },
);
