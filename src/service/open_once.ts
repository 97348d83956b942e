/**
 * A resource that its first use opens and all uses share. A failed opening is forgotten, so that the next use
 * tries again.
 */
export class OpenOnce<T> {
  readonly #open: () => Promise<T>;
  #opening: Promise<T> | undefined;

  constructor(open: () => Promise<T>) {
    this.#open = open;
  }

  /** Returns the resource, opened if it is not open. @throws Errors of the opening. */
  async get(): Promise<T> {
    this.#opening ??= this.#open();
    const opening = this.#opening;
    try {
      return await opening;
    } catch (error) {
      if (this.#opening === opening) this.#opening = undefined;
      throw error;
    }
  }

  /**
   * Waits for a running opening, then returns the resource if it is open, and forgets it. The caller closes
   * it.
   */
  async take(): Promise<T | undefined> {
    const opening = this.#opening;
    this.#opening = undefined;
    return await opening?.catch(() => undefined);
  }
}
