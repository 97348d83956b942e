import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Backend, Write } from "../../backend/mod.ts";
import {
  BackendError,
  BusyError,
  CorruptError,
  FencedError,
  IncompatibleError,
  StoreError,
} from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { openSqliteBackend } from "../sqlite/mod.ts";
import { MIGRATIONS } from "../sqlite/schema.ts";
import { FileConnection } from "../sqlite_file/file_connection.ts";
import { NativeClient } from "../sqlite_file/mod.ts";
import type { SqliteClient } from "../sqlite_file/sqlite_client.ts";
import { libsqlBackend } from "./libsql_backend.ts";

const ALICE = "5511999990000@c.us.0";

describe.each([
  { way: "@libsql/client", native: false as const },
  { way: "the native library", native: Database },
])("through $way", ({ native: library }) => {
  let folder: string;
  let path: string;
  let open: Backend[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-libsql-"));
    path = join(folder, "state.db");
    open = [];
  });

  afterEach(async () => {
    for (const backend of open) await backend.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openFile(account = "alice", file = path): Promise<Backend> {
    const backend = await libsqlBackend({ url: `file:${file}`, account, native: library });
    open.push(backend);
    return backend;
  }

  /** A separate connection of the native driver, which has the locks and visibility of another process. */
  function otherProcess(): InstanceType<typeof Database> {
    return new Database(path);
  }

  /** The rows that another process sees, as arrays. */
  function seenBy(process: InstanceType<typeof Database>, sql: string, ...params: unknown[]): unknown[][] {
    return process.prepare(sql).raw(true).all(params) as unknown[][];
  }

  /** Moves the log into the database file, so that the file is complete. */
  function checkpoint(): void {
    const native = otherProcess();
    native.pragma("wal_checkpoint(TRUNCATE)");
    native.close();
  }

  function sessions(count: number, bytes = 1_500): Write[] {
    return Array.from({ length: count }, (_, user) => ({
      kind: "session.put",
      address: `${user}@lid.0`,
      record: new Uint8Array(bytes).fill(user),
    }));
  }

  /** Content of every file in the folder. */
  function contents(): Map<string, string> {
    return new Map(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString("base64")]),
    );
  }

  async function failureOf(call: Promise<unknown>, what = "call"): Promise<StoreError> {
    const outcome = await call.catch((error: unknown) => error);
    expect(outcome, what).toBeInstanceOf(StoreError);
    return outcome as StoreError;
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  test("creates a file with WAL and full synchronisation", async () => {
    const first = await openFile();
    await first.commit(sessions(300));
    const native = otherProcess();
    expect(seenBy(native, "PRAGMA journal_mode")).toEqual([["wal"]]);
    expect(seenBy(native, "PRAGMA page_size")).toEqual([[8_192]]);
    native.close();
    await first.close();
    // After close, the file alone is the whole database.
    expect(statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    const second = await openFile();
    expect(await second.getSession("299@lid.0")).toEqual(new Uint8Array(1_500).fill(299));
  });

  test("throws TypeError for an unknown scheme or an unsupported URL", async () => {
    for (const url of [
      "ftp://host/db",
      "file://elsewhere/a.db",
      "file:a.db?SECRET=1",
      "file:%zz",
      "http://h/?tls=9",
    ]) {
      const error = await libsqlBackend({ url, authToken: "SECRET" }).catch((each: unknown) => each);
      expect(error, url).toBeInstanceOf(TypeError);
      expect(String(error), url).not.toContain("SECRET");
    }
  });

  test("rejects when a file cannot be opened", async () => {
    const error = await failureOf(
      libsqlBackend({ url: `file:${join(folder, "missing", "state.db")}`, native: library }),
    );
    expect(error).toBeInstanceOf(BackendError);
    expect(readdirSync(folder)).toEqual([]);
    const ofFolder = await failureOf(libsqlBackend({ url: `file:${folder}`, native: library }));
    expect(ofFolder).toBeInstanceOf(BackendError);
    expect(ofFolder.message).toBe(
      `open database: the path is a folder, name a file in it: ${JSON.stringify(folder)}`,
    );
  });

  test("rejects a file that is not a database without changing it", async () => {
    for (const text of [
      "hello, world\n".repeat(8),
      "no database at all\n".repeat(1_000),
      "\0".repeat(5_000),
    ]) {
      writeFileSync(path, text);
      const error = await failureOf(libsqlBackend({ url: `file:${path}`, native: library }));
      expect(error, JSON.stringify(text.slice(0, 5))).toBeInstanceOf(IncompatibleError);
      expect(readFileSync(path, "utf8")).toBe(text);
      expect(readdirSync(folder)).toEqual(["state.db"]);
    }
  });

  test("rejects a database of a newer release without changing it", async () => {
    await (await openFile()).commit(sessions(10));
    await open.pop()?.close();
    const native = otherProcess();
    native.exec("UPDATE holdfast_schema SET version = 12, floor = 12");
    native.close();
    checkpoint();
    const before = contents();
    const error = await failureOf(libsqlBackend({ url: `file:${path}`, native: library }));
    expect(error).toBeInstanceOf(IncompatibleError);
    expect(error.message).toBe(`open database: schema 12 is newer than ${MIGRATIONS.length}`);
    expect(contents()).toEqual(before);
  });

  test("uses a database of a newer, compatible release", async () => {
    await (await openFile()).commit(sessions(10));
    await open.pop()?.close();
    const native = otherProcess();
    native.exec("ALTER TABLE session ADD COLUMN reserved INTEGER");
    const newer = MIGRATIONS.length + 1;
    native.exec(`UPDATE holdfast_schema SET version = ${newer}, floor = 2`);
    native.close();
    const backend = await openFile();
    await backend.putSession(ALICE, new Uint8Array([1]));
    expect(await backend.getSession("9@lid.0")).toEqual(new Uint8Array(1_500).fill(9));
    expect((await backend.snapshotDb("newer")).schemaVersion).toBe(newer);
  });

  test("rejects a database of another application without changing it", async () => {
    const native = otherProcess();
    native.exec("CREATE TABLE session (sid TEXT)");
    native.close();
    const before = contents();
    expect(await failureOf(libsqlBackend({ url: `file:${path}`, native: library }))).toBeInstanceOf(
      IncompatibleError,
    );
    expect(contents()).toEqual(before);
  });

  test("rejects with CorruptError for a damaged file", async () => {
    await (await openFile()).commit(sessions(400));
    await open.pop()?.close();
    checkpoint();
    const whole = readFileSync(path);
    const damages: ((file: Buffer) => void)[] = [
      // Truncated between two pages and within one.
      () => truncateSync(path, 8_192 * 20),
      () => truncateSync(path, 8_192 * 20 + 100),
      // Every page after the first one is noise.
      (file) =>
        writeFileSync(
          path,
          Buffer.concat([file.subarray(0, 8_192), Buffer.alloc(file.length - 8_192, 0xa5)]),
        ),
    ];
    for (const [index, damage] of damages.entries()) {
      writeFileSync(path, whole);
      damage(Buffer.from(whole));
      const read = async () => {
        const backend = await openFile();
        for (let user = 0; user < 400; user += 1) {
          const record = await backend.getSession(`${user}@lid.0`);
          if (record === undefined) throw new Error(`session ${user} was read as absent`);
        }
      };
      expect(await failureOf(read(), `damage ${index}`)).toBeInstanceOf(CorruptError);
      await open.pop()?.close();
    }
  });

  test("rejects the whole commit on a full disk, and applies one that fits", async () => {
    const client = connect();
    const connection = new FileConnection(client, "file", { logger: silentLogger });
    const driver = {
      limits: { maxParameters: 32_766, maxSqlBytes: 1_000_000, maxValueBytes: 16_000_000 },
      durable: true,
      query: connection.query.bind(connection),
      batch: connection.batch.bind(connection),
      close: () => connection.close(),
    };
    const backend = await openSqliteBackend(driver, { account: "alice" });
    open.push(backend);
    await backend.commit(sessions(5));
    // Allows a few more pages than there are now.
    const [row] = await connection.query("PRAGMA page_count", []);
    await connection.query(`PRAGMA max_page_count = ${Number(row?.[0]) + 4}`, []);
    const error = await failureOf(backend.commit(sessions(600, 3_000)));
    expect(error).toBeInstanceOf(BackendError);
    expect(error.message).toContain("SQLITE_FULL");
    expect(await backend.getSession("4@lid.0")).toEqual(new Uint8Array(1_500).fill(4));
    expect(await backend.hasSession("5@lid.0")).toBe(false);
    // The new connection has no limit, as if space had been freed.
    expect(await backend.commit(sessions(600, 3_000))).toHaveLength(600);
  });

  test("rejects writes to a read-only database and still reads it", async () => {
    await (await openFile()).commit(sessions(5));
    await open.pop()?.close();
    const client = connect();
    // Simulates a write-protected file or disk, because root ignores write protection.
    const readOnly = {
      ...bind(client),
      reconnect: async () => {
        await client.reconnect();
        await protect();
      },
    };
    const protect = async () => {
      await client.execute({ sql: "PRAGMA query_only = ON", args: [] });
    };
    await protect();
    const connection = new FileConnection(readOnly, "file", { logger: silentLogger });
    const [row] = await connection.query("SELECT count(*) FROM session", []);
    expect(row).toEqual([5]);
    for (let round = 0; round < 2; round += 1) {
      const error = await failureOf(connection.batch([{ sql: "DELETE FROM session", params: [] }]));
      expect(error).toBeInstanceOf(BackendError);
      expect(error.message).toContain("SQLITE_READONLY");
    }
    expect(await connection.query("SELECT count(*) FROM session", [])).toEqual([[5]]);
    await connection.close();
  });

  function connect(): SqliteClient {
    return library === false
      ? createClient({ url: `file:${path}`, concurrency: 1 })
      : new NativeClient(library, path, 50);
  }

  function bind(client: SqliteClient): Pick<SqliteClient, "execute" | "batch" | "close"> {
    return {
      execute: client.execute.bind(client),
      batch: client.batch.bind(client),
      close: client.close.bind(client),
    };
  }

  test("shares one connection between accounts and openings of a file", async () => {
    const link = join(folder, "link.db");
    await openFile();
    symlinkSync(path, link);
    const spellings = [path, link, `${folder}/./state.db`];
    const backends = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        openFile(`account ${index % 4}`, spellings[index % spellings.length]),
      ),
    );
    await Promise.all(
      backends.flatMap((backend, index) =>
        Array.from({ length: 25 }, (_, n) =>
          backend.putSession(`${index}00${n}@lid.0`, new Uint8Array([index, n])),
        ),
      ),
    );
    const native = otherProcess();
    expect(seenBy(native, "SELECT count(*) FROM session")).toEqual([[200]]);
    native.close();
    // Closing one backend keeps the connection of the others.
    await backends[0]?.close();
    expect(await backends[4]?.getSession("40024@lid.0")).toEqual(new Uint8Array([4, 24]));
  });

  test("waits for another writer and loses no commit", async () => {
    const backend = await openFile();
    await backend.commit(sessions(3));
    const native = otherProcess();
    for (let round = 1; round <= 3; round += 1) {
      native.exec("BEGIN IMMEDIATE");
      native.exec("UPDATE holdfast_schema SET version = version");
      const waiting = backend.putSession(ALICE, new Uint8Array([round]));
      await wait(150);
      native.exec("COMMIT");
      await waiting;
      await backend.putSession("next@lid.0", new Uint8Array([round]));
      // Another process sees only committed rows. The connection's own reads would also see uncommitted ones.
      const rows = seenBy(
        native,
        "SELECT hex(record) FROM session WHERE address IN (?, 'next@lid.0')",
        ALICE,
      );
      expect(rows).toEqual([[`0${round}`], [`0${round}`]]);
    }
    native.close();
  });

  test("waits for readers of a file with a rollback journal", async () => {
    const native = otherProcess();
    native.exec("CREATE TABLE notes (id INTEGER)");
    native.exec("BEGIN");
    expect(seenBy(native, "SELECT * FROM notes")).toEqual([]);
    // Switching to WAL needs exclusive access.
    const opening = openFile();
    await wait(150);
    native.exec("COMMIT");
    await (await opening).putSession(ALICE, new Uint8Array([1]));
    expect(seenBy(native, "SELECT count(*) FROM session")).toEqual([[1]]);
    native.close();
  });

  test("keeps a relative path when the process changes its directory", async () => {
    const before = process.cwd();
    const name = "relativ é %41.db";
    try {
      process.chdir(folder);
      const backend = await libsqlBackend({ url: `file:${encodeURIComponent(name)}`, native: library });
      open.push(backend);
      await backend.commit(sessions(2));
      process.chdir(tmpdir());
      // A failed commit reopens the file.
      const guard = { owner: "nobody", minEpoch: 1, maxEpoch: 1 };
      await expect(backend.commit(sessions(1), { guard })).rejects.toThrow(FencedError);
      expect(await backend.hasSession("1@lid.0")).toBe(true);
      expect(existsSync(join(folder, name))).toBe(true);
      expect(existsSync(join(tmpdir(), name))).toBe(false);
    } finally {
      process.chdir(before);
    }
  });

  test("rejects with BusyError when another writer never ends", async () => {
    const backend = await openFile();
    await backend.commit(sessions(3));
    const native = otherProcess();
    native.exec("BEGIN IMMEDIATE");
    expect(await failureOf(backend.putSession(ALICE, new Uint8Array([1])))).toBeInstanceOf(BusyError);
    // Reads do not wait for writers.
    expect(await backend.hasSession("2@lid.0")).toBe(true);
    native.exec("ROLLBACK");
    expect(await backend.hasSession(ALICE)).toBe(false);
    await backend.putSession(ALICE, new Uint8Array([2]));
    expect(seenBy(native, "SELECT count(*) FROM session")).toEqual([[4]]);
    native.close();
  }, 20_000);

  test("commits again after a fenced commit", async () => {
    const backend = await openFile();
    const guard = { owner: "one", minEpoch: 1, maxEpoch: 1 };
    await backend.commit([], {
      guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next: { owner: "one", epoch: 1 } },
    });
    const native = otherProcess();
    for (let round = 1; round <= 50; round += 1) {
      const fenced = backend.commit([{ kind: "session.put", address: ALICE, record: new Uint8Array([0]) }], {
        guard: { ...guard, owner: "two" },
      });
      await expect(fenced).rejects.toThrow(FencedError);
      await backend.commit([{ kind: "session.put", address: ALICE, record: new Uint8Array([round]) }], {
        guard,
      });
      expect(seenBy(native, "SELECT hex(record) FROM session")).toEqual([
        [round.toString(16).padStart(2, "0").toUpperCase()],
      ]);
    }
    native.close();
  });

  test("keeps data in memory through failures, per backend", async () => {
    const [one, two] = [await libsqlBackend({ url: ":memory:" }), await libsqlBackend({ url: ":memory:" })];
    open.push(one, two);
    await one.commit(sessions(2));
    const guard = { owner: "nobody", minEpoch: 1, maxEpoch: 1 };
    await expect(one.commit(sessions(3), { guard })).rejects.toThrow(FencedError);
    await one.putSession(ALICE, new Uint8Array([1]));
    expect(await one.hasSession("1@lid.0")).toBe(true);
    expect(await one.hasSession("2@lid.0")).toBe(false);
    expect(await two.hasSession("1@lid.0")).toBe(false);
    expect(one.capabilities.durableOnResolve).toBe(false);
    expect(existsSync(":memory:")).toBe(false);
  });
});
