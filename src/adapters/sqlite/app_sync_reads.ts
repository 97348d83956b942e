import type { AppSyncReads, BackendCore } from "../../backend/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { decodeIndexValues } from "../../records/mod.ts";
import { bytesOf, flagOf, integerOf, uint64Of } from "./cell.ts";
import { bytesId, type ReadScope, SCOPE } from "./read_scope.ts";

/** Reads of the app-sync store. */
export function appSyncReads(scope: ReadScope): Pick<BackendCore, keyof AppSyncReads> {
  return {
    async getSyncKey(keyId) {
      const row = await scope.first(
        `SELECT key_data, fingerprint, timestamp FROM sync_key WHERE device_id = ${SCOPE} AND key_id = ?`,
        [keyId],
      );
      if (row === undefined) return undefined;
      const keyData = bytesOf(row[0], "sync key");
      if (keyData.byteLength === 0) throw new CorruptError("read sync key: stored key is empty");
      return {
        keyData,
        fingerprint: bytesOf(row[1], "sync key fingerprint"),
        timestamp: integerOf(row[2], "sync key timestamp"),
      };
    },
    async getLatestSyncKeyId() {
      const row = await scope.first(
        `SELECT key_id FROM sync_key WHERE device_id = ${SCOPE} AND length(key_data) > 0
        ORDER BY key_id DESC LIMIT 1`,
        [],
      );
      return row && bytesOf(row[0], "sync key id");
    },
    async getVersion(name) {
      const row = await scope.first(
        `SELECT version, hash, index_values, mac_mismatch_fatal FROM sync_version
        WHERE device_id = ${SCOPE} AND name = ?`,
        [name],
      );
      if (row === undefined) return undefined;
      return {
        version: uint64Of(row[0], "collection version"),
        hash: bytesOf(row[1], "collection hash"),
        indexValueMap: decodeIndexValues(bytesOf(row[2], "collection")),
        macMismatchFatal: flagOf(row[3], "collection mismatch mark"),
      };
    },
    async getMutationMac(name, indexMac) {
      const row = await scope.first(
        `SELECT value_mac FROM mutation_mac WHERE device_id = ${SCOPE} AND name = ? AND index_mac = ?`,
        [name, indexMac],
      );
      return row && bytesOf(row[0], "mutation MAC");
    },
    async getMutationMacs(name, indexMacs) {
      const rows = await scope.lookUp(
        indexMacs.map((indexMac) => [indexMac]),
        (list) =>
          `SELECT index_mac, value_mac FROM mutation_mac WHERE device_id = ${SCOPE} AND name = ? AND index_mac IN ${list}`,
        { idOf: bytesId, fixed: [name] },
      );
      return rows.map((row) => row && bytesOf(row[1], "mutation MAC"));
    },
  };
}
