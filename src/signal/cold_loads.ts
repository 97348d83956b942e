/** A read under way. */
interface ColdLoad {
  /** What it brings may be older than what was in the cache meanwhile. */
  isStale: boolean;
  /** Who waits for it, in order. */
  readonly waiters: Waiter[];
}

interface Waiter {
  /** Called while the key is in the cache. It must not throw, nor put anything into the cache. */
  readonly loaded: () => void;
  readonly failed: (error: unknown) => void;
}

/** What a store does for its reads. */
export interface ColdLoadTarget<Row> {
  /** Whether the key is in the cache by now. */
  readonly has: (key: string) => boolean;
  /** Reads rows, in the order of the keys. */
  readonly read: (keys: readonly string[]) => Promise<readonly (Row | undefined)[]>;
  /** Puts a row, or the fact that there is none, into the cache. */
  readonly install: (key: string, row: Row | undefined) => void;
}

/**
 * Reads of keys that are not in the cache, one at a time for each key, whoever asks.
 *
 * A row that arrives is installed only if its key has neither come into the cache nor gone out of it since it
 * was asked for. If it came, the cache knows better. If it came and went, the row may be from before, and is
 * read again.
 *
 * Who waits for a key is served at the moment when it is in the cache: in a store that is full of dirty
 * entries the next key that arrives would drive it out again.
 */
export class ColdLoads<Row> {
  readonly #target: ColdLoadTarget<Row>;
  readonly #loads = new Map<string, ColdLoad>();

  constructor(target: ColdLoadTarget<Row>) {
    this.#target = target;
  }

  /** Notes that a key has left the cache. */
  removed(key: string): void {
    const load = this.#loads.get(key);
    if (load !== undefined) load.isStale = true;
  }

  /** Begins to read, in one call, those of the keys that are not in the cache and that nobody reads yet. */
  begin(keys: readonly string[]): void {
    const missing = [...new Set(keys)].filter((key) => !this.#target.has(key) && !this.#loads.has(key));
    if (missing.length === 0) return;
    for (const key of missing) this.#loads.set(key, { isStale: false, waiters: [] });
    void this.#read(missing);
  }

  /**
   * Runs `section` when the key is in the cache, which it is not now, and resolves with its answer. A failed
   * read rejects and is not remembered.
   */
  whenLoaded<Result>(key: string, section: () => Result): Promise<Result> {
    this.begin([key]);
    return new Promise((resolve, reject) => {
      const loaded = (): void => {
        try {
          resolve(section());
        } catch (error) {
          reject(error);
        }
      };
      this.#loads.get(key)?.waiters.push({ loaded, failed: reject });
    });
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
