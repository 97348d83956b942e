import type { SqlStatement, SqlValue } from "./sql_driver.ts";

/** Rows that expire. */
export interface Expiry {
  readonly table: string;
  /** Columns of the primary key after the device's. */
  readonly key: string;
  /** Which rows have expired. */
  readonly stale: string;
}

/** The statement that removes what has expired, at most `limit` rows of it if that is given. */
export function expiryOf(
  { table, key, stale }: Expiry,
  accountId: number,
  params: readonly SqlValue[],
  limit: number | undefined,
): readonly SqlStatement[] {
  const rows = `FROM ${table} WHERE device_id = ? AND ${stale}`;
  if (limit === undefined) return [{ sql: `DELETE ${rows}`, params: [accountId, ...params] }];
  const sql = `DELETE FROM ${table} WHERE device_id = ? AND (${key}) IN (SELECT ${key} ${rows} LIMIT ?)`;
  return [{ sql, params: [accountId, accountId, ...params, limit] }];
}
