/** The class of an attached part. */
export type Attachable<T extends object> = abstract new (...args: never[]) => T;

/**
 * Parts of one account that are opened on demand (the Signal cache, the directory, a client's binding), at
 * most one of each class. The class is the key, so that a lookup is typed and the account imports no part.
 *
 * It only stores parts and does not close them.
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
   * Returns the part of this class. The first call creates it.
   *
   * @param kind The part's class, which is its key.
   * @param make Creates the part. When it throws, nothing is attached.
   */
  of<T extends object>(kind: Attachable<T>, make: () => T): T {
    const known = this.#parts.get(kind);
    // The key of a part is its class: `of` alone stores parts.
    if (known !== undefined) return known as T;
    if (typeof make !== "function") throw new TypeError("attach part: make is not a function");
    const part = make();
    this.#parts.set(kind, part);
    return part;
  }

  /** Returns the part of this class; `undefined` when there is none. */
  get<T extends object>(kind: Attachable<T>): T | undefined {
    return this.#parts.get(kind) as T | undefined;
  }
}

/**
 * The attachments of an open account.
 *
 * @param action What is done, for the error.
 * @throws {TypeError} When the value is not an open account, for example a promise of one.
 */
export function attachmentsOf(action: string, account: { readonly attachments: Attachments }): Attachments {
  const attachments = (account as { readonly attachments?: Attachments } | null | undefined)?.attachments;
  if (typeof attachments?.of !== "function")
    throw new TypeError(`${action}: not an open account, pass the result of "await openAccount(…)"`);
  return attachments;
}
