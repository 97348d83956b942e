/** Files of other programs through the library of this runtime. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ForeignStatement, sqliteFile } from "../../src/exports/importers.ts";
import { pagedRows } from "../../src/importers/sql_rows.ts";
import { temporaryFolder } from "./baileys_world.ts";
import { makeDatabase } from "./make_database.ts";

async function* insert(...ids: number[]): AsyncIterable<ForeignStatement> {
  for (const id of ids) yield { sql: "INSERT INTO a (id) VALUES (?)", params: [id] };
}

test("sqliteFile opens what is there, and writes only where it may", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "odd name?#%.db");
  for (const writable of [true, false]) {
    expect(() => sqliteFile(path, { writable })).toThrow(/^open database: /);
    expect(existsSync(path)).toBe(false);
  }
  makeDatabase(path, ["CREATE TABLE a (id INTEGER PRIMARY KEY)"]);
  using reader = sqliteFile(path);
  await expect(reader.transaction(insert(1))).rejects.toThrow(/^write database: /);
  using writer = sqliteFile(path, { writable: true });
  await expect(writer.transaction(insert(1, 2, 1))).rejects.toThrow(/^write database: /);
  expect(await writer.all("SELECT id FROM a", [])).toEqual([]);
  // SQLite rolls back by itself where the disk is full.
  const rolledBack = (async function* () {
    yield { sql: "ROLLBACK", params: [] };
    throw new Error("full");
  })();
  await expect(writer.transaction(rolledBack)).rejects.toThrow(/^full$/);
  await writer.transaction(insert(1, 2 ** 53 - 1));
  expect(await reader.all("SELECT id FROM a WHERE id > ?", [1])).toEqual([{ id: 2n ** 53n - 1n }]);
});

test("pagedRows reads each row once, whatever its key is made of", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "pages.db");
  const rows = Array.from({ length: 700 }, (_, at) => ({
    sql: "INSERT INTO macs VALUES (?, ?, ?)",
    params: ["regular", new Uint8Array([at % 7, at >> 8, at & 0xff]), at],
  }));
  makeDatabase(path, [
    "CREATE TABLE macs (name TEXT, mac BLOB, version INTEGER, PRIMARY KEY (name, mac, version))",
    ...rows,
    { sql: "INSERT INTO macs VALUES (?, ?, ?)", params: ["other", new Uint8Array([1]), 1] },
  ]);
  using file = sqliteFile(path);
  const found: number[] = [];
  const query = {
    table: "macs",
    columns: ["mac", "version"],
    key: ["mac", "version"],
    where: [["name", "regular"]],
  } as const;
  for await (const row of pagedRows(file, query)) found.push(Number(row.version));
  expect(found.sort((a, b) => a - b)).toEqual(rows.map((_, at) => at));
});
