import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CorruptError } from "../../errors/mod.ts";
import { NativeClient, type NativeDatabase, type NativeStatement } from "./native_client.ts";

let folder: string;
let client: NativeClient;

/** The prepared statements, in order. */
const prepared: string[] = [];

/** The native library, which records prepared statements. */
class NotingDatabase implements NativeDatabase {
  readonly #database: InstanceType<typeof Database>;

  constructor(path: string, options: { readonly timeout: number }) {
    this.#database = new Database(path, options);
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  get open(): boolean {
    return this.#database.open;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): NativeStatement {
    prepared.push(sql);
    return this.#database.prepare(sql);
  }

  close(): void {
    this.#database.close();
  }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-native-"));
  client = new NativeClient(NotingDatabase, join(folder, "state.db"), 50);
  await run("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)");
  prepared.length = 0;
});

afterEach(() => {
  client.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(sql: string, ...args: (string | number | null | Uint8Array)[]) {
  return await client.execute({ sql, args });
}

function manyRows(first: number): { sql: string; args: number[] } {
  const args = Array.from({ length: 200 }, (_, n) => first + n);
  return { sql: `INSERT INTO t (a) VALUES ${args.map(() => "(?)").join(",")}`, args };
}

describe("NativeClient", () => {
  test("prepares each statement once", async () => {
    for (let n = 0; n < 3; n += 1) {
      await client.batch([manyRows(n * 1_000)], "write");
      await run("SELECT count(*) FROM t");
    }
    expect(prepared.filter((sql) => sql.startsWith("INSERT"))).toHaveLength(1);
    expect(prepared.filter((sql) => sql.startsWith("SELECT"))).toHaveLength(1);
    expect((await run("SELECT count(*) FROM t")).rows).toEqual([[600]]);
  });

  test("keeps the 256 most recently used statements prepared", async () => {
    const select = (n: number) => `SELECT ${n}`;
    for (let n = 0; n < 300; n += 1) expect((await run(select(n))).rows).toEqual([[n]]);
    prepared.length = 0;
    for (let n = 299; n >= 300 - 256; n -= 1) await run(select(n));
    expect(prepared).toEqual([]);
    await run(select(0));
    expect(prepared).toEqual([select(0)]);
  });

  test("reuses statements after failures, schema changes and reconnects", async () => {
    await client.batch([manyRows(0)], "write");
    // The second statement conflicts with existing rows, so the first is rolled back too.
    await expect(client.batch([manyRows(1_000), manyRows(0)], "write")).rejects.toMatchObject({
      statementIndex: 1,
      code: expect.stringMatching(/^SQLITE_CONSTRAINT/),
    });
    expect((await run("SELECT count(*) FROM t")).rows).toEqual([[200]]);
    await run("ALTER TABLE t ADD COLUMN c TEXT");
    await client.batch([manyRows(2_000)], "write");
    client.reconnect();
    await client.batch([manyRows(3_000)], "write");
    expect((await run("SELECT count(*) FROM t")).rows).toEqual([[600]]);
  });

  test("keeps values, and rejects integers that a number cannot hold", async () => {
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    await run(
      "INSERT INTO t VALUES (?, ?), (?, ?), (?, NULL)",
      1,
      view,
      2,
      new Uint8Array(0),
      Number.MAX_SAFE_INTEGER,
    );
    const { rows } = await run("SELECT a, b FROM t ORDER BY a");
    expect(
      rows.map((row) => Array.from(row, (cell) => (cell instanceof Uint8Array ? [...cell] : cell))),
    ).toEqual([
      [1, [1, 2]],
      [2, []],
      [Number.MAX_SAFE_INTEGER, null],
    ]);
    await run("UPDATE t SET a = a + 2 WHERE a > 5");
    await expect(run("SELECT a FROM t ORDER BY a")).rejects.toThrow(CorruptError);
  });

  test("reads the first row alone, and ends the statement", async () => {
    await client.batch([manyRows(0)], "write");
    const first = async (sql: string): Promise<unknown[]> => {
      return [...(await client.execute({ sql, args: [], onlyFirst: true })).rows];
    };
    expect(await first("SELECT a FROM t ORDER BY a")).toEqual([[0]]);
    expect(await first("SELECT a FROM t WHERE a = -1")).toEqual([]);
    const other = new Database(join(folder, "state.db"));
    other.exec("PRAGMA journal_mode = WAL");
    expect(await first("SELECT a FROM t ORDER BY a DESC")).toEqual([[199]]);
    const failing = "SELECT json(b) FROM t WHERE a = ?";
    await run("INSERT INTO t VALUES (2000, 'no JSON'), (2001, '1')");
    const json = (a: number) => client.execute({ sql: failing, args: [a], onlyFirst: true });
    await expect(json(2000)).rejects.toThrow("malformed JSON");
    expect((await json(2001)).rows).toEqual([["1"]]);
    await run("DELETE FROM t WHERE a >= 2000");
    // A statement that is still running would keep the state of before, and hold up the checkpoint.
    other.exec("INSERT INTO t (a) VALUES (1000)");
    expect(await first("SELECT a FROM t ORDER BY a DESC")).toEqual([[1000]]);
    expect(other.prepare("PRAGMA wal_checkpoint(TRUNCATE)").raw(true).all([])).toEqual([[0, 0, 0]]);
    other.close();
  });

  test("does not open again after close", async () => {
    client.close();
    await expect(run("SELECT 1")).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
    await expect(client.batch([manyRows(0)], "write")).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
  });
});
