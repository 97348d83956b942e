import { asideName, SEALING_LOG, type TableName, tablesNotKept, type WriteOf } from "../../backend/mod.ts";
import { LISTINGS } from "./listed_tables.ts";
import { SCOPED_TABLES } from "./schema.ts";
import type { SqlStatement } from "./sql_driver.ts";

/** Tables of collections: their state, and their mutations. */
const COLLECTIONS: readonly string[] = ["sync_version", "sync_value"];

const STALE = "(SELECT device_id FROM account WHERE set_aside_until <= ?)";

/**
 * Gives an account another name, and takes it from its owner. What says that it is sealed stays. Its name is
 * free, or that of an empty account that is held.
 */
export function setAside(
  { id, until, keeps, heldBy }: WriteOf<"account.setAside">,
  accountId: number,
  name: string,
): SqlStatement[] {
  const tables = tablesNotKept(keeps).flatMap(tablesOf);
  return [
    ...tables.map((table) => {
      const rest = table === "message_segment" ? ` AND log <> '${SEALING_LOG}'` : "";
      return { sql: `DELETE FROM ${table} WHERE device_id = ?${rest}`, params: [accountId] };
    }),
    {
      sql:
        "UPDATE account SET name = ?, set_aside_of = name, set_aside_until = ?, epoch = epoch + 1 " +
        "WHERE device_id = ?",
      params: [asideName(id), until, accountId],
    },
    ...(heldBy === undefined
      ? []
      : [{ sql: "INSERT INTO account (name, owner, epoch) VALUES (?, ?, 1)", params: [name, heldBy] }]),
  ];
}

/**
 * Gives an account the name back that it had, in place of the account that was registered under it since and
 * has nothing. Fails the commit when that has an owner or a device.
 */
export function bringBack(
  { id }: WriteOf<"account.bringBack">,
  accountId: number,
  name: string,
): SqlStatement[] {
  const params = [asideName(id), name];
  const isThere = "EXISTS (SELECT 1 FROM account WHERE name = ? AND set_aside_of = ?)";
  return [
    {
      sql:
        "SELECT CASE WHEN (SELECT owner IS NULL FROM account WHERE device_id = ?1) " +
        "AND NOT EXISTS (SELECT 1 FROM device WHERE device_id = ?1) THEN 1 ELSE json('fenced') END",
      params: [accountId],
    },
    ...[...SCOPED_TABLES.map((table) => table.name), "account"].map((table) => ({
      sql: `DELETE FROM ${table} WHERE device_id = ? AND ${isThere}`,
      params: [accountId, ...params],
    })),
    {
      sql:
        "UPDATE account SET name = set_aside_of, set_aside_of = NULL, set_aside_until = NULL, " +
        "epoch = epoch + 1 WHERE name = ? AND set_aside_of = ?",
      params,
    },
  ];
}

/** Deletes every account that was set aside until a time. */
export function expireSetAside({ cutoff }: WriteOf<"account.expireSetAside">): SqlStatement[] {
  return [...SCOPED_TABLES.map(({ name }) => name), "account"].map((table) => ({
    sql: `DELETE FROM ${table} WHERE device_id IN ${STALE}`,
    params: [cutoff],
  }));
}

function tablesOf(table: TableName): readonly string[] {
  if (table === "syncVersion") return COLLECTIONS;
  return table === "account" || table === "device" ? [] : [LISTINGS[table].table];
}
