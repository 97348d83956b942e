/**
 * Leaves protections out, for tests that show that they would notice. The product has no switch for them:
 * this module replaces methods of its classes, and `backend_without.ts` wraps what is handed to it.
 */
import { Account } from "../../../src/account/mod.ts";
import type { Write } from "../../../src/backend/mod.ts";
import { DeviceRegistry } from "../../../src/directory/devices/mod.ts";
import { SenderKeyDevices } from "../../../src/directory/groups/mod.ts";
import { OwnUsers } from "../../../src/directory/lid/mod.ts";
import type { Host } from "../../../src/ports/mod.ts";
import { SenderKeyRecord } from "../../../src/ratchet/mod.ts";
import { CacheEntry, MUST } from "../../../src/signal/cache_entry.ts";
import { ColdLoads } from "../../../src/signal/cold_loads.ts";
import { CounterLease } from "../../../src/signal/counter_lease.ts";
import { type AnyEntry, DirtySet } from "../../../src/signal/dirty_set.ts";
import { RecordStore } from "../../../src/signal/record_store.ts";
import { SignalStoreCache } from "../../../src/signal/signal_store_cache.ts";
import { SweptUsers } from "../../../src/signal/swept_users.ts";
import type { Protection } from "./names.ts";

/**
 * Random bytes of an incarnation's name. No other code draws that number of bytes in tests that remove these
 * protections.
 */
const INCARNATION_BYTES = 8;

/**
 * Leaves protections out, in every cache of this process, until what it returns is disposed of.
 * Some take `hostWithout` and `backendWithout` besides.
 */
export function leaveOut(protections: readonly Protection[]): Disposable {
  const restores = protections.flatMap((protection) => PATCHES[protection]?.() ?? []);
  return {
    [Symbol.dispose](): void {
      for (const restore of restores.reverse()) restore();
    },
  };
}

/**
 * Returns the host. Without `fastForward`, all incarnations of a cache have the same name, so each treats the
 * rows of the others as its own.
 */
export function hostWithout<H extends Host>(host: H, protections: readonly Protection[]): H {
  if (!protections.includes("fastForward")) return host;
  const { random } = host;
  const bytes = (count: number): Uint8Array => {
    const drawn = random.bytes(count);
    return count === INCARNATION_BYTES ? drawn.fill(0) : drawn;
  };
  return { ...host, random: { bytes } };
}

/** The owner epoch for a cache. Always the same without `ownerEpoch` or `fastForward`. */
export function ownerEpochWithout(ownerEpoch: number, protections: readonly Protection[]): number {
  return protections.some((name) => name === "ownerEpoch" || name === "fastForward") ? 0 : ownerEpoch;
}

type Restore = () => void;

/** Replaces methods of classes. Each returns functions that restore the originals. */
const PATCHES: Partial<Record<Protection, () => Restore[]>> = {
  generationCheck: () => [
    replace(DirtySet.prototype, "committed", (committed) => {
      return function (this: DirtySet, entry) {
        return committed.call(this, entry, entry.generation);
      };
    }),
  ],
  gate: () => [
    replace(CounterLease.prototype, "advance", (advance) => {
      return function (this: CounterLease, next, pauses) {
        advance.call(this, next, pauses);
        return false;
      };
    }),
  ],
  ownerEpoch: sameOwnerEpoch,
  fastForward: sameOwnerEpoch,
  rewindRefusal: () => [replace(CounterLease.prototype, "isBehind", () => () => false)],
  preKeyCoupling: uncouplePreKeys,
  sendRefusal: () => [replace(SignalStoreCache.prototype, "sendable", () => async () => {})],
  failedGate: () => [replace(RecordStore.prototype, "forfeit", () => () => {})],
  staleRead: () => [replace(ColdLoads.prototype, "removed", () => () => {})],
  strandedState: () => [replace(SweptUsers.prototype, "has", () => () => true)],
  mappingMove: () => [
    replace(SignalStoreCache.prototype, "moveUsers", (moveUsers) => {
      return function (this: AnyCache, _users, options) {
        return moveUsers.call(this, [], options);
      };
    }),
  ],
  ownPair: () => [
    replace(OwnUsers.prototype, "judge", () => (mappings) => ({ accepted: mappings, refusals: [] })),
  ],
  senderKeyMerge: () => [replace(SenderKeyRecord.prototype, "absorb", () => () => {})],
  senderKeyMarks: () => [replace(SenderKeyDevices.prototype, "lost", () => () => {})],
  identityWipe: () => [
    replace(SignalStoreCache.prototype, "deleteSessions", (deleteSessions) => {
      return function (this: AnyCache, _selection, writes) {
        return deleteSessions.call(this, { users: [], where: () => false }, writes);
      };
    }),
  ],
  listTimestamp: listsCountAlways,
  identityConflict: () => [
    replace(Account.prototype, "commitWith", () => {
      return function (this: Account, writes) {
        return this.writeBehind.commitWith(writes);
      };
    }),
  ],
};

type AnyCache = SignalStoreCache<unknown, unknown>;

/** Every device list is newer than the one before. */
function listsCountAlways(): Restore[] {
  let nowS = 2 ** 32;
  return [
    replace(DeviceRegistry.prototype, "update", (update) => {
      return function (this: DeviceRegistry, synced) {
        nowS += 1;
        return update.call(
          this,
          synced.map((list) => ({ ...list, timestamp: nowS })),
        );
      };
    }),
  ];
}

/** Every cache gets the same owner epoch. */
function sameOwnerEpoch(): Restore[] {
  const before = Object.getOwnPropertyDescriptor(Account.prototype, "ownerEpoch") as PropertyDescriptor;
  Object.defineProperty(Account.prototype, "ownerEpoch", { configurable: true, get: () => 0 });
  return [() => Object.defineProperty(Account.prototype, "ownerEpoch", before)];
}

/** Writes the removal of a pre-key alone, as soon as its session has changed. */
function uncouplePreKeys(): Restore[] {
  const sets = new WeakMap<AnyEntry, DirtySet>();
  return [
    replace(DirtySet.prototype, "change", (change) => {
      return function (this: DirtySet, entry, urgency) {
        sets.set(entry, this);
        change.call(this, entry, urgency);
      };
    }),
    replace(CacheEntry.prototype as AnyEntry, "addRider", (addRider) => {
      return function (this: AnyEntry, write) {
        const dirty = write.kind === "preKey.remove" ? sets.get(this) : undefined;
        if (dirty === undefined) addRider.call(this, write);
        else dirty.change(looseEntry(write), MUST);
      };
    }),
  ];
}

/** An entry outside any store, with this write only. */
function looseEntry(write: Write): AnyEntry {
  const owner = {
    becameDirty(): void {},
    becameClean(): void {},
    settle(): void {},
    overtake(): void {},
    forfeit(): void {},
    packs: false,
    pack(): void {},
    unpack: (packed: Uint8Array) => packed,
    evict(): void {},
    snapshot: () => ({ writes: [write], riders: [], stored: true }),
  };
  return new CacheEntry<unknown>(owner, "", `loose:${JSON.stringify(write)}`);
}

function replace<T, Name extends keyof T>(
  target: T,
  name: Name,
  make: (before: T[Name]) => T[Name],
): Restore {
  const before = target[name];
  target[name] = make(before);
  return () => {
    target[name] = before;
  };
}
