import type { SqlStatement, SqlValue } from "./sql_driver.ts";

/** The later one of a token's two times, as its index has it. */
export const TC_TOKEN_TIME = "max(token_timestamp, ifnull(sender_timestamp, 0))";

/** Rows that expire. */
export interface Expiry {
  readonly table: string;
  /** Columns of the primary key after the device's. */
  readonly key: string;
  /** Which rows have expired. */
  readonly stale: string;
}

/**
 * The statement that removes what has expired, at most `limit` rows of it if that is given. Without a limit
 * it reads each removed row once, by the index of its time. With one it reads them again to count them.
 */
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

/** A write that removes what has expired. */
interface ExpireWrite {
  readonly cutoff: number;
  readonly limit?: number | undefined;
}

/** How a write that removes what has expired, by one time of a row, becomes statements. */
export function expiryPlanner(
  table: string,
  key: string,
  stale: string,
): {
  readonly statements: (write: ExpireWrite, scope: { readonly accountId: number }) => readonly SqlStatement[];
} {
  return {
    statements: ({ cutoff, limit }, { accountId }) =>
      expiryOf({ table, key, stale }, accountId, [cutoff], limit),
  };
}
