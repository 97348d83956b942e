import type { HashState, SyncKey } from "../records/mod.ts";
import { flag, map, object, optional, plain, type Rule, rows, uint64, value } from "../rules/mod.ts";
import {
  type AppSyncWrite,
  type Generations,
  HASH_STATE_HASH_BYTES,
  type MutationMac,
  type SyncVersion,
  type VersionPatch,
} from "./app_sync_store.ts";
import { COLLECTION, number, ROW_LIMIT, SECONDS, word } from "./field_rules.ts";
import type { KeysOf, WriteRowsOf } from "./write_row.ts";

/** The id of a sync key. */
const KEY_ID = plain("keyId", { min: 1 });

const INDEX_MAC = plain("indexMac", { min: 1 });

export const SYNC_KEY: Rule<SyncKey> = object<SyncKey>({
  keyData: value("keyData", { min: 1 }),
  fingerprint: value("fingerprint"),
  timestamp: SECONDS,
});

/** An index MAC in base64. */
const INDEX: Rule<string> = word("index");

/** Each is a row of its own. */
const INDEX_VALUES: Rule<Map<string, Uint8Array>> = map(INDEX, value("indexValue"), { rows: true });

const GENERATION: Rule<number> = number("generation");

const HASH: Rule<Uint8Array> = value("hash", { length: HASH_STATE_HASH_BYTES });

export const HASH_STATE: Rule<HashState> = object<HashState>({
  version: uint64(),
  hash: HASH,
  indexValueMap: INDEX_VALUES,
  macMismatchFatal: flag(),
});

export const SYNC_VERSION: Rule<SyncVersion> = object<SyncVersion>({
  version: uint64(),
  hash: HASH,
  macMismatchFatal: flag(),
});

export const GENERATIONS: Rule<Generations> = object<Generations>({
  current: optional(GENERATION),
  started: GENERATION,
});

/** Protocol version that introduced generations. */
export const GENERATIONS_SINCE = 2;

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
  "syncVersion.patch": {
    by: "patchVersion",
    since: GENERATIONS_SINCE,
    fields: {
      name: COLLECTION,
      patch: object<VersionPatch>({
        generation: GENERATION,
        values: INDEX_VALUES,
        removed: rows(INDEX),
        state: optional(SYNC_VERSION),
      }),
    },
  },
  "syncVersion.delete": {
    by: "deleteVersion",
    fields: { name: COLLECTION },
  },
  "syncVersion.sweep": {
    by: "deleteStaleIndexValues",
    since: GENERATIONS_SINCE,
    fields: { limit: ROW_LIMIT },
  },
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

/** The fields that name a row of each table. */
export const APP_SYNC_KEYS: KeysOf<AppSyncWrite["kind"]> = {
  syncKey: ["keyId"],
  syncVersion: ["name"],
  mutationMacs: ["name", "indexMac"],
};
