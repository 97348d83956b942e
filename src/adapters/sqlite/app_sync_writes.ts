import { encodeIndexValues } from "../../records/mod.ts";
import { RowStatement, splitKeys } from "./row_statement.ts";
import type { PlannersOf } from "./write_plan.ts";

/** An older timestamp never replaces a newer one; a key that cannot be read cannot be newer. */
const PUT_SYNC_KEY = `INSERT INTO sync_key (device_id, key_id, timestamp, key_data, fingerprint) VALUES (?,?,?,?,?)
  ON CONFLICT (device_id, key_id) DO UPDATE
  SET timestamp = excluded.timestamp, key_data = excluded.key_data, fingerprint = excluded.fingerprint
  WHERE excluded.timestamp >= sync_key.timestamp OR length(sync_key.key_data) = 0`;

const PUT_SYNC_VERSION = new RowStatement({
  insert: "INSERT INTO sync_version (device_id, name, version, mac_mismatch_fatal, hash, index_values)",
  columns: 5,
  conflict: `ON CONFLICT (device_id, name) DO UPDATE SET version = excluded.version,
    mac_mismatch_fatal = excluded.mac_mismatch_fatal, hash = excluded.hash, index_values = excluded.index_values`,
});

const PUT_MUTATION_MAC = new RowStatement({
  insert: "INSERT INTO mutation_mac (device_id, name, index_mac, version, value_mac)",
  columns: 4,
  conflict: `ON CONFLICT (device_id, name, index_mac) DO UPDATE
    SET version = excluded.version, value_mac = excluded.value_mac`,
});

/** How writes of the app-sync store become statements. */
export const APP_SYNC_PLANNERS: PlannersOf<
  | "syncKey.put"
  | "syncKey.delete"
  | "syncVersion.put"
  | "syncVersion.delete"
  | "mutationMacs.put"
  | "mutationMacs.delete"
  | "mutationMacs.clear"
> = {
  "syncKey.put": {
    table: "sync_key",
    statements: ({ keyId, key }, { accountId }) => [
      { sql: PUT_SYNC_KEY, params: [accountId, keyId, key.timestamp, key.keyData, key.fingerprint] },
    ],
  },
  "syncKey.delete": {
    table: "sync_key",
    statements: ({ keyId }, { accountId }) => [
      { sql: "DELETE FROM sync_key WHERE device_id = ? AND key_id = ?", params: [accountId, keyId] },
    ],
  },
  "syncVersion.put": {
    table: "sync_version",
    statement: PUT_SYNC_VERSION,
    rows: ({ name, state }) => [
      [
        name,
        String(state.version),
        state.macMismatchFatal ? 1 : 0,
        state.hash,
        encodeIndexValues(state.indexValueMap),
      ],
    ],
  },
  "syncVersion.delete": {
    table: "sync_version",
    statements: ({ name }, { accountId }) => [
      { sql: "DELETE FROM sync_version WHERE device_id = ? AND name = ?", params: [accountId, name] },
    ],
  },
  "mutationMacs.put": {
    table: "mutation_mac",
    statement: PUT_MUTATION_MAC,
    rows: ({ name, version, macs }) =>
      macs.map(({ indexMac, valueMac }) => [name, indexMac, String(version), valueMac]),
  },
  "mutationMacs.delete": {
    table: "mutation_mac",
    statements: ({ name, indexMacs }, { accountId, limits }) =>
      splitKeys(
        indexMacs.map((indexMac) => [indexMac]),
        { fixed: [accountId, name], limits },
        (list) => `DELETE FROM mutation_mac WHERE device_id = ? AND name = ? AND index_mac IN ${list}`,
      ),
  },
  "mutationMacs.clear": {
    table: "mutation_mac",
    statements: ({ name }, { accountId }) => [
      { sql: "DELETE FROM mutation_mac WHERE device_id = ? AND name = ?", params: [accountId, name] },
    ],
  },
};
