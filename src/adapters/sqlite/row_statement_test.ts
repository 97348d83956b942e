import { expect, test } from "vitest";
import { RowStatement, splitKeys } from "./row_statement.ts";
import type { SqlLimits, SqlValue } from "./sql_driver.ts";

const WIDE: SqlLimits = { maxParameters: 32_766, maxSqlBytes: 1_000_000, maxValueBytes: 1_000_000 };
/** A Durable Object's. */
const NARROW: SqlLimits = { maxParameters: 100, maxSqlBytes: 100_000, maxValueBytes: 2_000_000 };

const PUT = new RowStatement({
  insert: "INSERT INTO t (device_id, id, v)",
  columns: 2,
  conflict: "ON CONFLICT DO NOTHING",
});

function rows(count: number): SqlValue[][] {
  return Array.from({ length: count }, (_, index) => [index, `v${index}`]);
}

test("rows keep their order across statements", () => {
  for (const limits of [WIDE, NARROW]) {
    for (const count of [0, 1, 7, 8, 33, 34, 127, 128, 129, 1_000]) {
      const chunks = PUT.split(5, rows(count), limits);
      const params = chunks.flatMap(({ statement }) => statement.params.slice(1));
      expect(params).toEqual(rows(count).flat());
      let next = 0;
      for (const { statement, start, end } of chunks) {
        expect(start).toBe(next);
        expect(statement.sql.match(/\(\?1,/g)?.length).toBe(end - start);
        expect(statement.sql.match(/\?(?!\d)/g)?.length).toBe(statement.params.length - 1);
        expect(statement.params[0]).toBe(5);
        expect(statement.params.length).toBe((end - start) * 2 + 1);
        expect(statement.params.length).toBeLessThanOrEqual(limits.maxParameters);
        next = end;
      }
      expect(next).toBe(count);
    }
  }
});

test("the texts are a small fixed set, whatever the number of rows", () => {
  for (const limits of [WIDE, NARROW]) {
    const texts = new Set<string>();
    for (let count = 1; count <= 700; count += 1) {
      for (const { statement } of PUT.split(1, rows(count), limits)) texts.add(statement.sql);
    }
    expect(texts.size).toBeLessThanOrEqual(4);
  }
});

test("binds a shared value once, and splits rows that differ in it", () => {
  const shared = new RowStatement({
    insert: "INSERT INTO t (device_id, id, s, v)",
    columns: 3,
    conflict: "",
    shared: 1,
  });
  const rows: SqlValue[][] = Array.from({ length: 50 }, (_, id) => [id, id < 41 ? "a" : "b", `v${id}`]);
  for (const limits of [WIDE, NARROW]) {
    const read = shared
      .split(5, rows, limits)
      .flatMap(({ statement: { sql, params } }) => boundRows(sql, params));
    expect(read).toEqual(rows);
  }
  const [chunk] = shared.split(5, rows.slice(0, 8), WIDE);
  expect(chunk?.statement.sql).toContain("VALUES (?1,?,?,?),(?1,?,?3,?),");
  expect(chunk?.statement.params).toHaveLength(18);
});

test("binds an often shared value once where all rows have it", () => {
  const often = new RowStatement({
    insert: "INSERT INTO t (device_id, id, s, o, v)",
    columns: 4,
    conflict: "",
    shared: 1,
    oftenShared: 2,
  });
  const rows: SqlValue[][] = Array.from({ length: 700 }, (_, id) => [
    id,
    "a",
    id % 300 === 7 ? id : 0,
    `v${id}`,
  ]);
  for (const limits of [WIDE, NARROW]) {
    const chunks = often.split(5, rows, limits);
    expect(chunks.flatMap(({ statement: { sql, params } }) => boundRows(sql, params))).toEqual(rows);
    for (const { statement } of chunks) {
      expect(statement.params.length).toBeLessThanOrEqual(limits.maxParameters);
    }
    const alike = often.split(
      5,
      rows.map(([id, s, , v]) => [id, s, 0, v] as SqlValue[]),
      limits,
    );
    expect(chunks.length).toBeLessThan(alike.length + 12);
  }
  const [chunk] = often.split(5, rows.slice(8, 16), WIDE);
  expect(chunk?.statement.sql).toContain("VALUES (?1,?,?,?,?),(?1,?,?3,?4,?),");
  expect(chunk?.statement.params).toHaveLength(2 * 8 + 3);
});

/** The rows of a statement with SQLite's numbering: a bare parameter is one more than the greatest so far. */
function boundRows(sql: string, params: readonly SqlValue[]): SqlValue[][] {
  let greatest = 1;
  return [...sql.matchAll(/\(\?1,([?0-9,]+)\)/g)].map(([, row = ""]) =>
    row.split(",").map((parameter) => {
      const number = parameter === "?" ? greatest + 1 : Number(parameter.slice(1));
      greatest = Math.max(greatest, number);
      return params[number - 1] as SqlValue;
    }),
  );
}

test("each row is of the written account, and accounts share the texts", () => {
  const texts = new Set<string>();
  for (const accountId of [1, 2, 1, 10, 1]) {
    const [chunk] = PUT.split(accountId, rows(8), WIDE);
    expect(chunk?.statement.params[0]).toBe(accountId);
    texts.add(chunk?.statement.sql ?? "");
  }
  expect([...texts].map((text) => text.slice(0, 52))).toEqual([
    "INSERT INTO t (device_id, id, v) VALUES (?1,?,?),(?1",
  ]);
});

test("many rows need few statements", () => {
  expect(PUT.split(1, rows(1_000), WIDE).length).toBeLessThanOrEqual(15);
  expect(PUT.split(1, rows(1_000), NARROW).length).toBeLessThanOrEqual(26);
});

test("a text limit counts too", () => {
  const limits = { ...WIDE, maxSqlBytes: 5_000 };
  for (const { statement } of PUT.split(1, rows(500), limits)) {
    expect(statement.sql.length).toBeLessThanOrEqual(limits.maxSqlBytes);
  }
});

test("keys are padded by the last one, and no statement exceeds the limits", () => {
  for (const limits of [WIDE, NARROW]) {
    const texts = new Set<string>();
    for (let count = 1; count <= 700; count += 13) {
      const keys = rows(count);
      const statements = splitKeys(keys, { fixed: ["account"], limits }, (list) => `SELECT ${list}`);
      const seen: SqlValue[][] = [];
      for (const { sql, params } of statements) {
        texts.add(sql);
        expect(sql.match(/\?/g)?.length).toBe(params.length - 1);
        expect(params.length).toBeLessThanOrEqual(limits.maxParameters);
        expect(params[0]).toBe("account");
        for (let at = 1; at < params.length; at += 2) seen.push(params.slice(at, at + 2));
      }
      const unique = seen.filter((key, index) => index === 0 || key[0] !== seen[index - 1]?.[0]);
      expect(unique).toEqual(keys);
    }
    expect(texts.size).toBeLessThanOrEqual(5);
  }
});

test("numbered keys have their places, and padding is no key", () => {
  const options = { fixed: ["account"], last: ["end"], limits: NARROW, numbered: true };
  const keys = rows(131);
  const seen: SqlValue[][] = [];
  for (const { sql, params, start } of splitKeys(keys, options, (list) => list)) {
    expect(params.length).toBeLessThanOrEqual(NARROW.maxParameters);
    expect([params[0], params.at(-1)]).toEqual(["account", "end"]);
    const places = [...sql.matchAll(/\((\d+),/g)].map(([, place]) => Number(place));
    expect(places).toEqual(places.map((_, index) => index));
    for (const place of places) {
      const key = params.slice(1 + 2 * place, 3 + 2 * place);
      if (start + place >= keys.length) expect(key).toEqual([null, null]);
      else seen[start + place] = key;
    }
  }
  expect(seen).toEqual(keys);
});

test("no keys need no statement", () => {
  expect(splitKeys([], { fixed: [], limits: WIDE }, () => "")).toEqual([]);
});
