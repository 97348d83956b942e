import { asideIdOf, type DeviceReads, type TableSummary } from "../../backend/mod.ts";
import { integerOf, optionalOf, textOf } from "./cell.ts";
import { DEVICE_COLUMNS, decodeDevice } from "./device_fields.ts";
import { type ReadScope, SCOPE } from "./read_scope.ts";
import { SCOPED_TABLES } from "./schema.ts";
import type { SqlDriver } from "./sql_driver.ts";

/** Reads of the device store. */
export function deviceReads(scope: ReadScope, driver: SqlDriver): DeviceReads {
  return {
    async load() {
      const row = await scope.first(
        `SELECT ${DEVICE_COLUMNS.join(", ")} FROM device WHERE device_id = ${SCOPE}`,
        [],
      );
      return row && decodeDevice(row);
    },
    async exists() {
      const row = await scope.first(`SELECT 1 FROM device WHERE device_id = ${SCOPE}`, []);
      return row !== undefined;
    },
    async listAccounts() {
      const rows = await driver.query(
        "SELECT a.device_id, a.name, d.pn FROM account a LEFT JOIN device d USING (device_id) ORDER BY a.device_id",
        [],
      );
      const accounts = rows.map(([accountId, name, pn]) => ({
        accountId: integerOf(accountId, "account id"),
        account: textOf(name, "account name"),
        pn: optionalOf(pn, "device pn", textOf),
      }));
      // By name, since earlier layouts have no mark.
      return accounts.filter(({ account }) => asideIdOf(account) === undefined);
    },
    async listSetAside() {
      const rows = await driver.query(
        "SELECT device_id, name, set_aside_of, set_aside_until FROM account " +
          "WHERE set_aside_until IS NOT NULL ORDER BY set_aside_until, device_id",
        [],
      );
      return rows.map(([accountId, name, of, until]) => {
        const account = textOf(of, "account name");
        return {
          id: asideIdOf(textOf(name, "account name")) ?? "",
          account,
          isOwn: account === scope.account,
          accountId: integerOf(accountId, "account id"),
          until: integerOf(until, "time of an account that is set aside"),
        };
      });
    },
    async snapshotDb(name, extra) {
      const row = (await scope.first(SUMMARY, [])) ?? [];
      const tables = SCOPED_TABLES.map((table, index): TableSummary => {
        return {
          table: table.name,
          rows: integerOf(row[2 * index + 2], "row count"),
          bytes: integerOf(row[2 * index + 3], "table size"),
        };
      });
      return {
        name,
        account: scope.account,
        accountId: optionalOf(row[0], "account id", integerOf) ?? 0,
        schemaVersion: integerOf(row[1], "schema version"),
        tables,
        extra: extra && new Uint8Array(extra),
      };
    },
  };
}

/** One statement, so that the counts belong together: account, schema, then rows and bytes of each table. */
const SUMMARY = `WITH scope (device_id) AS (SELECT ${SCOPE})
SELECT device_id, (SELECT version FROM holdfast_schema), ${SCOPED_TABLES.flatMap(({ name, values }) => {
  const bytes = values.map((column) => `coalesce(length(${column}), 0)`).join(" + ") || "0";
  const where = `FROM ${name} t WHERE t.device_id = scope.device_id`;
  return [`(SELECT count(*) ${where})`, `(SELECT coalesce(sum(${bytes}), 0) ${where})`];
}).join(", ")} FROM scope`;
