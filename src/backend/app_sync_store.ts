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
  /** The HMAC of the mutation's index, which names the mutation within its collection. At least 1 byte. */
  readonly indexMac: Uint8Array;
  /** The HMAC of the mutation's value. At least 1 byte. */
  readonly valueMac: Uint8Array;
}

/** Reads of app-state sync. Bytes returned are the caller's own. */
export interface AppSyncReads {
  /**
   * The key under an id, `undefined` when there is none.
   *
   * @throws {CorruptError} When the stored key does not decode.
   */
  getSyncKey(keyId: Uint8Array): Promise<SyncKey | undefined>;
  /** The greatest key id, bytewise, among keys that decode. */
  getLatestSyncKeyId(): Promise<Uint8Array | undefined>;
  /**
   * State of a collection: version 0 and a zero hash when it was never seen. @throws {CorruptError |
   * WrongLengthError}
   */
  getVersion(name: CollectionName): Promise<HashState>;
  /**
   * The generations of a collection, see `AppSyncWrite`. `current` is the one whose value MACs are read;
   * `undefined` when a new one has to be begun: the collection was never seen, or was stored by a release
   * that kept them in one value. `started` is the greatest one that any patch had, 0 at first. It stays when
   * the collection is forgotten.
   */
  getGenerations(
    name: CollectionName,
  ): Promise<{ readonly current: number | undefined; readonly started: number }>;
  /** The value MAC of one mutation, `undefined` when none is stored under its index MAC. */
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
  /** Deletes a key. Nothing happens when there is none. */
  deleteSyncKey(keyId: Uint8Array): Promise<void>;
  /**
   * Replaces a collection's state with all of its value MACs, of every generation. What it costs grows with
   * all of them: see `patchVersion`.
   *
   * @throws {RangeError} When the hash is not 128 bytes or the version is out of range.
   */
  setVersion(name: CollectionName, state: HashState): Promise<void>;
  /** Changes some of the value MACs of a collection's state, and the state: see `AppSyncWrite`. */
  patchVersion(
    name: CollectionName,
    patch: Extract<AppSyncWrite, { readonly kind: "syncVersion.patch" }>["patch"],
  ): Promise<void>;
  /** Forgets a collection's state: it reads as never seen. Its MACs stay. */
  deleteVersion(name: CollectionName): Promise<void>;
  /**
   * Deletes the value MACs of generations that are not read: those below the newest started one, save the
   * current one.
   *
   * @param limit Most that one call takes. Defaults to all.
   * @returns How many there were.
   */
  deleteStaleIndexValues(limit?: number): Promise<number>;
  /**
   * Stores value MACs, each in place of the one under its index MAC, with the version of the patch that
   * brought them.
   */
  putMutationMacs(name: CollectionName, version: bigint, macs: readonly MutationMac[]): Promise<void>;
  /** Deletes the value MACs of these mutations. Others of the collection stay. */
  deleteMutationMacs(name: CollectionName, indexMacs: readonly Uint8Array[]): Promise<void>;
  /** Deletes every value MAC of the collection. Its version and hash stay. */
  clearMutationMacs(name: CollectionName): Promise<void>;
}

/**
 * The mutations of app-sync state. See `Write`.
 *
 * `syncVersion.patch` changes the value MACs that belong to a collection's state
 * (`HashState.indexValueMap`). They are kept in generations, of which one is current: what is stored under
 * another one is not read.
 *
 * - A few changed mutations: a patch of the current generation, with the new state.
 * - A whole new set, of any number: patches of a new generation, each a commit, of which the last has the
 *   state. It makes the generation the current one in the same transaction. Until then the collection is what
 *   it was.
 */
export type AppSyncWrite =
  | { readonly kind: "syncKey.put"; readonly keyId: Uint8Array; readonly key: SyncKey }
  | { readonly kind: "syncKey.delete"; readonly keyId: Uint8Array }
  | { readonly kind: "syncVersion.put"; readonly name: CollectionName; readonly state: HashState }
  | {
      readonly kind: "syncVersion.patch";
      readonly name: CollectionName;
      readonly patch: {
        /** The current generation, or a new one that is greater than `started` of `getGenerations`. */
        readonly generation: number;
        /** Value MACs by index MAC (base64), added or replaced. */
        readonly values: ReadonlyMap<string, Uint8Array>;
        /** Index MACs that go, before `values` come. */
        readonly removed: readonly string[];
        /** The state of the collection with this generation, which becomes the current one. */
        readonly state: Omit<HashState, "indexValueMap"> | undefined;
      };
    }
  | { readonly kind: "syncVersion.delete"; readonly name: CollectionName }
  | { readonly kind: "syncVersion.sweep"; readonly limit?: number | undefined }
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

/** A change of the value MACs of a collection. */
export type VersionPatch = Extract<AppSyncWrite, { readonly kind: "syncVersion.patch" }>["patch"];

/** What becomes of a collection beside its value MACs. */
export type SyncVersion = NonNullable<VersionPatch["state"]>;

/** The generations of a collection. */
export type Generations = Awaited<ReturnType<AppSyncReads["getGenerations"]>>;
