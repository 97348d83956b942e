import type { AppSyncReads, BackendCore, CollectionName, HashState, SyncKey } from "../../backend/mod.ts";
import { hexOf } from "../../bytes/mod.ts";
import type { AccountTables } from "./account_tables.ts";
import type { AppliersOf } from "./applier.ts";
import { copyBytes, copyHashState } from "./copies.ts";
import { Damaged, readable } from "./damaged.ts";
import { compoundKey } from "./table.ts";

type AppSyncKind =
  | "syncKey.put"
  | "syncKey.delete"
  | "syncVersion.put"
  | "syncVersion.delete"
  | "mutationMacs.put"
  | "mutationMacs.delete"
  | "mutationMacs.clear";

function macKey(collection: string, indexMac: Uint8Array): string {
  return compoundKey(collection, hexOf(indexMac));
}

/** How the writes of the app-sync store change its tables. */
export const APP_SYNC_APPLIERS: AppliersOf<AppSyncKind> = {
  "syncKey.put": ({ keyId, key }, { tables, transaction }) => {
    const at = hexOf(keyId);
    const before = tables.syncKeys.get(at);
    // What cannot be read cannot be newer either.
    if (before !== undefined && !(before instanceof Damaged) && before.timestamp > key.timestamp) return 0;
    const row = {
      keyId: copyBytes(keyId),
      keyData: copyBytes(key.keyData),
      fingerprint: copyBytes(key.fingerprint),
      timestamp: key.timestamp,
    };
    return tables.syncKeys.set(at, row, transaction);
  },
  "syncKey.delete": ({ keyId }, { tables, transaction }) => tables.syncKeys.delete(hexOf(keyId), transaction),
  "syncVersion.put": ({ name, state }, { tables, transaction }) =>
    tables.syncVersions.set(name, copyHashState(state), transaction),
  "syncVersion.delete": ({ name }, { tables, transaction }) => tables.syncVersions.delete(name, transaction),
  "mutationMacs.put": ({ name, version, macs }, { tables, transaction }) => {
    let changed = 0;
    for (const { indexMac, valueMac } of macs) {
      const row = { collection: name, version, valueMac: copyBytes(valueMac) };
      changed += tables.mutationMacs.set(macKey(name, indexMac), row, transaction);
    }
    return changed;
  },
  "mutationMacs.delete": ({ name, indexMacs }, { tables, transaction }) => {
    let changed = 0;
    for (const indexMac of indexMacs)
      changed += tables.mutationMacs.delete(macKey(name, indexMac), transaction);
    return changed;
  },
  "mutationMacs.clear": ({ name }, { tables, transaction }) =>
    tables.mutationMacs.deleteGroup(name, transaction),
};

/** Reads of the app-sync store. */
export function appSyncReads(tables: () => AccountTables): Pick<BackendCore, keyof AppSyncReads> {
  return {
    async getSyncKey(keyId: Uint8Array): Promise<SyncKey | undefined> {
      const row = tables().syncKeys.get(hexOf(keyId));
      if (row === undefined) return undefined;
      const { keyData, fingerprint, timestamp } = readable("get sync key", row);
      return { keyData: copyBytes(keyData), fingerprint: copyBytes(fingerprint), timestamp };
    },
    async getLatestSyncKeyId(): Promise<Uint8Array | undefined> {
      let latest: Uint8Array | undefined;
      for (const row of tables().syncKeys.rows()) {
        if (row instanceof Damaged) continue;
        if (latest === undefined || hexOf(row.keyId) > hexOf(latest)) latest = row.keyId;
      }
      return latest === undefined ? undefined : copyBytes(latest);
    },
    async getVersion(name: CollectionName): Promise<HashState | undefined> {
      const row = tables().syncVersions.get(name);
      return row === undefined ? undefined : copyHashState(readable("get version", row));
    },
    async getMutationMac(name: CollectionName, indexMac: Uint8Array): Promise<Uint8Array | undefined> {
      const row = tables().mutationMacs.get(macKey(name, indexMac));
      return row === undefined ? undefined : copyBytes(row.valueMac);
    },
    async getMutationMacs(
      name: CollectionName,
      indexMacs: readonly Uint8Array[],
    ): Promise<(Uint8Array | undefined)[]> {
      const { mutationMacs } = tables();
      return indexMacs.map((indexMac) => {
        const row = mutationMacs.get(macKey(name, indexMac));
        return row === undefined ? undefined : copyBytes(row.valueMac);
      });
    },
  };
}
