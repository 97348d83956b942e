import type {
  AppSyncReads,
  BackendCore,
  CollectionName,
  Generations,
  HashState,
  SyncKey,
  SyncVersion,
} from "../../backend/mod.ts";
import { hexOf } from "../../bytes/mod.ts";
import type { AccountTables, SyncVersionRow } from "./account_tables.ts";
import type { AppliersOf, ApplyContext } from "./applier.ts";
import { copyBytes } from "./copies.ts";
import { columnsOf, Damaged, readable } from "./damaged.ts";
import { compoundKey } from "./table.ts";

type AppSyncKind =
  | "syncKey.put"
  | "syncKey.delete"
  | "syncVersion.put"
  | "syncVersion.patch"
  | "syncVersion.delete"
  | "syncVersion.sweep"
  | "mutationMacs.put"
  | "mutationMacs.delete"
  | "mutationMacs.clear";

function macKey(collection: string, indexMac: Uint8Array): string {
  return compoundKey(collection, hexOf(indexMac));
}

/** The generation of a state that is stored as a whole. */
const WHOLE = 0;

/** The rows of one generation. */
function generationOf(collection: string, generation: number): string {
  return compoundKey(collection, String(generation));
}

/** The row of a collection, damaged or not. */
function versionRow({ syncVersions }: AccountTables, name: string): SyncVersionRow | undefined {
  const row = syncVersions.get(name);
  return row && columnsOf(row);
}

function nextRevision(tables: AccountTables, name: string): number {
  return (versionRow(tables, name)?.revision ?? 0) + 1;
}

function setState(
  { tables, transaction }: ApplyContext,
  ...[name, generation, state]: [name: string, generation: number, state: SyncVersion]
): number {
  const { version, macMismatchFatal, hash } = state;
  const row: SyncVersionRow = {
    state: { version, macMismatchFatal, hash: copyBytes(hash) },
    current: generation,
    started: Math.max(versionRow(tables, name)?.started ?? 0, generation),
    revision: nextRevision(tables, name),
  };
  return tables.syncVersions.set(name, row, transaction);
}

function setValues(
  { tables, transaction }: ApplyContext,
  ...[collection, generation, values]: [string, number, ReadonlyMap<string, Uint8Array>]
): number {
  let changed = 0;
  for (const [index, value] of values) {
    const at = compoundKey(collection, String(generation), index);
    const row = { collection, generation, index, value: copyBytes(value) };
    changed += tables.syncValues.set(at, row, transaction);
  }
  return changed;
}

/** Deletes the value MACs of a collection, of every generation. */
function clearValues({ tables, transaction }: ApplyContext, name: string): number {
  return tables.syncValues.deleteWhere(({ collection }) => collection === name, transaction);
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
  "syncVersion.put": ({ name, state }, context) =>
    clearValues(context, name) +
    setState(context, name, WHOLE, state) +
    setValues(context, name, WHOLE, state.indexValueMap),
  "syncVersion.patch": ({ name, patch: { generation, values, removed, state } }, context) => {
    const { tables, transaction } = context;
    const before = versionRow(tables, name);
    const started = Math.max(before?.started ?? 0, generation);
    let changed = 0;
    if (state !== undefined) changed += setState(context, name, generation, state);
    else if (started !== before?.started || generation === before.current) {
      const revision = nextRevision(tables, name);
      const row = { state: undefined, current: undefined, ...before, started, revision };
      changed += tables.syncVersions.set(name, row, transaction);
    }
    for (const index of removed) {
      const at = compoundKey(name, String(generation), index);
      changed += tables.syncValues.delete(at, transaction);
    }
    return changed + setValues(context, name, generation, values);
  },
  "syncVersion.delete": ({ name }, context) => {
    const { tables, transaction } = context;
    const cleared = clearValues(context, name);
    const started = versionRow(tables, name)?.started ?? 0;
    if (started === 0) return cleared + tables.syncVersions.delete(name, transaction);
    // The number of a generation is never used again.
    const revision = nextRevision(tables, name);
    const row = { state: undefined, current: undefined, started, revision };
    return cleared + tables.syncVersions.set(name, row, transaction);
  },
  "syncVersion.sweep": ({ limit }, { tables, transaction }) =>
    tables.syncValues.deleteWhere(
      ({ collection, generation }) => {
        const row = versionRow(tables, collection);
        return row !== undefined && generation < row.started && generation !== row.current;
      },
      transaction,
      limit,
    ),
  "mutationMacs.put": ({ name, version, macs }, { tables, transaction }) => {
    let changed = 0;
    for (const { indexMac, valueMac } of macs) {
      const row = {
        collection: name,
        indexMac: copyBytes(indexMac),
        version,
        valueMac: copyBytes(valueMac),
      };
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
      const { syncVersions, syncValues } = tables();
      const row = syncVersions.get(name);
      if (row === undefined) return undefined;
      const { state, current } = readable("get version", row);
      if (state === undefined || current === undefined) return undefined;
      const values = syncValues.rowsOf(generationOf(name, current));
      return {
        version: state.version,
        hash: copyBytes(state.hash),
        indexValueMap: new Map(values.map(({ index, value }) => [index, copyBytes(value)])),
        macMismatchFatal: state.macMismatchFatal,
      };
    },
    async getGenerations(name: CollectionName): Promise<Generations> {
      const { current, started = 0 } = versionRow(tables(), name) ?? {};
      return { current, started };
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
