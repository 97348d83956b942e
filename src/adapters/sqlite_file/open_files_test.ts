import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../../../test/support/dose.ts";
import { BackendError, CorruptError } from "../../errors/mod.ts";
import { type Logger, silentLogger } from "../../ports/mod.ts";
import type { SqlDriver } from "../sqlite/mod.ts";
import { NativeClient } from "./native_client.ts";
import { openSqliteFile } from "./open_files.ts";

let folder: string;
let path: string;
let connects: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-files-"));
  path = join(folder, "bot.db");
  connects = 0;
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function open(file = path, logger: Logger = silentLogger, restMs?: number): Promise<SqlDriver> {
  return await openSqliteFile({
    path: file,
    logger,
    restMs,
    connect: (resolved) => {
      connects += 1;
      return new NativeClient(Database, resolved, 50);
    },
  });
}

async function run(driver: SqlDriver, ...texts: string[]): Promise<void> {
  await driver.batch(texts.map((sql) => ({ sql, params: [] })));
}

async function writes(...names: string[]): Promise<void> {
  const driver = await open();
  await run(driver, "CREATE TABLE IF NOT EXISTS t (name TEXT)");
  for (const name of names) await run(driver, `INSERT INTO t VALUES ('${name}')`);
  await driver.close();
}

async function names(): Promise<unknown[]> {
  const driver = await open();
  const rows = await driver.query("SELECT name FROM t", []);
  await driver.close();
  return rows.map(([name]) => name);
}

/** Number of this process's descriptors on files of the folder, on Linux. */
function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("openSqliteFile", () => {
  test("reuses the connection of the last close", async () => {
    await writes("a");
    expect(await names()).toEqual(["a"]);
    await writes("b");
    expect(await names()).toEqual(["a", "b"]);
    expect(connects).toBe(1);
    expect(readdirSync(folder)).toEqual(["bot.db"]);
  });

  test("closes a connection that rests for too long", async () => {
    const first = await open(path, silentLogger, 1);
    await run(first, "CREATE TABLE t (name TEXT)");
    await first.close();
    // The host's own timer closes the resting connection.
    await vi.waitUntil(async () => {
      const next = await open();
      await next.query("SELECT name FROM t", []);
      await next.close();
      return connects > 1;
    });
    expect(connects).toBe(2);
  });

  test("opens the new file after the old one was deleted", async () => {
    await writes("old");
    rmSync(path);
    await writes("new");
    expect(await names()).toEqual(["new"]);
    expect(connects).toBe(2);
  });

  test("opens the file that has replaced the old one", async () => {
    await writes("first");
    copyFileSync(path, join(folder, "backup"));
    await writes("second");
    renameSync(join(folder, "backup"), path);
    expect(await names()).toEqual(["first"]);
    await writes("third");
    expect(await names()).toEqual(["first", "third"]);
  });

  test("reads a backup that was copied over the file", async () => {
    await writes("first");
    const backup = readFileSync(path);
    // The file grows, so that its former size would show.
    await writes(...Array.from({ length: 400 }, (_, n) => `${n} ${"x".repeat(500)}`));
    writeFileSync(path, backup);
    expect(await names()).toEqual(["first"]);
    await writes("after");
    expect(await names()).toEqual(["first", "after"]);
    const other = new Database(path);
    expect(other.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    other.close();
  });

  test("shares one connection between spellings and links of a path", async () => {
    const first = await open();
    await run(first, "CREATE TABLE t (name TEXT)");
    symlinkSync(path, join(folder, "link"));
    const second = await open(join(folder, "link"));
    const third = await open(`${folder}/./bot.db`);
    await run(third, "INSERT INTO t VALUES ('a')");
    await first.close();
    await first.close();
    expect(await second.query("SELECT name FROM t", [])).toEqual([["a"]]);
    expect(connects).toBe(1);
    await second.close();
    await third.close();
  });

  test.runIf(existsSync("/proc/self/fd"))(
    "keeps few descriptors however often a file is opened and closed",
    async () => {
      const cycles = dose({ short: 300, long: 10_000 });
      for (const isHeld of [false, true]) {
        const holder = isHeld ? await open() : undefined;
        const before = descriptors();
        let most = 0;
        for (let n = 0; n < cycles; n += 1) {
          await writes();
          most = Math.max(most, descriptors() - before);
        }
        expect(most).toBeLessThan(64);
        await holder?.close();
      }
    },
    DOSED_TIMEOUT_MS,
  );

  test.runIf(existsSync("/proc/self/fd")).each([
    ["integer", "9223372036854775807"],
    ["text", "CAST(x'ff' AS TEXT)"],
  ])("uses up no descriptors for damaged %s that is read again", async (_, damaged) => {
    const driver = await open();
    await run(driver, "CREATE TABLE t (name)", `INSERT INTO t VALUES (${damaged})`);
    const before = descriptors();
    for (let n = 0; n < 50; n += 1)
      await expect(driver.query("SELECT name FROM t", [])).rejects.toThrow(CorruptError);
    expect(descriptors() - before).toBeLessThan(10);
    await driver.close();
  });

  test.runIf(process.platform !== "win32")("creates a file that is private to its owner", async () => {
    await writes("a");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test.runIf(process.platform !== "win32")("leaves a wider mode and warns of it once", async () => {
    await writes("a");
    chmodSync(path, 0o644);
    const warned: string[] = [];
    const logger: Logger = { log: (level, message) => void (level === "warn" && warned.push(message)) };
    for (let n = 0; n < 3; n += 1) await (await open(path, logger)).close();
    expect(warned).toEqual([expect.stringContaining("chmod 600")]);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test("reports a missing folder and creates nothing", async () => {
    const missing = join(folder, "missing", "bot.db");
    await expect(open(missing)).rejects.toThrow(BackendError);
    await expect(open(missing)).rejects.toThrow("the folder of the file does not exist");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("reports a path through a file", async () => {
    writeFileSync(path, "");
    await expect(open(join(path, "bot.db"))).rejects.toThrow("the folder of the file is not a folder");
  });

  test("rejects a folder in place of a file", async () => {
    mkdirSync(path);
    await expect(open()).rejects.toThrow(BackendError);
    await expect(open()).rejects.toThrow("the path is a folder");
  });
});
