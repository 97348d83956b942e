import type { Attachments } from "../../attachments/mod.ts";
import type { Device, ProtocolReads, Write } from "../../backend/mod.ts";
import {
  CACHE_NAMESPACES,
  type CacheBuilder,
  inProcessCaches,
  measuredCaches,
  type ValueCache,
} from "../../cache/mod.ts";
import type { Host } from "../../ports/mod.ts";
import { attachedLids } from "./attached_lids.ts";
import { type CachedMapping, LidPnCache } from "./lid_pn_cache.ts";
import { OwnUsers } from "./own_users.ts";

/** The part of an open account that its LID cache needs. */
export interface LidAccount {
  readonly attachments: Attachments;
  readonly host: Host;
  readonly store: ProtocolReads;
  readonly device: { getDeviceSnapshot(): Device };
  readonly writeBehind: { commitWith(writes: readonly Write[]): Promise<unknown> };
  /** Builds caches. Defaults to in-process caches. */
  readonly caches?: CacheBuilder | undefined;
  readonly taskPrefix: string;
  /** Adds a function that is called with writes of other code. */
  onCommitted?(follower: (writes: readonly Write[]) => void | Promise<void>): void;
  /** Adds a function that is called when the device takes another identity. */
  onIdentityChanged?(listener: () => void): void;
}

/**
 * The LID cache of an account, for lookups. To learn mappings, call `directory(account).learn`, which also
 * moves the state of the users.
 */
export interface AccountLids extends Omit<LidPnCache, "forgetAll" | "learn" | "own" | "refuse" | "watch"> {}

/**
 * The LID cache of an open account. Every call returns the same cache. Opens neither the Signal cache nor the
 * rest of the directory.
 */
export function lidCache(account: LidAccount): AccountLids {
  return learningLidCache(account);
}

/** As `lidCache`, for modules that move state with learnt mappings. */
export function learningLidCache(account: LidAccount): LidPnCache {
  const attached = attachedLids(account);
  attached.cache ??= openLidCache(account);
  return attached.cache;
}

function openLidCache(account: LidAccount): LidPnCache {
  const { host, store, device, writeBehind, caches = inProcessCaches, taskPrefix } = account;
  const build = (namespace: string): ValueCache<string, CachedMapping> =>
    caches.build<CachedMapping>({ name: "lidPn", namespace, host, taskPrefix });
  const byLid = build(CACHE_NAMESPACES.lidPnByLid);
  let byPn: typeof byLid;
  try {
    byPn = build(CACHE_NAMESPACES.lidPnByPn);
  } catch (error) {
    // Frees the cache names, so that a later call can try again.
    byLid.close?.();
    throw error;
  }
  const own = new OwnUsers();
  own.add(() => device.getDeviceSnapshot());
  const cache = new LidPnCache({
    reads: store,
    commit: (writes) => writeBehind.commitWith(writes),
    clock: host.clock,
    logger: host.logger,
    own,
    byLid,
    byPn,
  });
  measuredCaches(account).add("lidByLid", byLid);
  measuredCaches(account).add("lidByPn", byPn);
  account.onCommitted?.((writes) => cache.follow(writes));
  account.onIdentityChanged?.(() => cache.forgetAll());
  return cache;
}
