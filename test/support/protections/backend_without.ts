import {
  type Backend,
  type CommitOptions,
  type Committer,
  type OwnerState,
  type Write,
  withCommitter,
} from "../../../src/backend/mod.ts";
import type { Host } from "../../../src/ports/mod.ts";
import type { Protection } from "./names.ts";

/** The same backend, without `epochBump`, `tokenCheck`, `senderKeyMarks` or `storedPreKeys`. */
export function backendWithout(
  backend: Backend,
  host: Pick<Host, "clock">,
  protections: readonly Protection[],
): Backend {
  if (protections.includes("epochBump")) return withoutEpochBump(backend, host);
  if (protections.includes("tokenCheck")) return withoutTokenCheck(backend, host);
  if (protections.includes("senderKeyMarks")) return withoutClearedMarks(backend, host);
  return protections.includes("storedPreKeys") ? withoutStoredPreKeys(backend) : backend;
}

/** Characters of an owner's token that are random: the others name the epoch. */
const RANDOM_CHARACTERS = 32;

/**
 * Tokens do not name the epoch. An opening that finds its own commits nothing, and goes on under the epoch
 * that is stored.
 */
function withoutTokenCheck(backend: Backend, { clock }: Pick<Host, "clock">): Backend {
  let isTaken = false;
  let ahead = 0;
  const committer: Committer = {
    capabilities: backend.capabilities,
    readOwner: async () => {
      const stored = await backend.readOwner();
      return stored && { ...stored, owner: withoutEpoch(stored.owner) };
    },
    close: () => backend.close(),
    async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
      const guard = options?.guard;
      if (guard === undefined) return await backend.commit(writes, options);
      const owner = guard.owner === undefined ? undefined : withoutEpoch(guard.owner);
      if (!isTaken && guard.next !== undefined && withoutEpoch(guard.next.owner) === owner) ahead = 1;
      const isTaking = !isTaken;
      isTaken = true;
      if (isTaking && ahead > 0) return [];
      const { minEpoch, maxEpoch, next } = guard;
      return await backend.commit(writes, {
        guard: {
          owner,
          minEpoch: minEpoch - ahead,
          maxEpoch: maxEpoch - ahead,
          next: next && { owner: withoutEpoch(next.owner), epoch: next.epoch - ahead },
        },
      });
    },
  };
  return withCommitter(backend, committer, { clock });
}

function withoutEpoch(owner: string): string {
  return owner.slice(0, RANDOM_CHARACTERS);
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

/** Marks are not cleared in a commit that changes a sender key. */
function withoutClearedMarks(backend: Backend, { clock }: Pick<Host, "clock">): Backend {
  const committer: Committer = {
    capabilities: backend.capabilities,
    readOwner: () => backend.readOwner(),
    close: () => backend.close(),
    async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
      const changesKey = writes.some(({ kind }) => kind === "senderKey.put" || kind === "senderKey.delete");
      if (!changesKey) return await backend.commit(writes, options);
      const kept = writes.filter(({ kind }) => kind !== "senderKeyDevices.clear");
      const changed = [...(await backend.commit(kept, options))];
      return writes.map((write) => (kept.includes(write) ? (changed.shift() ?? 0) : 0));
    },
  };
  return withCommitter(backend, committer, { clock });
}

/** Which pre-keys are stored is not found out. Those that are asked for one by one are. */
function withoutStoredPreKeys(backend: Backend): Backend {
  return new Proxy(backend, {
    get: (target, name) => {
      if (name === "loadPreKeys") return async () => [];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
