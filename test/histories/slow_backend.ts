import { type Backend, type Committer, withCommitter } from "../../src/backend/mod.ts";
import type { SeededRandom } from "../../src/testing/mod.ts";

/** Most turns of the event loop that a call waits for, before it and after it. */
const MAX_TURNS = 4;

/** A backend whose calls wait before they are carried out, and before they are answered. */
export function slowBackend(backend: Backend, random: SeededRandom): Backend {
  const slow = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    await turns(random.below(MAX_TURNS));
    try {
      return await ask();
    } finally {
      await turns(random.below(MAX_TURNS));
    }
  };
  return changedBackend(backend, {
    commit: (writes, options) => slow(() => backend.commit(writes, options)),
    readOwner: () => slow(() => backend.readOwner()),
    read: (_, ask) => slow(ask),
  });
}

/** What may be changed of a backend. */
export interface Change extends Partial<Pick<Committer, "commit" | "readOwner">> {
  /** In place of a read. Answers that are streamed are left alone. */
  read?(name: string, ask: () => Promise<unknown>, args: readonly unknown[]): Promise<unknown>;
}

/** The same backend with some of its calls changed. */
export function changedBackend(backend: Backend, change: Change): Backend {
  const committer: Committer = {
    capabilities: backend.capabilities,
    close: () => backend.close(),
    commit: change.commit ?? ((writes, options) => backend.commit(writes, options)),
    readOwner: change.readOwner ?? (() => backend.readOwner()),
  };
  const reads = new Proxy(backend, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const { read } = change;
      if (read === undefined || String(name).startsWith("getAll")) return value.bind(target);
      return (...args: unknown[]) =>
        read(String(name), () => value.apply(target, args) as Promise<unknown>, args);
    },
  });
  return withCommitter(reads, committer);
}

/** Resolves after some turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
