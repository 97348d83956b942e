/**
 * Mutual exclusion by key, in process: at most one holder per key, in the order of the calls. A key that is
 * free or waits for takes no memory.
 *
 * The lock is not re-entrant: asking for a key inside its own section never ends. A caller that needs several
 * keys asks for them in one call; they are taken in one fixed order, so that two such calls never wait for
 * each other.
 */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** The keys that are held or waited for at this moment. */
  get keys(): readonly string[] {
    return [...this.#tails.keys()];
  }

  /** Runs `section` while holding every one of `keys`, and releases them however it ends. */
  async withKeys<T>(keys: readonly string[], section: () => Promise<T>): Promise<T> {
    const releases: (() => void)[] = [];
    try {
      for (const key of [...new Set(keys)].sort()) releases.push(await this.#acquire(key));
      return await section();
    } finally {
      for (const release of releases) release();
    }
  }

  /**
   * Runs `section` under the lock of the key that `resolve` names, resolved inside the lock: when the answer
   * has changed by the time the lock is held (a phone number became a LID), the lock is let go and taken
   * again.
   */
  async withResolvedKey<T>(resolve: () => Promise<string>, section: (key: string) => Promise<T>): Promise<T> {
    for (let key = await resolve(); ; ) {
      const release = await this.#acquire(key);
      try {
        const resolved = await resolve();
        if (resolved === key) return await section(key);
        key = resolved;
      } finally {
        release();
      }
    }
  }

  async #acquire(key: string): Promise<() => void> {
    const before = this.#tails.get(key);
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tail = before === undefined ? held : before.then(() => held);
    this.#tails.set(key, tail);
    await before;
    return () => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
      release();
    };
  }
}
