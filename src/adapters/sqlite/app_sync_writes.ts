import type { CollectionName, SyncVersion } from "../../backend/mod.ts";
import { replaced, splitKeys, upsert } from "./row_statement.ts";
import type { SqlStatement, SqlValue } from "./sql_driver.ts";
import type { PlannersOf, WriteScope } from "./write_plan.ts";

/** An older timestamp never replaces a newer one; a key that cannot be read cannot be newer. */
const PUT_SYNC_KEY =
  "INSERT INTO sync_key (device_id, key_id, timestamp, key_data, fingerprint) VALUES (?,?,?,?,?) " +
  "ON CONFLICT (device_id, key_id) DO UPDATE " +
  `SET ${replaced("timestamp, key_data, fingerprint")} WHERE excluded.timestamp >= sync_key.timestamp OR length(sync_key.key_data) = 0`;

/** Makes a generation the current one, and clears `index_values` of an earlier layout. */
const PUT_SYNC_VERSION =
  "INSERT INTO sync_version " +
  "(device_id, name, version, mac_mismatch_fatal, hash, index_values, generation, started) " +
  "VALUES (?1, ?2, ?3, ?4, ?5, x'', ?6, ?6) ON CONFLICT (device_id, name) DO UPDATE SET " +
  `${replaced("version, mac_mismatch_fatal, hash, generation")}, index_values = x'', started = max(started, excluded.started), ` +
  "revision = revision + 1";

/** Records that a generation was started, or that the current one changes. */
const START_GENERATION =
  "INSERT INTO sync_version " +
  "(device_id, name, version, mac_mismatch_fatal, hash, index_values, started) " +
  "VALUES (?, ?, '0', 0, x'', x'', ?) ON CONFLICT (device_id, name) DO UPDATE SET " +
  "started = max(started, excluded.started), revision = revision + 1 " +
  "WHERE started < excluded.started OR generation = excluded.started";

/** The row stays if it has the number of a generation, which must never be used again. */
const FORGET_SYNC_VERSION: readonly string[] = [
  "DELETE FROM sync_value WHERE device_id = ? AND name = ?",
  "DELETE FROM sync_version WHERE device_id = ? AND name = ? AND started = 0",
  "UPDATE sync_version SET version = '0', mac_mismatch_fatal = 0, hash = x'', index_values = x'', " +
    "generation = NULL, revision = revision + 1 WHERE device_id = ? AND name = ?",
];

const STALE =
  "SELECT x.name, x.generation, x.index_mac FROM sync_version v JOIN sync_value x " +
  "ON x.device_id = v.device_id AND x.name = v.name AND x.generation < v.started";

/** Two ranges, so that the rows of the current generation between them are not read. */
const SWEEP =
  "DELETE FROM sync_value WHERE device_id = ? AND (name, generation, index_mac) IN ( " +
  `${STALE} AND x.generation < v.generation WHERE v.device_id = ? UNION ALL ` +
  `${STALE} AND x.generation > coalesce(v.generation, -1) WHERE v.device_id = ? LIMIT ?)`;

const PUT_SYNC_VALUE = upsert("sync_value", "name, generation, index_mac", "value", {
  shared: 0,
  oftenShared: 1,
});

const PUT_MUTATION_MAC = upsert("mutation_mac", "name, index_mac", "version, value_mac");

/** How writes of the app-sync store become statements. */
export const APP_SYNC_PLANNERS: PlannersOf<
  | "syncKey.put"
  | "syncKey.delete"
  | "syncVersion.put"
  | "syncVersion.patch"
  | "syncVersion.delete"
  | "syncVersion.sweep"
  | "mutationMacs.put"
  | "mutationMacs.delete"
  | "mutationMacs.clear"
> = {
  "syncKey.put": {
    statements: ({ keyId, key }, { accountId }) => [
      { sql: PUT_SYNC_KEY, params: [accountId, keyId, key.timestamp, key.keyData, key.fingerprint] },
    ],
  },
  "syncKey.delete": {
    statements: ({ keyId }, { accountId }) => [
      { sql: "DELETE FROM sync_key WHERE device_id = ? AND key_id = ?", params: [accountId, keyId] },
    ],
  },
  "syncVersion.put": {
    statements: ({ name, state }, scope) => [
      { sql: FORGET_SYNC_VERSION[0] as string, params: [scope.accountId, name] },
      putVersion(scope, name, { generation: WHOLE, state }),
      ...putValues(scope, name, { generation: WHOLE, values: state.indexValueMap }),
    ],
  },
  "syncVersion.patch": {
    statements: ({ name, patch }, scope) => {
      const { accountId, limits } = scope;
      const { generation, removed, state } = patch;
      return [
        state === undefined
          ? { sql: START_GENERATION, params: [accountId, name, generation] }
          : putVersion(scope, name, { generation, state }),
        ...splitKeys(
          removed.map((index) => [index]),
          { fixed: [accountId, name, generation], limits },
          (list) =>
            `DELETE FROM sync_value WHERE device_id = ? AND name = ? AND generation = ? AND index_mac IN ${list}`,
        ),
        ...putValues(scope, name, patch),
      ];
    },
  },
  "syncVersion.delete": {
    statements: ({ name }, { accountId }) =>
      FORGET_SYNC_VERSION.map((sql) => ({ sql, params: [accountId, name] })),
  },
  "syncVersion.sweep": {
    statements: ({ limit = -1 }, { accountId }) => [
      { sql: SWEEP, params: [accountId, accountId, accountId, limit] },
    ],
  },
  "mutationMacs.put": {
    statement: PUT_MUTATION_MAC,
    rows: ({ name, version, macs }) =>
      macs.map(({ indexMac, valueMac }) => [name, indexMac, String(version), valueMac]),
  },
  "mutationMacs.delete": {
    statements: ({ name, indexMacs }, { accountId, limits }) =>
      splitKeys(
        indexMacs.map((indexMac) => [indexMac]),
        { fixed: [accountId, name], limits },
        (list) => `DELETE FROM mutation_mac WHERE device_id = ? AND name = ? AND index_mac IN ${list}`,
      ),
  },
  "mutationMacs.clear": {
    statements: ({ name }, { accountId }) => [
      { sql: "DELETE FROM mutation_mac WHERE device_id = ? AND name = ?", params: [accountId, name] },
    ],
  },
};

/** The generation of a state that is stored as a whole, in one commit. */
const WHOLE = 0;

function putVersion(
  { accountId }: WriteScope,
  name: CollectionName,
  { generation, state }: { readonly generation: number; readonly state: SyncVersion },
): SqlStatement {
  const { version, macMismatchFatal, hash } = state;
  return {
    sql: PUT_SYNC_VERSION,
    params: [accountId, name, String(version), macMismatchFatal ? 1 : 0, hash, generation],
  };
}

function putValues(
  { accountId, limits }: WriteScope,
  name: CollectionName,
  { generation, values }: { readonly generation: number; readonly values: ReadonlyMap<string, Uint8Array> },
): SqlStatement[] {
  const rows: SqlValue[][] = [];
  for (const [index, value] of values) rows.push([name, generation, index, value]);
  return PUT_SYNC_VALUE.split(accountId, rows, limits).map(({ statement }) => statement);
}
