/** A running read. */
interface ColdLoad {
  /** The row may be older than an entry that was in the cache during the read. */
  isStale: boolean;
  /** Callers that wait, in order. */
  readonly waiters: Waiter[];
}

interface Waiter {
  /** Called while the key is in the cache. It must neither throw nor add entries to the cache. */
  readonly loaded: () => void;
  readonly failed: (error: unknown) => void;
}

/** The store whose rows are read. */
export interface ColdLoadTarget<Row> {
  /** Whether the key is in the cache. */
  readonly has: (key: string) => boolean;
  /** Reads rows, in the order of the keys. */
  readonly read: (keys: readonly string[]) => Promise<readonly (Row | undefined)[]>;
  /** Adds a row, or its absence, to the cache. */
  readonly install: (key: string, row: Row | undefined) => void;
}

/**
 * Reads of keys that are not in the cache, with at most one running read per key.
 *
 * A row is installed only if its key neither entered nor left the cache during the read. If the key is in the
 * cache, the cache is newer. If it entered and left, the row may be outdated and is read again.
 *
 * Waiting callers run at the moment when the key is in the cache: in a store full of dirty entries, the next
 * installed key may evict it.
 */
export class ColdLoads<Row> {
  readonly #target: ColdLoadTarget<Row>;
  readonly #loads = new Map<string, ColdLoad>();

  constructor(target: ColdLoadTarget<Row>) {
    this.#target = target;
  }

  /** Called when a key has left the cache. */
  removed(key: string): void {
    const load = this.#loads.get(key);
    if (load !== undefined) load.isStale = true;
  }

  /** Starts one read for the keys that are neither in the cache nor being read. */
  begin(keys: readonly string[]): void {
    const missing = [...new Set(keys)].filter((key) => !this.#target.has(key) && !this.#loads.has(key));
    if (missing.length === 0) return;
    for (const key of missing) this.#loads.set(key, { isStale: false, waiters: [] });
    void this.#read(missing);
  }

  /**
   * Runs `section` once the key, which must be absent now, is in the cache, and resolves with its result. A
   * failed read rejects and is not cached.
   */
  whenLoaded<Result>(key: string, section: () => Result): Promise<Result> {
    this.begin([key]);
    return new Promise((resolve, reject) => this.#wait(key, () => resolve(section()), reject));
  }

  /**
   * As `whenLoaded`, for many keys with one promise: a promise for each of thousands takes longer than to read
   * them. `section` is called for each key by its index; for those that are in the cache, before this returns.
   */
  whenAllLoaded<Result>(keys: readonly string[], section: (index: number) => Result): Promise<Result[]> {
    this.begin(keys);
    return new Promise((resolve, reject) => {
      const results = new Array<Result>(keys.length);
      let left = keys.length;
      const take = (index: number): void => {
        results[index] = section(index);
        left -= 1;
        if (left === 0) resolve(results);
      };
      if (left === 0) resolve(results);
      for (const [index, key] of keys.entries()) {
        const isTaken = this.#target.has(key) && this.#isTaken(key, () => take(index));
        if (!isTaken) this.#wait(key, () => take(index), reject);
      }
    });
  }

  /** Runs a section. Returns false when it has removed the key from the cache, which is read then. */
  #isTaken(key: string, section: () => void): boolean {
    try {
      section();
      return true;
    } catch (error) {
      if (this.#target.has(key)) throw error;
      this.begin([key]);
      return false;
    }
  }

  #wait(key: string, section: () => void, failed: (error: unknown) => void): void {
    const loaded = (): void => {
      try {
        section();
      } catch (error) {
        failed(error);
      }
    };
    this.#loads.get(key)?.waiters.push({ loaded, failed });
  }

  async #read(keys: readonly string[]): Promise<void> {
    try {
      const rows = await this.#target.read(keys);
      for (const [index, key] of keys.entries()) this.#arrived(key, rows[index]);
    } catch (error) {
      for (const key of keys) this.#end(key, ({ failed }) => failed(error));
    }
  }

  #arrived(key: string, row: Row | undefined): void {
    const load = this.#loads.get(key);
    if (load === undefined) return;
    if (!this.#target.has(key)) {
      if (load.isStale) {
        load.isStale = false;
        void this.#read([key]);
        return;
      }
      try {
        this.#target.install(key, row);
      } catch (error) {
        this.#end(key, ({ failed }) => failed(error));
        return;
      }
    }
    this.#end(key, ({ loaded }) => loaded());
  }

  #end(key: string, tell: (waiter: Waiter) => void): void {
    const load = this.#loads.get(key);
    this.#loads.delete(key);
    for (const waiter of load?.waiters ?? []) tell(waiter);
  }
}
