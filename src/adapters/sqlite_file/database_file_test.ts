import fs, {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../../mod.ts";
import type { Backend } from "../../backend/mod.ts";
import { FencedError } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import { FakeClock } from "../../testing/mod.ts";
import type { WriteBehindEvent } from "../../write_behind/mod.ts";
import { openFileBackend } from "./file_backend.ts";
import type { HostFileStat, HostFiles } from "./host_modules.ts";
import { NativeClient } from "./native_client.ts";
import { openSqliteFile } from "./open_files.ts";
import type { SqliteResult } from "./sqlite_client.ts";

let folder: string;
let path: string;
let clock: FakeClock;
let warnings: string[];
const logger: Logger = {
  log: (level, message) => void (level !== "debug" && level !== "info" && warnings.push(message)),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-witness-"));
  path = join(folder, "bot.db");
  clock = new FakeClock();
  warnings = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The host's files, with another answer of `stat` for databases. */
function filesThat(change: (stat: HostFileStat, path: string) => Partial<HostFileStat>): HostFiles {
  const host: HostFiles = fs;
  return {
    statSync: (file, options) => {
      const stat = host.statSync(file, options);
      const { dev, ino, mode, size, mtimeNs, ctimeNs, birthtimeNs } = stat ?? ({} as HostFileStat);
      const copy = { dev, ino, mode, size, mtimeNs, ctimeNs, birthtimeNs };
      return stat && { ...copy, ...change(stat, file) };
    },
    realpathSync: (file) => host.realpathSync(file),
    openSync: (file, flags, mode) => host.openSync(file, flags, mode),
    readSync: (...args) => host.readSync(...args),
    writeSync: (...args) => host.writeSync(...args),
    closeSync: (descriptor) => host.closeSync(descriptor),
  };
}

interface Opening {
  readonly file?: string;
  readonly name?: string;
  readonly files?: HostFiles;
  readonly originalIsStopped?: boolean;
}

async function openBackend(opening: Opening = {}): Promise<Backend> {
  const { file = path, name = "bot", files, originalIsStopped } = opening;
  const connect = (resolved: string): NativeClient => new NativeClient(Database, resolved, 50);
  const driver = await openSqliteFile({ path: file, logger, clock, files, connect, restMs: 1 });
  return await openFileBackend(driver, { account: name, clock, originalIsStopped });
}

/** Number of pairs that were committed since, so that changes of the same account differ. */
let changes = 0;

async function open(opening?: Opening): Promise<Account> {
  return await openAccount({ backend: openBackend(opening), host: { logger }, saverIntervalMs: "manual" });
}

/** A commit, a second later. */
async function change(account: Account): Promise<void> {
  clock.advance(1_500);
  changes += 1;
  await account.store.putSession("1@lid.0", new Uint8Array([changes]));
}

/** Opens an account, changes something, and closes it. @returns The restore epoch. */
async function use(opening?: Opening): Promise<number> {
  const account = await open(opening);
  await change(account);
  await account.close();
  return epochOf(account);
}

function epochOf(account: Account): number {
  return account.signalPolicy.restoreEpoch ?? 0;
}

/** Copies of a closed file, by this process. */
function put(from: string, to: string): void {
  copyFileSync(from, to);
}

function rowOf(file = path): unknown[] {
  const database = new Database(file);
  const rows = database.prepare("SELECT counter, restores FROM holdfast_file").raw().all();
  database.close();
  return rows as unknown[];
}

const isPosix = process.platform !== "win32";

describe("DatabaseFile.check", () => {
  test("raises the epoch of an older copy, once, and says so", async () => {
    await use();
    put(path, `${path}.copy`);
    expect(await use()).toBe(0);
    expect(await use()).toBe(0);
    put(`${path}.copy`, path);
    const account = await open();
    expect(epochOf(account)).toBe(1);
    const events: WriteBehindEvent[] = [];
    account.writeBehind.onEvent((event) => events.push(event));
    expect(events).toEqual([{ kind: "restored", restoreEpoch: 1 }]);
    expect(warnings).toEqual([
      expect.stringContaining("the file is an older or a forked copy"),
      expect.stringContaining("the database is an older copy or a fork"),
    ]);
    await account.close();
    const later = await open();
    expect(epochOf(later)).toBe(1);
    later.writeBehind.onEvent((event) => events.push(event));
    expect(events).toHaveLength(1);
    await later.close();
    expect(warnings).toHaveLength(2);
  });

  test("raises the epoch of a copy that is put back as another file", async () => {
    await use();
    put(path, `${path}.copy`);
    await use();
    rmSync(path);
    renameSync(`${path}.copy`, path);
    expect(await use()).toBe(1);
    expect(await use()).toBe(1);
  });

  test("raises the epoch of a copy that went another way", async () => {
    await use();
    const elsewhere = join(folder, "elsewhere.db");
    put(path, elsewhere);
    const account = await open();
    await account.close();
    const fork = await open({ file: elsewhere });
    await fork.close();
    expect(rowOf(elsewhere)).toEqual(rowOf(path));
    put(elsewhere, path);
    expect(await use()).toBe(1);
  });

  test("raises the epoch again for the next copy, for a caller's epoch too", async () => {
    const account = await openAccount({
      backend: openBackend(),
      host: { logger },
      signal: { restoreEpoch: 3 },
    });
    await account.close();
    put(path, `${path}.copy`);
    for (const expected of [4, 4]) {
      await use();
      put(`${path}.copy`, path);
      expect(await use()).toBe(expected);
      // The copy has the epochs of its time. What it knows of raises is kept in the file alone.
    }
    put(path, `${path}.copy`);
    await use();
    put(`${path}.copy`, path);
    expect(await use()).toBe(5);
    const raised = await openAccount({
      backend: openBackend(),
      host: { logger },
      signal: { restoreEpoch: 4 },
    });
    expect(epochOf(raised)).toBe(6);
    await raised.close();
  });

  test("counts for accounts that are opened later, and not for new ones", async () => {
    await use({ name: "first" });
    await use({ name: "second" });
    put(path, `${path}.copy`);
    await use({ name: "first" });
    put(`${path}.copy`, path);
    expect(await use({ name: "first" })).toBe(1);
    expect(await use({ name: "new" })).toBe(0);
    expect(await use({ name: "second" })).toBe(1);
    expect(await use({ name: "new" })).toBe(0);
    expect(await use({ name: "first" })).toBe(1);
  });

  test("completes a raise whose process was killed before the witness", async () => {
    await use();
    put(path, `${path}.copy`);
    await use();
    put(`${path}.copy`, path);
    const killed = filesThat(() => ({}));
    const backend = openBackend({
      files: {
        ...killed,
        writeSync: () => {
          throw new Error("killed");
        },
      },
    });
    await (await backend).close();
    expect(rowOf()).toEqual([[expect.any(Number), 1]]);
    expect(await use()).toBe(1);
    expect(rowOf()).toEqual([[expect.any(Number), 1]]);
  });

  test("raises nothing for an upgrade, a rename, a missing witness or a moved witness", async () => {
    await use();
    rmSync(`${path}-witness`);
    expect(await use()).toBe(0);
    const renamed = join(folder, "renamed.db");
    renameSync(path, renamed);
    expect(await use({ file: renamed })).toBe(0);
    renameSync(renamed, path);
    expect(await use()).toBe(0);
    renameSync(`${renamed}-witness`, join(folder, "gone"));
    mkdirSync(join(folder, "other"));
    renameSync(path, join(folder, "other", "bot.db"));
    renameSync(`${path}-witness`, join(folder, "other", "bot.db-witness"));
    expect(await use({ file: join(folder, "other", "bot.db") })).toBe(0);
    const old = new Database(join(folder, "other", "bot.db"));
    old.exec("DROP TABLE holdfast_file");
    old.close();
    expect(await use({ file: join(folder, "other", "bot.db") })).toBe(0);
    expect(await use({ file: join(folder, "other", "bot.db") })).toBe(0);
    expect(warnings).toEqual([]);
  });

  test("raises nothing for the same state put back", async () => {
    await use();
    put(path, `${path}.copy`);
    writeFileSync(path, readFileSync(`${path}.copy`));
    expect(await use()).toBe(0);
  });

  test("leaves a file of another program beside the database alone", async () => {
    await use();
    writeFileSync(`${path}-witness`, "notes");
    expect(await use()).toBe(0);
    expect(readFileSync(`${path}-witness`, "utf8")).toBe("notes");
    expect(warnings).toContainEqual(expect.stringContaining("the witness cannot be read"));
  });

  test("completes a witness that was created and not written", async () => {
    await use();
    writeFileSync(`${path}-witness`, "Holdfast");
    await use();
    put(path, `${path}.copy`);
    await use();
    put(`${path}.copy`, path);
    expect(await use()).toBe(1);
  });

  test.each([
    ["whose header was not kept", 0],
    ["of which only a part of the header was kept", 20],
  ])("completes a witness %s by a loss of power", async (_, kept) => {
    await use();
    put(path, `${path}.copy`);
    await use();
    const witness = readFileSync(`${path}-witness`);
    const header = new Uint8Array(witness.subarray(0, 64));
    witness.fill(0, kept, 64);
    writeFileSync(`${path}-witness`, witness);
    put(`${path}.copy`, path);
    expect(await use()).toBe(1);
    expect(warnings).not.toContainEqual(expect.stringContaining("the witness cannot be read"));
    expect(new Uint8Array(readFileSync(`${path}-witness`).subarray(0, 64))).toEqual(header);
  });

  test("completes a witness of zeros", async () => {
    await use();
    writeFileSync(`${path}-witness`, new Uint8Array(9 * 64));
    expect(await use()).toBe(0);
    put(path, `${path}.copy`);
    await use();
    put(`${path}.copy`, path);
    expect(await use()).toBe(1);
  });

  test("reads past a slot that was torn", async () => {
    await use();
    put(path, `${path}.copy`);
    const account = await open();
    for (let n = 0; n < 20; n += 1) await change(account);
    await account.close();
    const witness = readFileSync(`${path}-witness`);
    const newest = (rowOf()[0] as number[])[0] ?? 0;
    witness.fill(0xff, 64 * (1 + (newest % 8)) + 20, 64 * (1 + (newest % 8)) + 40);
    writeFileSync(`${path}-witness`, witness);
    expect(await use()).toBe(0);
    put(`${path}.copy`, path);
    expect(await use()).toBe(1);
  });

  test.runIf(isPosix)("creates a witness that is private to its owner", async () => {
    await use();
    expect(statSync(`${path}-witness`).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}-witness`).size).toBeLessThanOrEqual(9 * 64);
  });

  test("keeps no witness and no row where files have no inodes", async () => {
    const files = filesThat(() => ({ ino: 0n }));
    expect(await use({ files })).toBe(0);
    expect(existsSync(`${path}-witness`)).toBe(false);
    const database = new Database(path);
    expect(database.prepare("SELECT name FROM sqlite_master WHERE name = 'holdfast_file'").all()).toEqual([]);
    database.close();
  });
});

describe("a folder that is copied with its witness", () => {
  const BORN = 1_000_000_000_000_000_000n;
  const DAY = 86_400_000_000_000n;

  /** A file system with birth times: the copy's is much later. Changes are seen by dates that grow. */
  function bornAt(birthOf: (file: string) => bigint): HostFiles {
    return filesThat((_, file) => ({ birthtimeNs: birthOf(file) }));
  }

  const copied = (): string => join(folder, "copy", "bot.db");
  const late = BigInt(Date.now()) * 1_000_000n + DAY;
  const birthOf = (file: string): bigint => (file.includes("copy") ? late : BORN);

  async function copyFolder(files: HostFiles): Promise<void> {
    await use({ files });
    await use({ files });
    mkdirSync(join(folder, "copy"));
    put(path, copied());
    put(`${path}-witness`, `${copied()}-witness`);
  }

  test("is recognised by proven birth times, once", async () => {
    const files = bornAt(birthOf);
    await copyFolder(files);
    expect(await use({ files, file: copied() })).toBe(1);
    expect(await use({ files, file: copied() })).toBe(1);
    expect(await use({ files })).toBe(0);
    expect(warnings).toContainEqual(expect.stringContaining("made with its witness"));
  });

  test("is a move when the original is stopped", async () => {
    const files = bornAt(birthOf);
    await copyFolder(files);
    expect(await use({ files, file: copied(), originalIsStopped: true })).toBe(0);
    expect(await use({ files, file: copied() })).toBe(0);
  });

  test("is an older copy all the same when it is older than the witness", async () => {
    const files = bornAt(birthOf);
    await copyFolder(files);
    await use({ files });
    put(`${path}-witness`, `${copied()}-witness`);
    expect(await use({ files, file: copied(), originalIsStopped: true })).toBe(1);
  });

  test("is not recognised when the file is older than the last opening", async () => {
    const files = bornAt((file) => (file.includes("copy") ? BORN + DAY : BORN));
    await copyFolder(files);
    expect(await use({ files, file: copied() })).toBe(0);
  });

  describe("that another connection reads", () => {
    /** Reads the copy before anything of it is in its log, so that no checkpoint writes the file. */
    function readerOfCopy(): Database.Database {
      const reader = new Database(copied());
      reader.exec("PRAGMA journal_mode = WAL");
      reader.exec("BEGIN");
      reader.prepare("SELECT count(*) FROM holdfast_file").all();
      return reader;
    }

    test("is recognised when the read ends while it is opened", async () => {
      const files = bornAt(birthOf);
      await copyFolder(files);
      const reader = readerOfCopy();
      let checkpoints = 0;
      class CountingClient extends NativeClient {
        override async execute(...args: Parameters<NativeClient["execute"]>): Promise<SqliteResult> {
          if (args[0].sql.includes("wal_checkpoint")) {
            checkpoints += 1;
            if (checkpoints === 3) reader.exec("COMMIT");
          }
          return await super.execute(...args);
        }
      }
      const connect = (resolved: string): NativeClient => new CountingClient(Database, resolved, 50);
      const driver = await openSqliteFile({ path: copied(), logger, clock, files, connect, restMs: 1 });
      const backend = await openFileBackend(driver, { account: "bot", clock });
      const account = await openAccount({ backend, host: { logger }, saverIntervalMs: "manual" });
      expect(epochOf(account)).toBe(1);
      await account.close();
      reader.close();
    });

    test("stays suspected until that is decided, and says so", async () => {
      const files = bornAt(birthOf);
      await copyFolder(files);
      for (let opening = 0; opening < 3; opening += 1) {
        const reader = readerOfCopy();
        const account = await open({ files, file: copied() });
        expect(epochOf(account)).toBe(0);
        expect(warnings).toEqual([expect.stringContaining("may be a copy")]);
        warnings.length = 0;
        for (let n = 0; n < 10; n += 1) await change(account);
        reader.exec("COMMIT");
        // The birth time is proven now, but the copy is not the original for that.
        for (let n = 0; n < 10; n += 1) await change(account);
        await account.close();
        reader.close();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(await use({ files, file: copied() })).toBe(1);
      expect(await use({ files, file: copied() })).toBe(1);
      expect(warnings).toContainEqual(expect.stringContaining("made with its witness"));
    });

    test("is a move when the original is stopped, once that is said", async () => {
      const files = bornAt(birthOf);
      await copyFolder(files);
      const reader = readerOfCopy();
      expect(await use({ files, file: copied() })).toBe(0);
      reader.exec("COMMIT");
      reader.close();
      expect(await use({ files, file: copied(), originalIsStopped: true })).toBe(0);
      await use({ files, file: copied() });
      expect(await use({ files, file: copied() })).toBe(0);
    });
  });

  test.each([
    ["are the date of the last change", (stat: HostFileStat) => ({ birthtimeNs: stat.ctimeNs })],
    ["are 0", () => ({ birthtimeNs: 0n })],
    [
      "are 0 of the copy",
      (_: HostFileStat, file: string) => ({ birthtimeNs: file.includes("copy") ? 0n : BORN }),
    ],
    [
      "were 0 of the original",
      (_: HostFileStat, file: string) => ({ birthtimeNs: file.includes("copy") ? late : 0n }),
    ],
    ["are those of a clock at 1970", () => ({ birthtimeNs: 5n, mtimeNs: 5n, ctimeNs: 5n })],
  ])("is not recognised when birth times %s", async (_, change) => {
    const files = filesThat(change);
    await copyFolder(files);
    expect(await use({ files, file: copied() })).toBe(0);
    expect(await use({ files, file: copied() })).toBe(0);
    expect(warnings).toEqual([]);
  });
});

describe("a file system whose answers change", () => {
  let looks = 0n;
  test.each([
    ["birth time is the last change", (stat: HostFileStat) => ({ birthtimeNs: stat.ctimeNs })],
    ["birth time is 0", () => ({ birthtimeNs: 0n })],
    [
      "inode changes with each look",
      () => {
        looks += 1n;
        return { ino: looks };
      },
    ],
    [
      "device changes with each look",
      () => {
        looks += 1n;
        return { dev: looks };
      },
    ],
    ["clock stands at 1970", () => ({ birthtimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n })],
  ])("raises nothing and refuses no commit when the %s", async (_, answer) => {
    const files = filesThat(answer);
    for (let opening = 0; opening < 5; opening += 1) {
      const account = await open({ files });
      for (let n = 0; n < 20; n += 1) await change(account);
      expect(epochOf(account)).toBe(0);
      await account.close();
    }
    expect(warnings).toEqual([]);
  });

  test("raises nothing when the device and the inode are others after a mount", async () => {
    for (let mount = 1n; mount <= 5n; mount += 1n) {
      const files = filesThat(({ ino }) => ({ dev: 100n + mount, ino: ino + mount }));
      expect(await use({ files })).toBe(0);
    }
    expect(warnings).toEqual([]);
  });

  test("refuses no commit when a single look is wrong", async () => {
    let isWrong = false;
    const files = filesThat(({ ino }) => {
      const wrong = isWrong;
      isWrong = false;
      return { ino: wrong ? ino + 1n : ino };
    });
    const account = await open({ files });
    for (let n = 0; n < 10; n += 1) {
      isWrong = true;
      await change(account);
    }
    await account.close();
  });
});

describe.runIf(isPosix)("a file that changes under an open account", () => {
  test.each([
    ["replaced", () => renameSync(`${path}.copy`, path)],
    ["deleted", () => rmSync(path)],
  ])("fails each later commit when it is %s", async (what, act) => {
    await use();
    put(path, `${path}.copy`);
    const account = await open();
    await change(account);
    act();
    const commit = change(account);
    await expect(commit).rejects.toThrow(FencedError);
    await expect(commit).rejects.toThrow(`the file was ${what} while it was open`);
    // Also when a file with the former inode is back.
    await expect(change(account)).rejects.toThrow(FencedError);
    await account.close();
    expect(warnings).toContainEqual(expect.stringContaining(what));
    expect(existsSync(path)).toBe(what === "replaced");
  });

  test.each([
    ["replaced", () => renameSync(`${path}.copy`, path)],
    ["deleted", () => rmSync(path)],
  ])("is no error when it is %s before a close that commits nothing", async (_, act) => {
    await use();
    put(path, `${path}.copy`);
    const connect = (resolved: string): NativeClient => new NativeClient(Database, resolved, 50);
    const driver = await openSqliteFile({ path, logger, clock, connect, restMs: 1 });
    await driver.file?.check();
    for (let n = 0; n < 2; n += 1)
      await driver.batch([{ sql: "CREATE TABLE IF NOT EXISTS t (n INTEGER)", params: [] }]);
    act();
    await driver.close();
    expect(warnings).toEqual([]);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test("is opened anew beside the account that is stuck", async () => {
    await use();
    put(path, `${path}.copy`);
    const stuck = await open();
    await change(stuck);
    renameSync(`${path}.copy`, path);
    const account = await open();
    expect(epochOf(account)).toBe(1);
    await change(account);
    await expect(change(stuck)).rejects.toThrow(FencedError);
    await stuck.close();
    await change(account);
    await account.close();
    expect(await use()).toBe(1);
  });

  test("leaves no log beside the file that has replaced it", async () => {
    await use();
    put(path, `${path}.copy`);
    const account = await open();
    await change(account);
    renameSync(`${path}.copy`, path);
    await expect(change(account)).rejects.toThrow(FencedError);
    await account.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await use()).toBe(1);
  });
});

describe("raises of the pair", () => {
  test("go with commits, at most once a second", async () => {
    const account = await open();
    await change(account);
    const counter = async (): Promise<number> => {
      const other = new Database(path);
      const [[value] = []] = other.prepare("SELECT counter FROM holdfast_file").raw().all() as number[][];
      other.close();
      return value ?? 0;
    };
    const before = await counter();
    for (let n = 0; n < 50; n += 1) await account.store.putSession("1@lid.0", new Uint8Array([n]));
    expect(await counter()).toBeLessThanOrEqual(before + 1);
    const later = await counter();
    clock.advance(1_000);
    for (let n = 0; n < 50; n += 1) await account.store.putSession("1@lid.0", new Uint8Array([n]));
    expect(await counter()).toBe(later + 1);
    await account.close();
    expect(await counter()).toBe(later + 2);
  });

  test("make a copy of the file alone older, by the commit after a checkpoint", async () => {
    const account = await open();
    await change(account);
    const other = new Database(path);
    other.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
    other.close();
    // No time passes: the checkpoint alone causes the raise.
    await account.store.putSession("1@lid.0", new Uint8Array([1]));
    const main = readFileSync(path);
    await account.close();
    writeFileSync(path, main);
    expect(await use()).toBe(1);
  });

  test("that fail at a close end the connection", async () => {
    let connects = 0;
    let isBusy = false;
    class BusyClient extends NativeClient {
      override async batch(...args: Parameters<NativeClient["batch"]>): Promise<SqliteResult[]> {
        if (!isBusy) return await super.batch(...args);
        isBusy = false;
        throw Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
      }
      override reconnect(): void {
        connects += 1;
        super.reconnect();
      }
    }
    const connect = (resolved: string): NativeClient => new BusyClient(Database, resolved, 50);
    const driver = await openSqliteFile({ path, logger, clock, connect, restMs: 60_000 });
    const backend = await openFileBackend(driver, { account: "bot", clock });
    const account = await openAccount({ backend, host: { logger }, saverIntervalMs: "manual" });
    await change(account);
    // Within the second of the last raise, so that the close has one to make.
    await account.store.putSession("1@lid.0", new Uint8Array([0]));
    isBusy = true;
    connects = 0;
    await account.close();
    expect(isBusy).toBe(false);
    // It is discarded after the failure, and does not rest.
    expect(connects).toBeGreaterThanOrEqual(2);
  });

  test("the file alone has the first device", async () => {
    const account = await open();
    const copy = join(folder, "main.db");
    writeFileSync(copy, readFileSync(path));
    const key = account.device.getDeviceSnapshot().identityKey.publicKey;
    await account.close();
    const alone = await open({ file: copy });
    expect(alone.device.getDeviceSnapshot().identityKey.publicKey).toEqual(key);
    await alone.close();
  });
});
