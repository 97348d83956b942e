/** A read under way. */
interface ColdLoad {
  /** Resolves when its outcome is in the cache. */
  readonly installed: Promise<void>;
  /** What it brings may be older than what was in the cache meanwhile. */
  isStale: boolean;
}

/** What a store does for its reads. */
export interface ColdLoadTarget<Row> {
  /** Whether the key is in the cache by now. */
  readonly has: (key: string) => boolean;
  /** Reads rows, in the order of the keys. */
  readonly read: (keys: readonly string[]) => Promise<readonly (Row | undefined)[]>;
  /** Puts a row, or the fact that there is none, into the cache. */
  readonly install: (key: string, row: Row | undefined) => void;
  /** Whether a stale answer is read again. Always, outside of tests. */
  readonly rereadsStale: boolean;
}

/**
 * Reads of keys that are not in the cache, one at a time for each key, whoever asks.
 *
 * A row that arrives is installed only if its key has neither come into the cache nor gone out of it since it was asked for.
 * If it came, the cache knows better. If it came and went, the row may be from before, and is read again.
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

  /**
   * Resolves when each of the keys has been in the cache at some time since the call. Those that nobody reads yet are read in one
   * call. A failed read is not remembered.
   */
  async load(keys: readonly string[]): Promise<void> {
    const missing = [...new Set(keys)].filter((key) => !this.#target.has(key) && !this.#loads.has(key));
    if (missing.length > 0) this.#start(missing);
    const underWay: Promise<void>[] = [];
    for (const key of keys) {
      const load = this.#loads.get(key);
      if (load !== undefined) underWay.push(load.installed);
    }
    await Promise.all(underWay);
  }

  #start(keys: readonly string[]): void {
    const rows = this.#target.read(keys);
    for (const [index, key] of keys.entries()) {
      const load: ColdLoad = {
        installed: rows.then((all) => this.#arrived(key, all[index])),
        isStale: false,
      };
      this.#loads.set(key, load);
      const done = () => {
        if (this.#loads.get(key) === load) this.#loads.delete(key);
      };
      load.installed.then(done, done);
    }
  }

  async #arrived(key: string, row: Row | undefined): Promise<void> {
    let latest = row;
    for (;;) {
      if (this.#target.has(key)) return;
      const load = this.#loads.get(key);
      if (load?.isStale !== true || !this.#target.rereadsStale) return this.#target.install(key, latest);
      load.isStale = false;
      latest = (await this.#target.read([key]))[0];
    }
  }
}
