import type { HashState, SyncKey } from "../records/mod.ts";
import { flag, map, object, plain, type Rule, rows, uint64, value } from "../rules/mod.ts";
import {
  type AppSyncStore,
  type AppSyncWrite,
  HASH_STATE_HASH_BYTES,
  type MutationMac,
} from "./app_sync_store.ts";
import { COLLECTION, SECONDS, word } from "./field_rules.ts";
import { type SetterName, type SettersOf, setter } from "./setter.ts";
import type { WriteRowsOf } from "./write_row.ts";

/** The id of a sync key. */
const KEY_ID = plain("keyId", { min: 1 });

const INDEX_MAC = plain("indexMac", { min: 1 });

export const SYNC_KEY: Rule<SyncKey> = object<SyncKey>({
  keyData: value("keyData", { min: 1 }),
  fingerprint: value("fingerprint"),
  timestamp: SECONDS,
});

export const HASH_STATE: Rule<HashState> = object<HashState>({
  version: uint64(),
  hash: value("hash", { length: HASH_STATE_HASH_BYTES }),
  indexValueMap: map(word("index"), value("indexValue")),
  macMismatchFatal: flag(),
});

/** The state of a collection that was never seen. */
export function neverSeen(): HashState {
  return {
    version: 0n,
    hash: new Uint8Array(HASH_STATE_HASH_BYTES),
    indexValueMap: new Map(),
    macMismatchFatal: false,
  };
}

/** `undefined` for the state of a collection that was never seen: nothing of it is stored. */
export function storedState(state: HashState): HashState | undefined {
  const { version, hash, indexValueMap, macMismatchFatal } = state;
  const isInitial = version === 0n && indexValueMap.size === 0 && !macMismatchFatal;
  return isInitial && hash.every((byte) => byte === 0) ? undefined : state;
}

/** The writes of the app-sync store. */
export const APP_SYNC_WRITES: WriteRowsOf<AppSyncWrite["kind"]> = {
  "syncKey.put": { by: "setSyncKey", fields: { keyId: KEY_ID, key: SYNC_KEY } },
  "syncKey.delete": { by: "deleteSyncKey", fields: { keyId: KEY_ID } },
  "syncVersion.put": {
    by: "setVersion",
    fields: { name: COLLECTION, state: HASH_STATE },
  },
  "syncVersion.delete": { by: "deleteVersion", fields: { name: COLLECTION } },
  "mutationMacs.put": {
    by: "putMutationMacs",
    fields: {
      name: COLLECTION,
      version: uint64(),
      macs: rows(object<MutationMac>({ indexMac: INDEX_MAC, valueMac: value("valueMac", { min: 1 }) })),
    },
  },
  "mutationMacs.delete": {
    by: "deleteMutationMacs",
    fields: { name: COLLECTION, indexMacs: rows(INDEX_MAC) },
  },
  "mutationMacs.clear": { by: "clearMutationMacs", fields: { name: COLLECTION } },
};

/** The setters of the app-sync store. */
export const APP_SYNC_SETTERS: SettersOf<SetterName & keyof AppSyncStore> = {
  setSyncKey: setter("syncKey.put", "keyId", "key"),
  deleteSyncKey: setter("syncKey.delete", "keyId"),
  setVersion: setter("syncVersion.put", "name", "state"),
  deleteVersion: setter("syncVersion.delete", "name"),
  putMutationMacs: setter("mutationMacs.put", "name", "version", "macs"),
  deleteMutationMacs: setter("mutationMacs.delete", "name", "indexMacs"),
  clearMutationMacs: setter("mutationMacs.clear", "name"),
};
