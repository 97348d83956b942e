import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test } from "vitest";
import { type D1DatabaseLike, type D1StatementLike, d1Driver } from "../../../src/adapters/d1/mod.ts";
import type { SqlValue } from "../../../src/adapters/sqlite/mod.ts";
import {
  AmbiguousError,
  BackendError,
  BusyError,
  FencedError,
  RefusedError,
} from "../../../src/errors/mod.ts";

const CREATE = { sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", params: [] };
const COUNT = "SELECT count(*) FROM t";

afterEach(async () => {
  await env.DB.batch([env.DB.prepare("DROP TABLE IF EXISTS t")]);
});

/** The database, whose next batch or read fails with a text of the platform, before or after it was run. */
function failing(text: string, isApplied: boolean): D1DatabaseLike {
  const fail = async (work: () => Promise<unknown>): Promise<never> => {
    if (isApplied) await work();
    throw new Error(`D1_ERROR: ${text}`);
  };
  return {
    prepare: (query) => failingStatement(env.DB.prepare(query), fail),
    batch: (statements) => fail(() => env.DB.batch(statements.map(innerOf))),
  };
}

const inner = new WeakMap<D1StatementLike, D1StatementLike>();

function innerOf(statement: D1StatementLike): D1StatementLike {
  return inner.get(statement) ?? statement;
}

function failingStatement(
  statement: D1StatementLike,
  fail: (work: () => Promise<unknown>) => Promise<never>,
): D1StatementLike {
  const wrapped: D1StatementLike = {
    bind: (...values) => failingStatement(statement.bind(...values), fail),
    raw: () => fail(() => statement.raw()),
  };
  inner.set(wrapped, statement);
  return wrapped;
}

describe("d1Driver", () => {
  test("keeps bytes of a view, text, fractions and 53-bit integers", async () => {
    const driver = d1Driver(env.DB);
    await driver.batch([CREATE]);
    const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
    const values: SqlValue[] = [view, new Uint8Array(), "18446744073709551615", "", 0.5, null];
    for (const value of values)
      await driver.batch([{ sql: "INSERT INTO t (v) VALUES (?)", params: [value] }]);
    expect((await driver.query("SELECT v FROM t ORDER BY id", [])).map(([value]) => value)).toEqual(values);
    const most = Number.MAX_SAFE_INTEGER;
    await driver.batch([{ sql: "INSERT INTO t (id) VALUES (?)", params: [most] }]);
    expect(await driver.query("SELECT id FROM t WHERE id = ?", [most])).toEqual([[most]]);
  });

  test("reads two columns of one name", async () => {
    expect(await d1Driver(env.DB).query("SELECT 1 AS a, 2 AS a", [])).toEqual([[1, 2]]);
  });

  test("runs a batch as one transaction, and counts changed rows", async () => {
    const driver = d1Driver(env.DB);
    await driver.batch([CREATE]);
    const insert = { sql: "INSERT INTO t (id) VALUES (1), (2)", params: [] };
    const guard = { sql: "SELECT CASE WHEN 0 THEN 1 ELSE json('fenced') END", params: [] };
    await expect(driver.batch([insert, guard])).rejects.toBeInstanceOf(FencedError);
    await expect(driver.batch([insert, insert])).rejects.toBeInstanceOf(RefusedError);
    const nowhere = { sql: "INSERT INTO nowhere (id) VALUES (1)", params: [] };
    await expect(driver.batch([insert, nowhere])).rejects.toBeInstanceOf(BackendError);
    expect(await driver.query(COUNT, [])).toEqual([[0]]);
    const results = await driver.batch([
      insert,
      { sql: "UPDATE t SET v = 9 WHERE id > 1", params: [] },
      { sql: "DELETE FROM t WHERE id = 99", params: [] },
      { sql: "DELETE FROM t WHERE id = 1 RETURNING id, v", params: [] },
    ]);
    expect(results.map(({ rowsAffected }) => rowsAffected).slice(0, 3)).toEqual([2, 1, 0]);
    expect(results.at(-1)?.rows).toEqual([[1, null]]);
  });

  test("refuses statements beyond a limit of the platform before it sends them", async () => {
    const driver = d1Driver(env.DB);
    const tooMany = Array<SqlValue>(101).fill(1);
    const sql = `SELECT ${tooMany.map(() => "?").join(",")}`;
    await expect(driver.query(sql, tooMany)).rejects.toBeInstanceOf(RefusedError);
    const error = await driver.batch([CREATE, { sql, params: tooMany }]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ writeIndex: 1 });
    expect(await driver.query("SELECT count(*) FROM sqlite_master WHERE name = 't'", [])).toEqual([[0]]);
  });

  test("takes a lost answer to a commit for ambiguous, applied or not", async () => {
    await d1Driver(env.DB).batch([CREATE]);
    const insert = { sql: "INSERT INTO t (id) VALUES (NULL)", params: [] };
    const lost = [
      "Network connection lost.",
      "Internal error in D1 DB storage caused object to be reset.",
      "D1 DB storage operation exceeded timeout which caused object to be reset.",
      "Cannot resolve D1 DB due to transient issue on remote node.",
    ];
    for (const text of lost) {
      for (const isApplied of [false, true]) {
        const driver = d1Driver(failing(text, isApplied));
        await expect(driver.batch([insert]), text).rejects.toBeInstanceOf(AmbiguousError);
      }
      const read = await d1Driver(failing(text, true))
        .query(COUNT, [])
        .catch((thrown: unknown) => thrown);
      expect(read, text).toBeInstanceOf(BackendError);
      expect(read, text).not.toBeInstanceOf(AmbiguousError);
    }
    expect(await d1Driver(env.DB).query(COUNT, [])).toEqual([[lost.length]]);
  });

  test("takes an overloaded database for busy", async () => {
    for (const text of [
      "D1 DB is overloaded. Requests queued for too long.",
      "D1 DB is overloaded. Too many requests queued.",
    ]) {
      const driver = d1Driver(failing(text, false));
      await expect(driver.batch([CREATE]), text).rejects.toBeInstanceOf(BusyError);
      await expect(driver.query(COUNT, []), text).rejects.toBeInstanceOf(BusyError);
    }
  });

  test("knows that a full database has applied nothing", async () => {
    const driver = d1Driver(failing("Exceeded maximum DB size", false));
    const error = await driver.batch([CREATE]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BackendError);
    expect(error).not.toBeInstanceOf(AmbiguousError);
  });
});
