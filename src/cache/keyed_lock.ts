import { requireFunction, requireList, requireType } from "../errors/mod.ts";

/**
 * Mutual exclusion by key, in process: at most one holder per key, in the order of the calls. A free key
 * takes no memory.
 *
 * The lock is not re-entrant: acquiring a key inside its own section deadlocks. A caller that needs several
 * keys passes them in one call; they are acquired in a fixed order, so that two such calls never deadlock.
 */
export class KeyedLock {
  /** `undefined` until the first use. */
  #tails: Map<string, Promise<void>> | undefined;

  /** The keys that are held or waited for. */
  get keys(): readonly string[] {
    return [...(this.#tails?.keys() ?? [])];
  }

  /** Runs `section` while holding all `keys`, and releases them when it resolves or rejects. */
  async withKeys<T>(keys: readonly string[], section: () => Promise<T>): Promise<T> {
    for (const key of requireList("keys", keys)) requireType("a key", key, "string");
    requireFunction("section", section);
    const releases: (() => void)[] = [];
    try {
      for (const key of [...new Set(keys)].sort()) releases.push(await this.#acquire(key));
      return await section();
    } finally {
      for (const release of releases) release();
    }
  }

  /**
   * Runs `section` under the lock of the key that `resolve` returns. It resolves the key again inside the
   * lock: when the key has changed (a phone number became a LID), it releases the lock and acquires the new
   * one.
   */
  async withResolvedKey<T>(resolve: () => Promise<string>, section: (key: string) => Promise<T>): Promise<T> {
    requireFunction("resolve", resolve);
    requireFunction("section", section);
    for (let key = await resolve(); ; ) {
      // A key that does not equal itself would be resolved forever.
      requireType("the key", key, "string");
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
    this.#tails ??= new Map();
    const tails = this.#tails;
    const before = tails.get(key);
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tail = before === undefined ? held : before.then(() => held);
    tails.set(key, tail);
    await before;
    return () => {
      if (tails.get(key) === tail) tails.delete(key);
      release();
    };
  }
}
