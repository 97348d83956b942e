import type { SignalCacheReads } from "../backend/mod.ts";
import type { CacheSize } from "../cache/mod.ts";
import type { Host } from "../ports/mod.ts";
import type { LiveRecordCodec } from "../ratchet/mod.ts";
import type { WriteBehind } from "../write_behind/mod.ts";
import type { Durability } from "./counter_lease.ts";
import type { EntryMemory } from "./entry_memory.ts";
import type { SignalCacheCounts } from "./signal_events.ts";
import type { UserMappings } from "./state_places.ts";

/** The part of the flush engine that the cache uses. */
export type SignalCacheEngine = Pick<
  WriteBehind,
  | "assertOpen"
  | "assertUsable"
  | "commitWith"
  | "flush"
  | "flushOnly"
  | "idleMs"
  | "isHalted"
  | "notify"
  | "ready"
>;

/** Options of `SignalStoreCache.sendable`. */
export interface SendableOptions {
  /** Counters that the message takes. Defaults to 1. Baileys takes two for each group message. */
  readonly steps?: number | undefined;
}

/** Options of `SignalStoreCache`. */
export interface SignalStoreCacheOptions<S, K> {
  /** Reads of entries that are not in memory. */
  readonly reads: SignalCacheReads;
  /** Writes dirty entries. Add the cache's `flushable` to it. */
  readonly engine: SignalCacheEngine;
  readonly host: Pick<Host, "clock" | "random" | "logger">;
  readonly sessionCodec: LiveRecordCodec<S>;
  readonly senderKeyCodec: LiveRecordCodec<K>;
  /** Returns whether a sender key name is our own. An invalid own sender key is an error and not absent. */
  readonly isOwnSenderKey: (name: string) => boolean;
  /**
   * The mappings between phone numbers and LIDs. State is kept under the LID if its mapping is known. Without
   * this option addresses are not mapped.
   */
  readonly users?: UserMappings | undefined;
  /** Defaults to `strict`. */
  readonly durability?: Durability | undefined;
  /** Memory that other caches share. Defaults to that of `maxBytes` or `capacity`. */
  readonly memory?: EntryMemory | undefined;
  /** See `SignalPolicy.maxBytes`. */
  readonly maxBytes?: number | undefined;
  /** See `SignalPolicy.capacity`. */
  readonly capacity?: number | undefined;
  /**
   * Number of restores of the database from a backup, 0 … 2^32−1. Defaults to 0. After a restore, pass a
   * greater number than ever before, and keep passing it: the bounds of rows written under a smaller number
   * do not cover messages sent after the backup. So sessions of then are closed when they are read, and kept
   * for receiving, and our own sender keys are removed with the marks of their groups.
   */
  readonly restoreEpoch?: number | undefined;
  /**
   * Owner epoch, which grows with each opening of the account. It is part of the incarnation's name, so that
   * two runs of a cloned machine with repeated randomness have different names. Defaults to 0.
   */
  readonly ownerEpoch?: number | undefined;
}

/** Statistics of a cache. */
export interface SignalCacheStats extends SignalCacheCounts {
  /** Reads that were answered from memory. */
  readonly hits: number;
  /** Reads that had to wait for the store. */
  readonly misses: number;
  /** Sessions in memory. */
  readonly sessions: number;
  /** Sender keys in memory. */
  readonly senderKeys: number;
  /** Identity keys in memory. */
  readonly identities: number;
  /** Estimated heap of the entries, in bytes. With the option `capacity`, their number. */
  readonly heapBytes: number;
  /** Entries that are not durable. */
  readonly dirty: number;
  /** Entries whose gate is closed. */
  readonly gated: number;
  /** Entries that are not durable and have a lease: they may have sent below its bound. */
  readonly leased: number;
  /** What each store holds in memory. */
  readonly caches: Readonly<Record<"identities" | "senderKeys" | "sessions", CacheSize>>;
}
