/** The class of a part that is attached. */
export type Attachable<T extends object> = abstract new (...args: never[]) => T;

/**
 * Parts of one account that are opened on demand (the Signal cache, the directory, a client's binding), at
 * most one of each class. The class is the key, so that each part is found by its type, and the account needs
 * to know none of them.
 *
 * Only what is attached is held here: nothing is closed with it.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * class SeenGroups extends Set<string> {}
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * const seen = account.attachments.of(SeenGroups, () => new SeenGroups());
 * if (account.attachments.of(SeenGroups, () => new SeenGroups()) !== seen) throw new Error("it is one");
 * ```
 */
export class Attachments {
  readonly #parts = new Map<Attachable<object>, object>();

  /**
   * The part of this class. The first call makes it.
   *
   * @param kind The part's class, which is its key.
   * @param make Makes the part. When it throws, nothing is attached.
   */
  of<T extends object>(kind: Attachable<T>, make: () => T): T {
    const known = this.#parts.get(kind);
    // The key of a part is its class: `of` alone stores parts.
    if (known !== undefined) return known as T;
    const part = make();
    this.#parts.set(kind, part);
    return part;
  }

  /** The part of this class, `undefined` when none was made. */
  get<T extends object>(kind: Attachable<T>): T | undefined {
    return this.#parts.get(kind) as T | undefined;
  }
}
