import type { Backend, CommitOptions, OwnerGuard, Write } from "../../src/backend/mod.ts";
import { FencedError } from "../../src/errors/mod.ts";
import type { Around } from "./services.ts";
import { changedBackend, turns } from "./slow_backend.ts";

/** Turns after which a faulty service catches up with what it has answered. */
const BEHIND = 5;

/** Every how many commits are forgotten. */
const FORGETS = 9;

/** What a service does wrong with the backend of an account. */
export const FAULTS: Readonly<Record<string, Around>> = {
  "answers a commit before it is applied": (backend) =>
    changedBackend(backend, {
      commit: async (writes, options) => {
        if (options?.guard?.next !== undefined) return await backend.commit(writes, options);
        void turns(BEHIND)
          .then(() => backend.commit(writes, options))
          .catch(() => {});
        return writes.map(() => 1);
      },
    }),

  "answers reads from a cache that a commit leaves as it is": (backend) => {
    const known = new Map<string, unknown>();
    return changedBackend(backend, {
      commit: async (writes, options) => {
        const changed = await backend.commit(writes, options);
        void turns(BEHIND).then(() => known.clear());
        return changed;
      },
      read: async (name, ask, args) => {
        const key = JSON.stringify([name, args]);
        if (!known.has(key)) known.set(key, await ask());
        return known.get(key);
      },
    });
  },

  "applies the writes of a commit one by one": (backend) =>
    changedBackend(backend, {
      commit: async (writes, options) => {
        if (writes.length < 2 || options?.guard?.next !== undefined)
          return await backend.commit(writes, options);
        const changed: number[] = [];
        for (const write of writes) {
          changed.push(...(await backend.commit([write], options)));
          await turns(1);
        }
        return changed;
      },
    }),

  "applies commits of former owners": (backend) =>
    changedBackend(backend, {
      commit: (writes, options) =>
        backend.commit(writes, options).catch((error: unknown) => {
          if (!(error instanceof FencedError) || options?.guard?.next !== undefined) throw error;
          return backend.commit(writes);
        }),
    }),

  "looks at the owner before a commit and not with it": (backend) =>
    changedBackend(backend, {
      commit: async (writes, options) => {
        const guard = options?.guard;
        if (guard === undefined || guard.next !== undefined) return await backend.commit(writes, options);
        await requireOwner(backend, guard);
        await turns(BEHIND);
        return await backend.commit(writes);
      },
    }),

  "applies a commit more than once": (backend) =>
    changedBackend(backend, {
      commit: async (writes, options) => {
        const changed = await backend.commit(writes, options);
        // Behind what others have committed since, whose order depends on the machine.
        for (const behind of [BEHIND, 2 * BEHIND, 4 * BEHIND])
          void turns(behind).then(() => again(backend, writes));
        return changed;
      },
    }),

  "forgets a commit now and then": (backend) => {
    let commits = 0;
    const isForgotten = (options: CommitOptions | undefined): boolean => {
      if (options?.guard?.next !== undefined) return false;
      commits += 1;
      return commits % FORGETS === 0;
    };
    return changedBackend(backend, {
      commit: async (writes, options) =>
        isForgotten(options) ? writes.map(() => 1) : await backend.commit(writes, options),
    });
  },

  "lets a takeover leave the epoch as it was": (backend) =>
    changedBackend(backend, {
      commit: async (writes, options) => {
        const guard = options?.guard;
        if (guard?.next === undefined || guard.next.owner !== guard.owner)
          return await backend.commit(writes, options);
        return await backend.commit(writes, { guard: { ...guard, next: undefined } });
      },
    }),
};

async function requireOwner(backend: Backend, { owner, minEpoch, maxEpoch }: OwnerGuard): Promise<void> {
  const stored = await backend.readOwner();
  const epoch = stored?.epoch ?? 0;
  if (stored?.owner !== owner || epoch < minEpoch || epoch > maxEpoch)
    throw new FencedError("commit: a later owner exists");
}

async function again(backend: Backend, writes: readonly Write[]): Promise<void> {
  await backend.commit(writes.filter(({ kind }) => kind.startsWith("session"))).catch(() => {});
}
