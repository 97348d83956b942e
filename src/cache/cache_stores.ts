import type { CacheStore } from "./cache_store.ts";

/**
 * Caches that live in a store; the others stay in process. Only caches of plain values can use a store:
 * locks, lanes, pending requests and the Signal cache hold live objects.
 */
export interface CacheStores {
  /** Group metadata. Namespace `group`. */
  readonly group?: CacheStore | undefined;
  /** Device lists. Namespace `device`. */
  readonly device?: CacheStore | undefined;
  /** LID and phone numbers. Namespaces `lid_pn_by_lid` and `lid_pn_by_pn`. */
  readonly lidPn?: CacheStore | undefined;
}

/** Namespaces of the caches that can live in a store. */
export const CACHE_NAMESPACES: {
  readonly group: "group";
  readonly device: "device";
  readonly lidPnByLid: "lid_pn_by_lid";
  readonly lidPnByPn: "lid_pn_by_pn";
} = {
  group: "group",
  device: "device",
  lidPnByLid: "lid_pn_by_lid",
  lidPnByPn: "lid_pn_by_pn",
};

/** Functions that create {@link CacheStores}. */
export const CacheStores: {
  /** Puts every cache that can use a store into this one. */
  all(store: CacheStore): Required<CacheStores>;
} = {
  all(store: CacheStore): Required<CacheStores> {
    return { group: store, device: store, lidPn: store };
  },
};
