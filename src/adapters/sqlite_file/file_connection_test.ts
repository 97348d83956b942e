import { describe, expect, test } from "vitest";
import { BackendError, BusyError, CorruptError } from "../../errors/mod.ts";
import { type Scheduler, silentLogger } from "../../ports/mod.ts";
import { FileConnection } from "./file_connection.ts";
import { BusyRetry } from "./retry_busy.ts";
import type { SqliteClient, SqliteResult, SqliteStatement } from "./sqlite_client.ts";

/** Runs each task as soon as it is scheduled, so that waits take no time. */
class ImpatientScheduler implements Scheduler {
  readonly #tasks = new Map<string, () => Promise<void>>();

  register(name: string, task: () => Promise<void>): () => void {
    this.#tasks.set(name, task);
    return () => this.#tasks.delete(name);
  }

  schedule(name: string): void {
    void this.#tasks.get(name)?.();
  }

  cancel(): void {}
}

const OPTIONS = {
  logger: silentLogger,
  retry: new BusyRetry({ logger: silentLogger, scheduler: new ImpatientScheduler() }),
};

/**
 * A connection to a file, which forgets its settings when it is opened again.
 */
class FakeClient implements SqliteClient {
  readonly log: string[] = [];
  /** Errors of the next calls, in order. `undefined` lets a call succeed. */
  readonly faults: (Error | undefined)[] = [];
  /** Errors of the next statements with a text. */
  readonly refused = new Map<string, Error>();
  /** The rows of queries. */
  rows: SqliteResult["rows"] = [];
  #running = 0;

  async execute({ sql }: SqliteStatement): Promise<SqliteResult> {
    this.log.push(sql);
    const fault = this.refused.get(sql);
    this.refused.delete(sql);
    if (fault !== undefined) throw fault;
    const mode = /^PRAGMA journal_mode(?: = (\w+))?$/.exec(sql);
    if (mode !== null) return { rows: [[(mode[1] ?? "wal").toLowerCase()]], rowsAffected: 0 };
    return { rows: structuredClone(this.rows), rowsAffected: 0 };
  }

  async batch(statements: SqliteStatement[]): Promise<SqliteResult[]> {
    this.#running += 1;
    if (this.#running > 1) throw new Error("two operations on one connection");
    this.log.push(`batch ${statements.map(({ sql }) => sql).join()}`);
    await Promise.resolve();
    this.#running -= 1;
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
    return statements.map(() => ({ rows: [], rowsAffected: 1 }));
  }

  async reconnect(): Promise<void> {
    this.log.push("reconnect");
  }

  close(): void {
    this.log.push("close");
  }
}

const SETTINGS = ["PRAGMA synchronous = FULL", "PRAGMA fullfsync = ON", "PRAGMA cache_size = -16384"];
const FIRST_WRITE = ["PRAGMA page_size = 8192", "PRAGMA journal_mode = WAL"];
const BUSY = Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });

function statement(sql: string): { sql: string; params: [] } {
  return { sql, params: [] };
}

describe("FileConnection", () => {
  test("makes settings before use, and changes a file at the first write", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "file", OPTIONS);
    await connection.query("SELECT 1", []);
    expect(client.log).toEqual([...SETTINGS, "SELECT 1"]);
    client.log.length = 0;
    await connection.batch([statement("a")]);
    await connection.batch([statement("b")]);
    expect(client.log).toEqual([...FIRST_WRITE, "batch a", "batch b"]);
  });

  test("discards a connection after SQLITE_BUSY", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "file", OPTIONS);
    await connection.batch([statement("first")]);
    client.log.length = 0;
    client.faults.push(BUSY, BUSY);
    await Promise.all([connection.batch([statement("a")]), connection.query("SELECT 1", [])]);
    expect(client.log).toEqual([
      "batch a",
      "reconnect",
      ...SETTINGS,
      "batch a",
      "reconnect",
      ...SETTINGS,
      "batch a",
      "SELECT 1",
    ]);
  });

  test("discards a connection after another failure without a retry", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "file", OPTIONS);
    await connection.batch([statement("first")]);
    client.log.length = 0;
    client.faults.push(Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR" }));
    await expect(connection.batch([statement("a")])).rejects.toThrow(BackendError);
    await connection.batch([statement("b")]);
    expect(client.log).toEqual(["batch a", "reconnect", ...SETTINGS, "batch b"]);
  });

  test("discards a connection whose checkpoint failed", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "file", OPTIONS);
    await connection.batch([statement("first")]);
    client.log.length = 0;
    client.refused.set("PRAGMA wal_checkpoint(TRUNCATE)", BUSY);
    await connection.checkpoint();
    await connection.batch([statement("a")]);
    expect(client.log).toEqual(["PRAGMA wal_checkpoint(TRUNCATE)", "reconnect", ...SETTINGS, "batch a"]);
  });

  test("discards a connection that cannot remove its log, and does not rest", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "file", OPTIONS);
    await connection.batch([statement("first")]);
    expect(await connection.rest()).toBe(true);
    await connection.batch([statement("second")]);
    client.log.length = 0;
    client.refused.set("PRAGMA journal_mode = DELETE", BUSY);
    expect(await connection.rest()).toBe(false);
    expect(client.log).toEqual([
      "PRAGMA journal_mode = DELETE",
      "reconnect",
      ...SETTINGS,
      "PRAGMA wal_checkpoint(TRUNCATE)",
    ]);
  });

  test("does not rest when it cannot read the mode of the file", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "file", OPTIONS);
    await connection.query("SELECT 1", []);
    client.log.length = 0;
    client.refused.set("PRAGMA journal_mode", BUSY);
    expect(await connection.rest()).toBe(false);
    expect(client.log).toEqual(["PRAGMA journal_mode", "reconnect"]);
  });

  test("keeps a connection that has read damaged text", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "file", OPTIONS);
    client.rows = [[new Uint8Array([0xff]), 1]];
    for (let n = 0; n < 3; n += 1)
      await expect(connection.query("SELECT name FROM t", [])).rejects.toThrow(CorruptError);
    expect(client.log).not.toContain("reconnect");
  });

  test("never reconnects to memory, which would empty it", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "memory", OPTIONS);
    client.faults.push(new Error("broken"));
    await expect(connection.batch([statement("a")])).rejects.toThrow();
    await connection.batch([statement("b")]);
    expect(client.log).toEqual(["batch a", "batch b"]);
  });

  test("runs one operation at a time, and close waits for earlier ones", async () => {
    const client = new FakeClient();
    const connection = new FileConnection(client, "file", OPTIONS);
    const batches = Array.from({ length: 20 }, (_, index) => connection.batch([statement(String(index))]));
    await connection.close();
    await Promise.all(batches);
    expect(client.log.filter((entry) => entry.startsWith("batch"))).toHaveLength(20);
    expect(client.log.slice(-2)).toEqual(["PRAGMA wal_checkpoint(TRUNCATE)", "close"]);
  });

  test("rejects with BusyError when the database stays busy", async () => {
    const client = new FakeClient();
    client.faults.push(...Array<Error>(100).fill(BUSY));
    const connection = new FileConnection(client, "file", OPTIONS);
    await expect(connection.batch([statement("a")])).rejects.toThrow(BusyError);
  });
});
