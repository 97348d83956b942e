import { describe, expect, test } from "vitest";
import { createDevice } from "../../device/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { fakeHost } from "../../testing/mod.ts";
import { openLibsqlDriver } from "../libsql/open_driver.ts";
import { DEVICE_COLUMNS } from "../sqlite/device_fields.ts";
import { openSqliteBackend, type SqlDriver, type SqlValue } from "../sqlite/mod.ts";
import { decodeTexts, refuseBadText, withoutText } from "./checked_text.ts";

/** Runs a statement in its checked form. */
async function read(sql: string, params: readonly SqlValue[] = []): Promise<SqlValue[][]> {
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  const checked = withoutText(sql);
  expect(checked).not.toBe(undefined);
  const rows = (await driver.query(checked ?? "", params)).map((row) => [...row]);
  await driver.close();
  expect(rows.flat().filter((cell) => typeof cell === "string")).toEqual([]);
  return decodeTexts(rows, refuseBadText);
}

describe("withoutText", () => {
  test("keeps rows, their order and their values, whatever the query is made of", async () => {
    const bytes = new Uint8Array([1, 2]);
    const values = "(VALUES ('a, b', 1), ('é', x'0102'), (NULL, 1.5))";
    const rows = [
      ["é", bytes],
      ["a, b", 1],
      [null, 1.5],
    ];
    const order = "ORDER BY column1 DESC";
    expect(await read(`SELECT column1, column2 FROM ${values} ${order}`)).toEqual(rows);
    expect(
      await read(`WITH t (a, b) AS (SELECT * FROM ${values}) SELECT a, (SELECT b) FROM t ORDER BY a DESC`),
    ).toEqual(rows);
    expect(
      await read(`SELECT column1, column2 FROM ${values} WHERE column1 = ?1 OR ?2 = 2`, ["é", 1]),
    ).toEqual([rows[0]]);
    expect(
      await read(`SELECT 'x, (' AS "a, b", 2 FROM ${values} UNION ALL SELECT 'y', 3 FROM ${values} LIMIT 4`),
    ).toEqual([
      ["x, (", 2],
      ["x, (", 2],
      ["x, (", 2],
      ["y", 3],
    ]);
    expect(await read(`SELECT count(*), max(column1) FROM ${values}`)).toEqual([[3, "é"]]);
  });

  test.each([1, 51, 52, 53, 104, 105, 157])("reads %i columns", async (length) => {
    for (const step of [1, 3]) {
      const columns = Array.from({ length }, (_, index) =>
        index % step === 0 ? `'${index}'` : String(index),
      );
      const [row] = await read(`SELECT ${columns.join(", ")} FROM (SELECT 1)`);
      expect(row).toEqual(columns.map((_, index) => (index % step === 0 ? String(index) : index)));
    }
  });

  test("covers a change that returns more columns than one mask has bits", async () => {
    const columns = Array.from({ length: 60 }, (_, index) => `c${index}`);
    const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
    const [, , result] = await driver.batch([
      { sql: `CREATE TABLE t (${columns.join(", ")})`, params: [] },
      { sql: `INSERT INTO t VALUES (${columns.map((name) => `'${name}'`).join(", ")})`, params: [] },
      { sql: withoutText(`DELETE FROM t RETURNING ${columns.join(", ")}`) ?? "", params: [] },
    ]);
    await driver.close();
    const rows = (result?.rows ?? []).map((row) => [...row]);
    expect(decodeTexts(rows, refuseBadText)).toEqual([columns]);
  });

  test("covers each statement that reads a device, a summary or the accounts", async () => {
    const inner = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
    const unchecked: string[] = [];
    let columns = 0;
    const driver: SqlDriver = {
      limits: inner.limits,
      durable: inner.durable,
      query: async (sql, params) => {
        const rows = await inner.query(sql, params);
        if (/\bFROM\b/.test(sql) && withoutText(sql) === undefined) unchecked.push(sql);
        columns = Math.max(columns, rows[0]?.length ?? 0);
        return rows;
      },
      batch: (statements) => inner.batch(statements),
      close: () => inner.close(),
    };
    const backend = await openSqliteBackend(driver);
    const device = { ...(await createDevice(fakeHost())), pn: "5511999990000:3@s.whatsapp.net" };
    await backend.save(device);
    expect(await backend.load()).toEqual(device);
    expect(columns).toBe(DEVICE_COLUMNS.length);
    expect((await backend.snapshotDb("all")).tables.length).toBeGreaterThan(10);
    expect(await backend.listAccounts()).toHaveLength(1);
    await backend.close();
    expect(unchecked).toEqual([]);
  });

  test("finds a text that is no UTF-8 in any column, without its value", async () => {
    for (const bad of [
      "CAST(x'61ff' AS TEXT)",
      "CAST(x'ed a0 80' AS TEXT)".replaceAll(/(?<=[0-9a-f]) /g, ""),
    ]) {
      const failed = read(`SELECT 1, ${bad} FROM (SELECT 1)`);
      await expect(failed).rejects.toBeInstanceOf(CorruptError);
      await expect(failed).rejects.toThrow(/^read: a stored text is not UTF-8/);
    }
    expect(await read("SELECT x'61ff' FROM (SELECT 1)")).toEqual([[new Uint8Array([0x61, 0xff])]]);
  });

  test("covers what a change returns", async () => {
    const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
    const checked = withoutText("DELETE FROM t WHERE a IN (VALUES (?),(?)) RETURNING a, b");
    const results = await driver.batch([
      { sql: "CREATE TABLE t (a, b)", params: [] },
      { sql: "INSERT INTO t VALUES ('x', 1), ('y', 2), ('z', 'é')", params: [] },
      { sql: checked ?? "", params: ["x", "z"] },
    ]);
    await driver.close();
    const rows = (results[2]?.rows ?? []).map((row) => [...row]);
    expect(rows.flat().some((cell) => typeof cell === "string")).toBe(false);
    expect(decodeTexts(rows, refuseBadText)).toEqual([
      ["x", 1],
      ["z", "é"],
    ]);
  });

  test("leaves alone what is no query of stored columns", () => {
    for (const sql of ["PRAGMA journal_mode", "SELECT 1", "INSERT INTO t VALUES (1)", "SELECT * FROM t"]) {
      expect(withoutText(sql), sql).toBe(undefined);
    }
  });
});
