import type { HashState, SyncKey } from "../records/mod.ts";

/** The collections of app state. Names are open: a server may add one. */
export type CollectionName =
  | "critical_block"
  | "critical_unblock_low"
  | "regular_high"
  | "regular_low"
  | "regular"
  | (string & {});

/** Length of the LT-hash of a collection, in bytes. */
export const HASH_STATE_HASH_BYTES = 128;

/** Value MAC of one mutation. */
export interface MutationMac {
  readonly indexMac: Uint8Array;
  readonly valueMac: Uint8Array;
}

/** Reads of app-state sync. Bytes returned are the caller's own. */
export interface AppSyncReads {
  /** @throws {CorruptError} When the stored key does not decode. */
  getSyncKey(keyId: Uint8Array): Promise<SyncKey | undefined>;
  /** The greatest key id, bytewise, among keys that decode. */
  getLatestSyncKeyId(): Promise<Uint8Array | undefined>;
  /**
   * State of a collection: version 0 and a zero hash when it was never seen. @throws {CorruptError |
   * WrongLengthError}
   */
  getVersion(name: CollectionName): Promise<HashState>;
  getMutationMac(name: CollectionName, indexMac: Uint8Array): Promise<Uint8Array | undefined>;
  /** Value MACs in the order of `indexMacs`. */
  getMutationMacs(
    name: CollectionName,
    indexMacs: readonly Uint8Array[],
  ): Promise<(Uint8Array | undefined)[]>;
}

/** WhatsApp app-state synchronisation. A patch (version, hash, MACs) belongs in one `commit`. */
export interface AppSyncStore extends AppSyncReads {
  /**
   * Stores a key unless the one under this id has a greater timestamp. Of equal timestamps the later call
   * wins.
   */
  setSyncKey(keyId: Uint8Array, key: SyncKey): Promise<void>;
  deleteSyncKey(keyId: Uint8Array): Promise<void>;
  /** @throws {RangeError} When the hash is not 128 bytes or the version is out of range. */
  setVersion(name: CollectionName, state: HashState): Promise<void>;
  /** Forgets a collection's state: it reads as never seen. Its MACs stay. */
  deleteVersion(name: CollectionName): Promise<void>;
  putMutationMacs(name: CollectionName, version: bigint, macs: readonly MutationMac[]): Promise<void>;
  deleteMutationMacs(name: CollectionName, indexMacs: readonly Uint8Array[]): Promise<void>;
  clearMutationMacs(name: CollectionName): Promise<void>;
}

/** The mutations of app-sync state. See `Write`. */
export type AppSyncWrite =
  | { readonly kind: "syncKey.put"; readonly keyId: Uint8Array; readonly key: SyncKey }
  | { readonly kind: "syncKey.delete"; readonly keyId: Uint8Array }
  | { readonly kind: "syncVersion.put"; readonly name: CollectionName; readonly state: HashState }
  | { readonly kind: "syncVersion.delete"; readonly name: CollectionName }
  | {
      readonly kind: "mutationMacs.put";
      readonly name: CollectionName;
      readonly version: bigint;
      readonly macs: readonly MutationMac[];
    }
  | {
      readonly kind: "mutationMacs.delete";
      readonly name: CollectionName;
      readonly indexMacs: readonly Uint8Array[];
    }
  | { readonly kind: "mutationMacs.clear"; readonly name: CollectionName };
