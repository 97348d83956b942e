import type { Capabilities, CommitOptions, Committer, Write } from "../backend/mod.ts";

/** Commits by a committer. */
type Commit = (
  committer: Committer,
  writes: readonly Write[],
  options: CommitOptions | undefined,
) => Promise<number[]>;

/** A committer with another `commit`. A class, since each account has several. */
export class WrappedCommitter implements Committer {
  readonly #committer: Committer;
  readonly #commit: Commit;

  constructor(committer: Committer, commit: Commit) {
    this.#committer = committer;
    this.#commit = commit;
  }

  get capabilities(): Capabilities {
    return this.#committer.capabilities;
  }

  commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    return this.#commit(this.#committer, writes, options);
  }

  readOwner(): ReturnType<Committer["readOwner"]> {
    return this.#committer.readOwner();
  }

  close(): Promise<void> {
    return this.#committer.close();
  }
}
