/** Which rows SQLite looks at, by its own plans. bench/object/row_counter.ts counts them. */
import { expect, test } from "vitest";
import type { Write } from "../../backend/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { openLibsqlDriver } from "../libsql/open_driver.ts";
import type { SqlDriver, SqlStatement } from "./sql_driver.ts";
import { openSqliteBackend } from "./sqlite_backend.ts";

/** The plans of the deletions of a commit. */
async function plansOf(write: Write): Promise<string[]> {
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  const statements: SqlStatement[] = [];
  const recording: SqlDriver = {
    ...driver,
    batch: (batch) => {
      statements.push(...batch);
      return driver.batch(batch);
    },
  };
  const backend = await openSqliteBackend(recording);
  await backend.create();
  statements.length = 0;
  await backend.commit([write]);
  const plans: string[] = [];
  for (const { sql, params } of statements.filter((statement) => statement.sql.includes("DELETE"))) {
    const rows = await driver.query(`EXPLAIN QUERY PLAN ${sql}`, params);
    plans.push(rows.map((row) => String(row[3])).join("; "));
  }
  await backend.close();
  return plans;
}

const EXPIRIES: readonly Write[] = [
  { kind: "sentMessage.expire", cutoff: 10, limit: undefined },
  { kind: "baseKey.expire", cutoff: 10, limit: undefined },
  { kind: "pendingInbound.expire", cutoff: 10, limit: undefined },
  { kind: "msgSecret.expire", cutoff: 10, limit: undefined },
  { kind: "tcToken.expire", tokenCutoff: 10, senderCutoff: 5, limit: undefined },
];

test.each(EXPIRIES)("finds what has expired by its time ($kind)", async (write) => {
  for (const limit of [undefined, 100]) {
    const [plan = "", ...more] = await plansOf({ ...write, limit } as Write);
    expect(more).toEqual([]);
    expect(plan).toContain("_by_time (device_id=? AND ");
    expect(plan).not.toContain("SCAN");
  }
});

test("finds the marks of a device by its groups, without a scan", async () => {
  const [plan = ""] = await plansOf({ kind: "senderKeyDevices.deleteRows", deviceJids: ["1@lid", "2@lid"] });
  expect(plan).toMatch(
    /^SEARCH sender_key_device USING PRIMARY KEY \(device_id=\? AND group_jid=\? AND device_jid=\?\)/,
  );
  expect(plan).not.toContain("SCAN sender_key_device");
});
