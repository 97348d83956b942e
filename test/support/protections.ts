/**
 * Protections against lost and repeated keys, each of which a test can leave out to show that it would notice. The product has no
 * switch for them: this module replaces methods of its classes, and wraps what is handed to it.
 */
import type { Backend, CommitOptions, Committer, OwnerState, Write } from "../../src/backend/mod.ts";
import { withCommitter } from "../../src/backend/mod.ts";
import type { Host } from "../../src/ports/mod.ts";
import { CacheEntry, MUST, type SignalWrite } from "../../src/signal/cache_entry.ts";
import { ColdLoads } from "../../src/signal/cold_loads.ts";
import { CounterLease } from "../../src/signal/counter_lease.ts";
import { type AnyEntry, DirtySet } from "../../src/signal/dirty_set.ts";
import { RecordStore } from "../../src/signal/record_store.ts";
import { SignalStoreCache } from "../../src/signal/signal_store_cache.ts";

/**
 * What happens without each of them:
 *
 * - `generationCheck`: a flush cleans what it collected, even if it has changed since.
 * - `gate`: a put past the lease does not wait for its commit.
 * - `fastForward`: a load of another incarnation's record burns nothing.
 * - `rewindRefusal`: a put may go back on its chain.
 * - `preKeyCoupling`: a pre-key is removed without waiting for its session.
 * - `sendRefusal`: a message's key is taken though it cannot be published.
 * - `failedGate`: keys of messages that could not be published do not count as burned.
 * - `staleRead`: a cold read may bring back what was replaced while it was under way.
 * - `epochBump`: a commit whose answer was lost is sent again under the same epoch.
 */
export const PROTECTIONS = [
  "generationCheck",
  "gate",
  "fastForward",
  "rewindRefusal",
  "preKeyCoupling",
  "sendRefusal",
  "failedGate",
  "staleRead",
  "epochBump",
] as const;

export type Protection = (typeof PROTECTIONS)[number];

/** Random bytes of the name of one incarnation of a cache. Nothing else draws as many. */
const INCARNATION_BYTES = 12;

/**
 * Leaves protections out, in every cache of this process, until what it returns is disposed of. `fastForward` and `epochBump` are left
 * out by `hostWithout` and `backendWithout`.
 */
export function leaveOut(protections: readonly Protection[]): Disposable {
  const restores = protections.flatMap((protection) => PATCHES[protection]?.() ?? []);
  return {
    [Symbol.dispose](): void {
      for (const restore of restores.reverse()) restore();
    },
  };
}

/** The same host. Without `fastForward` all incarnations of a cache have one name: each takes the rows of the others for its own. */
export function hostWithout<H extends Host>(host: H, protections: readonly Protection[]): H {
  if (!protections.includes("fastForward")) return host;
  const { random } = host;
  const bytes = (count: number): Uint8Array => {
    const drawn = random.bytes(count);
    return count === INCARNATION_BYTES ? drawn.fill(0) : drawn;
  };
  return { ...host, random: { bytes } };
}

/** The same backend. Without `epochBump` every commit of an owner carries the epoch that it took, and none moves it on. */
export function backendWithout(
  backend: Backend,
  { clock }: Pick<Host, "clock">,
  protections: readonly Protection[],
): Backend {
  if (!protections.includes("epochBump")) return backend;
  let taken: OwnerState | undefined;
  const committer: Committer = {
    capabilities: backend.capabilities,
    readOwner: () => backend.readOwner(),
    close: () => backend.close(),
    commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
      const guard = options?.guard;
      if (guard === undefined) return backend.commit(writes, options);
      if (guard.owner !== taken?.owner || taken === undefined) {
        taken = guard.next;
        return backend.commit(writes, options);
      }
      const { owner, epoch } = taken;
      return backend.commit(writes, { guard: { owner, minEpoch: epoch, maxEpoch: epoch } });
    },
  };
  return withCommitter(backend, committer, { clock });
}

type Restore = () => void;

/** Replaces methods of classes. Each returns how to restore what was there. */
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
  rewindRefusal: () => [replace(CounterLease.prototype, "isBehind", () => () => false)],
  preKeyCoupling: uncouplePreKeys,
  sendRefusal: () => [replace(SignalStoreCache.prototype, "sendable", () => async () => {})],
  failedGate: () => [replace(RecordStore.prototype, "forfeit", () => () => {})],
  staleRead: () => [replace(ColdLoads.prototype, "removed", () => () => {})],
};

/** Writes the removal of a pre-key by itself, as soon as its session has changed. */
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

/** An entry of no store, whose only write is this one. */
function looseEntry(write: SignalWrite): AnyEntry {
  const owner = {
    becameDirty(): void {},
    becameClean(): void {},
    overtake(): void {},
    forfeit(): void {},
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
