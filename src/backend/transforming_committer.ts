import type { Capabilities, CommitOptions, Committer, OwnerState } from "./backend.ts";
import { requireSize } from "./validate_write.ts";
import { transformWrites, type ValueTransform } from "./value_transform.ts";
import type { Write } from "./write.ts";

/** Transforms every stored value of commits. */
export class TransformingCommitter implements Committer {
  readonly #committer: Committer;
  readonly #values: ValueTransform;
  /** Settles when the values of every commit so far are transformed. */
  #transformed: Promise<unknown> = Promise.resolve();

  constructor(committer: Committer, values: ValueTransform) {
    this.#committer = committer;
    this.#values = values;
  }

  /** Lowers the size limit by the overhead of the transform. */
  get capabilities(): Capabilities {
    const { capabilities } = this.#committer;
    return { ...capabilities, maxValueBytes: capabilities.maxValueBytes - this.#values.overheadBytes };
  }

  /** Keeps commits in the order of their calls, however long each transform takes. */
  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    const transform = Promise.resolve(transformWrites(writes, this.#values));
    const turn = this.#transformed;
    this.#transformed = Promise.allSettled([turn, transform]);
    await turn;
    const stored = await transform;
    for (const [index, write] of stored.entries()) requireSize(write, this.#committer.capabilities, index);
    return await this.#committer.commit(stored, options);
  }

  readOwner(): Promise<OwnerState | undefined> {
    return this.#committer.readOwner();
  }

  close(): Promise<void> {
    return this.#committer.close();
  }
}
