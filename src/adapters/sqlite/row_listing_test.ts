import { afterEach, beforeEach, expect, test } from "vitest";
import { listAllRows, type RowWrite } from "../../backend/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { encodeHashState } from "../../records/mod.ts";
import { openLibsqlDriver } from "../libsql/open_driver.ts";
import { rowReaderOf } from "./listed_tables.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./schema.ts";
import type { SqlDriver, SqlValue } from "./sql_driver.ts";
import { openSqliteBackend } from "./sqlite_backend.ts";

let driver: SqlDriver;

beforeEach(async () => {
  driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
});

afterEach(() => driver.close());

async function run(sql: string, ...params: SqlValue[]): Promise<void> {
  await driver.batch([{ sql, params }]);
}

test("a collection of the first layout is listed in parts, an empty one not", async () => {
  await migrate(driver, MIGRATIONS.slice(0, 1));
  await run("INSERT INTO account (name) VALUES ('alice')");
  const values = new Map(["c", "a", "b"].map((index, byte) => [index, new Uint8Array([byte])]));
  const hash = new Uint8Array(128).fill(7);
  const state = { version: 5n, hash, macMismatchFatal: true };
  const stored = encodeHashState({ ...state, indexValueMap: values });
  const insert = "INSERT INTO sync_version VALUES (1, ?, '5', 1, ?, ?)";
  await run(insert, "regular", hash, stored);
  await run(insert, "forgotten", new Uint8Array(0), new Uint8Array(0));
  const backend = await openSqliteBackend({ ...driver, close: async () => {} }, { account: "alice" });
  const expected = await backend.getVersion("regular");
  expect(expected.indexValueMap.size).toBe(3);
  for (const limit of [1, 2, 3, 10]) {
    const rows: RowWrite[] = [];
    for await (const row of listAllRows(backend, { tables: ["syncVersion"], limit })) rows.push(row);
    const copy = await openSqliteBackend({ ...driver, close: async () => {} }, { account: `copy ${limit}` });
    await copy.commit(rows);
    expect(await copy.getVersion("regular")).toEqual(expected);
    expect(await copy.getGenerations("forgotten")).toEqual({ current: undefined, started: 0 });
  }
});

test("a row whose columns are damaged is counted, and pages go on behind it", async () => {
  const backend = await openSqliteBackend({ ...driver, close: async () => {} }, { account: "alice" });
  for (const user of ["1", "2", "3", "4"]) await backend.putSession(`${user}@lid.0`, new Uint8Array([1]));
  const lease = { reservedUntil: 7, incarnation: "a".repeat(32), burned: 0 };
  await backend.putSession("5@lid.0", new Uint8Array([1]), lease);
  await run("UPDATE session SET record = 'text' WHERE user = '2'");
  await run("UPDATE session SET reserved_until = -1, incarnation = NULL WHERE user = '3'");
  await run("UPDATE session SET reserved_until = NULL WHERE user = '5'");
  await run("UPDATE session SET address = x'00' WHERE user = '4'");
  let unreadable = 0;
  const rows: RowWrite[] = [];
  const onUnreadable = (_table: string, count: number) => {
    unreadable += count;
  };
  for await (const row of listAllRows(backend, { tables: ["session"], limit: 1, onUnreadable }))
    rows.push(row);
  expect(rows).toEqual([
    { kind: "session.put", address: "1@lid.0", record: new Uint8Array([1]), lease: undefined },
  ]);
  expect(unreadable).toBe(4);
});

test("a reader names the table of a damaged row, and refuses half a lease", () => {
  const read = rowReaderOf("session");
  const record = new Uint8Array([1]);
  const stored = { address: "1@lid.0", record };
  const lease = { reservedUntil: 7, incarnation: "a", burned: 0 };
  expect(read(["1", "1@lid.0", record, 7, "a", 0])).toEqual({ ...stored, lease });
  expect(read(["1", "1@lid.0", record, null, null, null])).toEqual({ ...stored, lease: undefined });
  expect(() => read(["1", "1@lid.0", record, null, "a", 0])).toThrow(
    "read session: stored value is not an integer",
  );
  expect(() => read(["1", 5, record, null, null, null])).toThrow("read session: stored value is not text");
  expect(() => rowReaderOf("mutationMacs")(["regular", record, 5, record])).toThrow(
    "read mutation_mac: stored value is not an unsigned 64-bit integer",
  );
  expect(() => rowReaderOf("senderKeyDevices")(["g@g.us", "1:1@lid", 2])).toThrow("read sender_key_device: ");
});

test("a page reads the rows of its own account alone, by an index", async () => {
  await openSqliteBackend({ ...driver, close: async () => {} }, { account: "alice" });
  const statements: string[] = [];
  const watched: SqlDriver = {
    ...driver,
    close: async () => {},
    query: (sql, params, onlyFirst) => {
      statements.push(sql);
      return driver.query(sql, params, onlyFirst);
    },
  };
  const backend = await openSqliteBackend(watched, { account: "alice" });
  statements.length = 0;
  await backend.listRows("session", '["1","1@lid.0"]', 10);
  await backend.listRows("pendingInbound", "[5,5]", 10);
  await backend.listRows("mutationMacs", '["regular",["AA=="]]', 10);
  for (const sql of statements) {
    const plan = await driver.query(`EXPLAIN QUERY PLAN ${sql}`, ["alice", 10, "1", "1"]);
    const steps = plan.map((row) => String(row[3]));
    expect(
      steps.filter((step) => /^SEARCH (session|pending_inbound|mutation_mac) .*>/.test(step)),
    ).toHaveLength(2);
    // The sizes of a page, which have no more rows than it.
    expect(steps.filter((step) => /TEMP B-TREE/.test(step))).toHaveLength(1);
  }
});
