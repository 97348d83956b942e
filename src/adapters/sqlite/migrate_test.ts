import { expect, test } from "vitest";
import { AmbiguousError, BackendError, IncompatibleError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { openLibsqlDriver } from "../libsql/open_driver.ts";
import { type Migration, migrate, readSchema } from "./migrate.ts";
import { MIGRATIONS, SCOPED_TABLES } from "./schema.ts";
import type { SqlDriver } from "./sql_driver.ts";

const FIRST: Migration = { version: 1, floor: 1, statements: ["CREATE TABLE one (id INTEGER PRIMARY KEY)"] };
const SECOND: Migration = {
  version: 2,
  floor: 1,
  statements: ["ALTER TABLE one ADD COLUMN note TEXT", "CREATE TABLE two (id INTEGER PRIMARY KEY)"],
};
const THIRD: Migration = { version: 3, floor: 3, statements: ["DROP TABLE two"] };

function memory(): Promise<SqlDriver> {
  return openLibsqlDriver({ url: ":memory:", logger: silentLogger });
}

async function tables(driver: SqlDriver): Promise<string[]> {
  const rows = await driver.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", []);
  return rows.map(([name]) => String(name)).filter((name) => !name.startsWith("sqlite_"));
}

async function run(driver: SqlDriver, sql: string): Promise<void> {
  await driver.batch([{ sql, params: [] }]);
}

function countBatches(driver: SqlDriver): SqlDriver & { batches: number } {
  return {
    ...driver,
    batches: 0,
    batch(statements) {
      this.batches += 1;
      return driver.batch(statements);
    },
  };
}

test("a database gets the steps that it lacks, a current one none", async () => {
  const driver = await memory();
  expect(await migrate(driver, [FIRST])).toEqual({ version: 1, floor: 1 });
  await run(driver, "INSERT INTO one (id) VALUES (7)");
  expect(await migrate(driver, [FIRST, SECOND])).toEqual({ version: 2, floor: 1 });
  expect(await driver.query("SELECT id, note FROM one", [])).toEqual([[7, null]]);
  const counting = countBatches(driver);
  expect(await migrate(counting, [FIRST, SECOND])).toEqual({ version: 2, floor: 1 });
  expect(counting.batches).toBe(0);
});

test("each step is one batch", async () => {
  const driver = await memory();
  const counting = countBatches(driver);
  await migrate(counting, [FIRST, SECOND, THIRD]);
  expect(counting.batches).toBe(3);
  expect(await tables(driver)).toEqual(["holdfast_schema", "one"]);
});

test("a newer database is opened if its floor allows it, or left unchanged", async () => {
  const driver = await memory();
  await migrate(driver, [FIRST, SECOND]);
  expect(await migrate(driver, [FIRST])).toEqual({ version: 2, floor: 1 });
  await migrate(driver, [FIRST, SECOND, THIRD]);
  const before = await driver.query("SELECT * FROM sqlite_master", []);
  const refused = migrate({ ...driver, batch: () => Promise.reject(new Error("written")) }, [FIRST, SECOND]);
  await expect(refused).rejects.toThrow(new IncompatibleError("open database: schema 3 is newer than 2"));
  expect(await driver.query("SELECT * FROM sqlite_master", [])).toEqual(before);
});

test("a step that fails leaves the database at the step before", async () => {
  const driver = await memory();
  const broken: Migration = {
    version: 2,
    floor: 1,
    statements: [...SECOND.statements, "CREATE TABLE one (id INTEGER)"],
  };
  await expect(migrate(driver, [FIRST, broken])).rejects.toThrow(BackendError);
  expect(await readSchema(driver)).toEqual({ version: 1, floor: 1 });
  expect(await tables(driver)).toEqual(["holdfast_schema", "one"]);
  expect(await migrate(driver, [FIRST, SECOND])).toEqual({ version: 2, floor: 1 });
});

test("of processes that migrate at the same moment each step is done by one", async () => {
  const driver = await memory();
  // Each reads the version before any has written, as separate processes would.
  const processes = Array.from({ length: 5 }, () => migrate({ ...driver }, [FIRST, SECOND, THIRD]));
  expect(await Promise.all(processes)).toEqual(processes.map(() => ({ version: 3, floor: 3 })));
});

test("a lost answer is resolved by what is stored", async () => {
  for (const applied of [true, false]) {
    const driver = await memory();
    let losses = 2;
    const lossy: SqlDriver = {
      ...driver,
      async batch(statements) {
        if (losses === 0) return await driver.batch(statements);
        losses -= 1;
        if (applied) await driver.batch(statements);
        throw new AmbiguousError("commit: the answer was lost");
      },
    };
    expect(await migrate(lossy, [FIRST, SECOND])).toEqual({ version: 2, floor: 1 });
  }
});

test("answers that stay lost are a failure", async () => {
  const driver = await memory();
  const lossy: SqlDriver = {
    ...driver,
    batch: () => Promise.reject(new AmbiguousError("commit: the answer was lost")),
  };
  await expect(migrate(lossy, [FIRST])).rejects.toThrow(BackendError);
});

test("foreign tables of the same names are refused, others left alone", async () => {
  const driver = await memory();
  await run(driver, "CREATE TABLE notes (id INTEGER)");
  await run(driver, "CREATE TABLE Session (id INTEGER)");
  await expect(migrate(driver, MIGRATIONS)).rejects.toThrow(IncompatibleError);
  expect(await tables(driver)).toEqual(["Session", "notes"]);
  await run(driver, "DROP TABLE Session");
  await migrate(driver, MIGRATIONS);
  expect(await tables(driver)).toContain("notes");
});

test("versions are numbered without gaps, and floors never exceed them", () => {
  for (const [index, { version, floor }] of MIGRATIONS.entries()) {
    expect(version).toBe(index + 1);
    expect(floor).toBeGreaterThan(0);
    expect(floor).toBeLessThanOrEqual(version);
  }
});

test("deleting and counting know every table of the layout", async () => {
  const driver = await memory();
  await migrate(driver, MIGRATIONS);
  const scoped = (await tables(driver)).filter((name) => name !== "holdfast_schema" && name !== "account");
  expect(SCOPED_TABLES.map(({ name }) => name).toSorted()).toEqual(scoped);
  for (const { name, values } of SCOPED_TABLES) {
    const rows = await driver.query("SELECT name, type FROM pragma_table_info(?)", [name]);
    const blobs = rows.filter(([, type]) => type === "BLOB").map(([column]) => column);
    // A key of bytes is part of the key, not a value.
    expect(values.toSorted(), name).toEqual(
      blobs.filter((column) => column !== "key_id" && column !== "index_mac").toSorted(),
    );
    expect(
      rows.map(([column]) => column),
      name,
    ).toContain("device_id");
  }
});
