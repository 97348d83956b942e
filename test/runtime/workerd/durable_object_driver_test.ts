import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { durableObjectBackend, durableObjectDriver } from "../../../src/adapters/durable_object/mod.ts";
import type { SqlDriver, SqlValue } from "../../../src/adapters/sqlite/mod.ts";
import { BackendError, FencedError, RefusedError } from "../../../src/errors/mod.ts";
import type { TestStorage } from "./objects.ts";

/** Runs a test inside an object of its own. */
function inObject(name: string, run: (driver: SqlDriver, storage: TestStorage) => Promise<void>): void {
  test(name, () =>
    runInDurableObject(env.OBJECTS.get(env.OBJECTS.idFromName(name)), (_instance, { storage }) =>
      run(durableObjectDriver(storage), storage),
    ),
  );
}

const CREATE = { sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", params: [] };

describe("durableObjectDriver", () => {
  inObject("rejects statements beyond a limit of the platform", async (driver) => {
    await driver.batch([CREATE]);
    const fine = { sql: "INSERT INTO t (id) VALUES (1)", params: [] };
    const tooMany = Array<SqlValue>(101).fill(1);
    const exceeding: [sql: string, params: SqlValue[]][] = [
      [`INSERT INTO t (v) VALUES ${tooMany.map(() => "(?)").join(",")}`, tooMany],
      [`INSERT INTO t (v) VALUES (1) --${"x".repeat(100_000)}`, []],
      ["INSERT INTO t (v) VALUES (?)", [new Uint8Array(2_000_001)]],
      ["INSERT INTO t (v) VALUES (?)", ["x".repeat(2_000_001)]],
      ["INSERT INTO t (v) VALUES (?)", ["\uffff".repeat(700_000)]],
    ];
    for (const [sql, params] of exceeding) {
      const error = await driver.batch([fine, { sql, params }]).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RefusedError);
      expect(error).toMatchObject({ writeIndex: 1, message: expect.stringMatching(/^bind statement: /) });
      await expect(driver.query(sql, params)).rejects.toBeInstanceOf(RefusedError);
    }
    expect(await driver.query("SELECT count(*) FROM t", [])).toEqual([[0]]);
  });

  inObject("accepts statements at the limits", async (driver) => {
    await driver.batch([CREATE]);
    const params = Array<SqlValue>(100).fill(7);
    const list = params.map(() => "(?)").join(",");
    const padding = (sql: string): string => `${sql} --${"x".repeat(100_000 - sql.length - 3)}`;
    const longest = new Uint8Array(driver.limits.maxValueBytes).fill(3);
    const [many] = await driver.batch([
      { sql: padding(`INSERT INTO t (v) VALUES ${list}`), params },
      { sql: "INSERT INTO t (id, v) VALUES (1000, ?)", params: [longest] },
    ]);
    expect(many?.rowsAffected).toBe(100);
    const rows = await driver.query("SELECT v FROM t WHERE id = 1000", []);
    const stored = rows[0]?.[0] as Uint8Array;
    expect([stored.length, stored.every((byte) => byte === 3)]).toEqual([longest.length, true]);
  });

  inObject("keeps bytes of a view, text, fractions and 53-bit integers", async (driver) => {
    await driver.batch([CREATE]);
    const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
    const values: SqlValue[] = [view, new Uint8Array(), "18446744073709551615", "", 0.5, null];
    for (const value of values) {
      await driver.batch([{ sql: "INSERT INTO t (v) VALUES (?)", params: [value] }]);
    }
    expect((await driver.query("SELECT v FROM t ORDER BY id", [])).map(([value]) => value)).toEqual(values);
    const most = Number.MAX_SAFE_INTEGER;
    await driver.batch([{ sql: "INSERT INTO t (id) VALUES (?)", params: [most] }]);
    expect(await driver.query("SELECT id, typeof(id) FROM t WHERE id = ?", [most])).toEqual([
      [most, "integer"],
    ]);
  });

  inObject("rejects a bigint and a boolean", async (driver) => {
    for (const value of [1n, true]) {
      await expect(driver.query("SELECT ?", [value as never])).rejects.toBeInstanceOf(TypeError);
      await expect(driver.batch([{ sql: "SELECT ?", params: [value as never] }])).rejects.toBeInstanceOf(
        TypeError,
      );
    }
  });

  inObject("runs a batch as one transaction and leaves no table locked", async (driver) => {
    await driver.batch([CREATE]);
    const insert = { sql: "INSERT INTO t (id) VALUES (1), (2)", params: [] };
    const guard = { sql: "SELECT CASE WHEN 0 THEN 1 ELSE json('fenced') END", params: [] };
    await expect(driver.batch([insert, guard])).rejects.toBeInstanceOf(FencedError);
    const twice = await driver.batch([insert, insert]).catch((thrown: unknown) => thrown);
    expect(twice).toBeInstanceOf(RefusedError);
    expect(twice).toMatchObject({ writeIndex: 1 });
    const nowhere = { sql: "INSERT INTO nowhere (id) VALUES (1)", params: [] };
    await expect(driver.batch([insert, nowhere])).rejects.toBeInstanceOf(BackendError);
    expect(await driver.query("SELECT count(*) FROM t", [])).toEqual([[0]]);
    await driver.batch([{ sql: "DROP TABLE t", params: [] }]);
  });

  inObject("counts changed rows without index entries", async (driver) => {
    await driver.batch([CREATE, { sql: "CREATE INDEX t_v ON t (v)", params: [] }]);
    const results = await driver.batch([
      { sql: "INSERT INTO t (id, v) VALUES (1, 1), (2, 2), (3, 3)", params: [] },
      { sql: "UPDATE t SET v = 9 WHERE id > 1", params: [] },
      { sql: "SELECT 1", params: [] },
      { sql: "DELETE FROM t WHERE id = 99", params: [] },
      { sql: "DELETE FROM t", params: [] },
    ]);
    expect(results.map(({ rowsAffected }) => rowsAffected)).toEqual([3, 2, 0, 0, 3]);
  });

  inObject("accepts other tables, but not under its own names", async (_driver, storage) => {
    storage.sql.exec("CREATE TABLE mine (id INTEGER)");
    const backend = await durableObjectBackend(storage);
    await backend.putSession("1000@lid.0", new Uint8Array([1]));
    storage.sql.exec("DROP TABLE holdfast_schema");
    await expect(durableObjectBackend(storage)).rejects.toMatchObject({ code: "incompatible" });
  });
});
