import { type Backend, type CommitOptions, holdOf, type OwnerState } from "../backend/mod.ts";

/** How a commit ended. */
export interface CommitOutcome {
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** Writes of the commit, and rows that they changed. */
  readonly items: number;
  readonly rows: number;
  /** The owner that the commit has stored, if that is another one than before, and no hold. */
  readonly opened: OwnerState | undefined;
  /** Why it failed, if it did. */
  readonly error?: unknown;
}

/** Calls a function after each commit of a backend, however that ends. It must not throw. */
export function followCommits(
  backend: Backend,
  nowMs: () => number,
  onCommit: (outcome: CommitOutcome) => void,
): Backend {
  const commit = backend.commit.bind(backend);
  const opening = backend.opening?.bind(backend);
  const followed: Backend["commit"] = async (writes, options) => {
    const startedAtMs = nowMs();
    const outcome = { startedAtMs, items: writes.length, opened: openedBy(options) };
    try {
      const changed = await commit(writes, options);
      const rows = changed.reduce((sum, count) => sum + count, 0);
      onCommit({ ...outcome, rows, tookMs: nowMs() - startedAtMs });
      return changed;
    } catch (error) {
      onCommit({ ...outcome, rows: 0, tookMs: nowMs() - startedAtMs, error });
      throw error;
    }
  };
  // What opens an account far away commits by a view of its own.
  const view = opening === undefined ? {} : { opening: () => followCommits(opening(), nowMs, onCommit) };
  return Object.assign(backend, { commit: followed, ...view });
}

/** The owner of an opening. The owner that is stored may be sent again, under the next epoch. */
function openedBy(options: CommitOptions | undefined): OwnerState | undefined {
  const { owner, next } = options?.guard ?? {};
  return next === undefined || next.owner === owner || holdOf(next.owner) !== undefined ? undefined : next;
}
