/**
 * Closing any descriptor of a file drops all POSIX locks that the process holds on it, those of SQLite too.
 * Another process that opens and closes the database then takes itself for the only one and deletes the log,
 * and commits of the living connection go into a deleted file. The first test shows the fault with the bare
 * library; the others show that nothing in the package does it, at any moment of an account's life.
 */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { nodeSqliteBackend } from "../../src/adapters/node_sqlite/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-locks-"));
  path = join(folder, "bot.db");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Another process opens the database, reads it, and closes it. @returns The answer to its query. */
function elsewhere(sql: string): unknown {
  const program = `
    const Database = require("libsql");
    const database = new Database(process.argv[1]);
    const answer = database.prepare(process.argv[2]).raw().all();
    database.close();
    process.stdout.write(JSON.stringify(answer));`;
  return JSON.parse(execFileSync(process.execPath, ["-e", program, path, sql], { encoding: "utf8" }));
}

/** POSIX locks belong to the process. Windows has others. */
const hasPosixLocks = process.platform !== "win32";

describe.runIf(hasPosixLocks)("a descriptor of the database that is closed", () => {
  test("loses later commits once another process has opened the file", () => {
    const database = new Database(path);
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("CREATE TABLE t (n INTEGER)");
    database.exec("INSERT INTO t VALUES (1)");
    const count = "SELECT count(*) FROM t";
    expect(elsewhere(count)).toEqual([[1]]);
    expect(existsSync(`${path}-wal`)).toBe(true);
    closeSync(openSync(path, "r"));
    expect(elsewhere(count)).toEqual([[1]]);
    expect(existsSync(`${path}-wal`)).toBe(false);
    database.exec("INSERT INTO t VALUES (2)");
    expect(elsewhere(count)).toEqual([[1]]);
    database.close();
  });
});

type Open = (account: string) => Promise<Backend>;

const WAYS: (readonly [name: string, open: Open])[] = [
  ["libsql", (account) => libsqlBackend({ url: `file:${path}`, account, logger: silentLogger })],
  [
    "@libsql/client",
    (account) => libsqlBackend({ url: `file:${path}`, account, native: false, logger: silentLogger }),
  ],
];
// On the versions of Node that have the module.
if (process.getBuiltinModule("node:sqlite") !== undefined) {
  WAYS.push(["node:sqlite", (account) => nodeSqliteBackend({ path, account, logger: silentLogger })]);
}

describe.runIf(hasPosixLocks).each(WAYS)("an account over %s", (_, open) => {
  test("keeps its log when another process opens and closes the file", async () => {
    const record = (n: number): Uint8Array => new Uint8Array([n]);
    const account = await openAccount({ backend: open("bot"), host: { logger: silentLogger } });
    let committed = 0;
    const sessions = "SELECT count(*) FROM session";
    const log = statSync(`${path}-wal`).ino;
    const check = async (): Promise<void> => {
      // The log of a living connection stays, and what is committed after it is seen.
      elsewhere(sessions);
      expect(statSync(`${path}-wal`).ino).toBe(log);
      committed += 1;
      await account.store.putSession(`${committed}@lid.0`, record(committed));
      expect(elsewhere(sessions)).toEqual([[committed]]);
    };
    await check();
    const second = await openAccount({ backend: open("second"), host: { logger: silentLogger } });
    await check();
    account.health();
    await account.store.listAccounts();
    await account.store.snapshotDb("test");
    await check();
    second.device.processCommand({ kind: "setPushName", pushName: "second" });
    await second.close();
    await check();
    await (await open("third")).close();
    await check();
    await account.close();
    expect(elsewhere(sessions)).toEqual([[committed]]);
  });
});
