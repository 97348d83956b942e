/**
 * Protections against lost and repeated keys, each of which a test can leave out to show that it would
 * notice. The product has no switch for them: this module replaces methods of its classes, and wraps what is
 * handed to it.
 */
import { Account } from "../../../src/account/mod.ts";
import type { Backend, CommitOptions, Committer, OwnerState, Write } from "../../../src/backend/mod.ts";
import { withCommitter } from "../../../src/backend/mod.ts";
import type { Host } from "../../../src/ports/mod.ts";
import { CacheEntry, MUST } from "../../../src/signal/cache_entry.ts";
import { ColdLoads } from "../../../src/signal/cold_loads.ts";
import { CounterLease } from "../../../src/signal/counter_lease.ts";
import { type AnyEntry, DirtySet } from "../../../src/signal/dirty_set.ts";
import { RecordStore } from "../../../src/signal/record_store.ts";
import { SignalStoreCache } from "../../../src/signal/signal_store_cache.ts";
import { SweptUsers } from "../../../src/signal/swept_users.ts";

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
 * - `ownerEpoch`: randomness alone tells incarnations apart, and it may repeat.
 * - `tokenCheck`: an opening whose token is stored already takes it for its own.
 * - `staleRead`: a cold read may bring back what was replaced while it was under way.
 * - `strandedState`: state under the phone number of a known LID is not looked for.
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
  "ownerEpoch",
  "tokenCheck",
  "staleRead",
  "strandedState",
  "epochBump",
] as const;

export type Protection = (typeof PROTECTIONS)[number];

/**
 * Random bytes of the name of one incarnation of a cache. Nothing else draws as many where these protections
 * are left out.
 */
const INCARNATION_BYTES = 8;

/**
 * Leaves protections out, in every cache of this process, until what it returns is disposed of.
 * `fastForward`, `epochBump` and `tokenCheck` take `hostWithout` and `backendWithout` besides.
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
 * The same host. Without `fastForward` all incarnations of a cache have one name: each takes the rows of the
 * others for its own.
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

/** The owner epoch as a cache is told it. Without `ownerEpoch`, or without `fastForward`, always the same. */
export function ownerEpochWithout(ownerEpoch: number, protections: readonly Protection[]): number {
  return protections.some((name) => name === "ownerEpoch" || name === "fastForward") ? 0 : ownerEpoch;
}

/** The same backend, without `epochBump` or `tokenCheck`. */
export function backendWithout(
  backend: Backend,
  host: Pick<Host, "clock">,
  protections: readonly Protection[],
): Backend {
  if (protections.includes("epochBump")) return withoutEpochBump(backend, host);
  return protections.includes("tokenCheck") ? withoutTokenCheck(backend, host) : backend;
}

/** An opening that finds its own token commits nothing, and goes on under the epoch that is stored. */
function withoutTokenCheck(backend: Backend, { clock }: Pick<Host, "clock">): Backend {
  let isTaken = false;
  let ahead = 0;
  const committer: Committer = {
    capabilities: backend.capabilities,
    readOwner: () => backend.readOwner(),
    close: () => backend.close(),
    async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
      const guard = options?.guard;
      if (guard === undefined) return await backend.commit(writes, options);
      if (!isTaken && guard.next?.owner === guard.owner) ahead = 1;
      const isTaking = !isTaken;
      isTaken = true;
      if (isTaking && ahead > 0) return [];
      const { owner, minEpoch, maxEpoch, next } = guard;
      return await backend.commit(writes, {
        guard: {
          owner,
          minEpoch: minEpoch - ahead,
          maxEpoch: maxEpoch - ahead,
          next: next && { ...next, epoch: next.epoch - ahead },
        },
      });
    },
  };
  return withCommitter(backend, committer, { clock });
}

/** Every commit of an owner carries the epoch that it took, and none moves it on. */
function withoutEpochBump(backend: Backend, { clock }: Pick<Host, "clock">): Backend {
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
  ownerEpoch: sameOwnerEpoch,
  fastForward: sameOwnerEpoch,
  rewindRefusal: () => [replace(CounterLease.prototype, "isBehind", () => () => false)],
  preKeyCoupling: uncouplePreKeys,
  sendRefusal: () => [replace(SignalStoreCache.prototype, "sendable", () => async () => {})],
  failedGate: () => [replace(RecordStore.prototype, "forfeit", () => () => {})],
  staleRead: () => [replace(ColdLoads.prototype, "removed", () => () => {})],
  strandedState: () => [replace(SweptUsers.prototype, "has", () => () => true)],
};

/** Every account opens under the same owner epoch, as far as its cache knows. */
function sameOwnerEpoch(): Restore[] {
  const before = Object.getOwnPropertyDescriptor(Account.prototype, "ownerEpoch") as PropertyDescriptor;
  Object.defineProperty(Account.prototype, "ownerEpoch", { configurable: true, get: () => 0 });
  return [() => Object.defineProperty(Account.prototype, "ownerEpoch", before)];
}

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
function looseEntry(write: Write): AnyEntry {
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
