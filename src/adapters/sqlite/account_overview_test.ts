import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asideName, SEALING_LOG } from "../../backend/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { openLibsqlDriver } from "../libsql/open_driver.ts";
import { overviewReads } from "./account_overview.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./schema.ts";
import type { SqlDriver } from "./sql_driver.ts";

const ACCOUNTS = 10_000;

let driver: SqlDriver;

beforeEach(async () => {
  driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
});

afterEach(() => driver.close());

async function run(...statements: readonly string[]): Promise<void> {
  await driver.batch(statements.map((sql) => ({ sql, params: [] })));
}

/** The reads, and what is asked of the database for them. */
function counted(version = MIGRATIONS.length) {
  const asked: string[] = [];
  const reads = overviewReads(
    {
      query: async (sql, params) => {
        asked.push(sql);
        return await driver.query(sql, params);
      },
    },
    version,
  );
  return { asked, reads };
}

describe("overviewReads", () => {
  test("list 10,000 accounts in two statements a page, and look at no other row", async () => {
    await migrate(driver, MIGRATIONS);
    await run(
      `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${ACCOUNTS - 1})
      INSERT INTO account (name, owner, epoch) SELECT printf('bot-%05d', i), 'o+', 1 FROM n`,
      `INSERT INTO quarantine SELECT device_id, 'session', 'x', 'invalid', x'00' FROM account WHERE name = 'bot-00500'`,
      `INSERT INTO message_segment SELECT device_id, '${SEALING_LOG}', 0, 0, x'00', x'' FROM account
        WHERE name = 'bot-01500'`,
    );
    const { asked, reads } = counted();
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const { names, next } = await reads.listNames(after, 1_000);
      const found = await reads.overview(names);
      expect(found.size).toBe(names.length);
      for (const name of names) {
        expect(found.get(name)).toMatchObject({
          ...{ account: name, owner: "o+", epoch: 1, hasDevice: false, isDamaged: false },
          ...{ quarantined: Number(name === "bot-00500"), isSealed: name === "bot-01500" },
        });
      }
      seen.push(...names);
      after = next;
    } while (after !== undefined);
    expect(seen).toHaveLength(ACCOUNTS);
    expect(new Set(seen).size).toBe(ACCOUNTS);
    // The last page is full, so one more is asked for.
    expect(asked).toHaveLength(21);
    for (const sql of new Set(asked)) {
      const plan = await driver.query(`EXPLAIN QUERY PLAN ${sql}`, sql.includes("?2") ? ["", 1] : ["[]"]);
      const scans = plan
        .map((row) => String(row[3]))
        .filter((detail) => /^SCAN (?!json_each|\d|scope)/.test(detail));
      expect(scans, sql).toEqual([]);
    }
  });

  test("leave out what is set aside, and names that are not stored", async () => {
    await migrate(driver, MIGRATIONS);
    await run(
      `INSERT INTO account (name) VALUES ('${asideName("0".repeat(32))}'), ('a"]'), ('é'), ('aside:x')`,
    );
    const { reads } = counted();
    expect(await reads.listNames(undefined, 10)).toEqual({ names: ['a"]', "aside:x", "é"], next: undefined });
    const found = await reads.overview(['a"]', "absent", "é"]);
    expect([...found.keys()].sort()).toEqual(['a"]', "é"]);
    expect(await reads.overview([])).toEqual(new Map());
  });

  test("count pre-keys and leases of one account, and show damaged texts as damaged", async () => {
    await migrate(driver, MIGRATIONS);
    await run(
      "INSERT INTO account (name, owner) VALUES ('a', CAST(x'ff41' AS TEXT)), ('b', NULL)",
      "INSERT INTO pre_key VALUES (1, 1, 0, x'00'), (1, 2, 1, x'00'), (2, 1, 0, x'00')",
      "INSERT INTO session (device_id, user, address, reserved_until, record) VALUES (1, 'u', 'a', 5, x'00'), (1, 'u', 'b', NULL, x'00')",
    );
    const { reads } = counted();
    expect(await reads.count("a")).toEqual({
      ...{ preKeys: 2, preKeysNotUploaded: 1, leasedSessions: 1, leasedSenderKeys: 0 },
    });
    expect(await reads.count("absent")).toMatchObject({ preKeys: 0 });
    const found = await reads.overview(["a", "b"]);
    expect(found.get("a")).toMatchObject({ owner: undefined, isDamaged: true });
    expect(found.get("b")).toMatchObject({ owner: undefined, isDamaged: false });
  });

  test("read the first layout", async () => {
    await migrate(driver, MIGRATIONS.slice(0, 1));
    await run("INSERT INTO account (name) VALUES ('a')");
    const { reads } = counted(1);
    expect((await reads.overview(["a"])).get("a")).toMatchObject({ isSealed: false, quarantined: 0 });
  });
});
