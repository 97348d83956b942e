/** A call that waits for keys. */
interface Call {
  /** Called once for each key, by its index, while the key is in the cache. It must not add entries to it. */
  loaded(index: number): void;
  failed(error: unknown): void;
}

/** A running read, with the call that began it. */
interface ColdLoad {
  /** The row may be older than an entry that was in the cache during the read. */
  isStale: boolean;
  readonly call: Call;
  readonly index: number;
  /** Later calls, in order. */
  others: { readonly call: Call; readonly index: number }[] | undefined;
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

  /**
   * Runs `section` once the key, which must be absent now, is in the cache, and resolves with its result. A
   * failed read rejects and is not cached.
   */
  whenLoaded<Result>(key: string, section: () => Result): Promise<Result> {
    return new Promise((resolve, failed) => {
      this.#wait(key, { loaded: () => resolve(section()), failed }, 0);
    });
  }

  /**
   * As `whenLoaded`, for many keys with one promise and one read: what is made for each of thousands takes
   * longer than to read them. `section` is called for each key by its index; for those that are in the cache,
   * before this returns.
   */
  whenAllLoaded<Result>(keys: readonly string[], section: (index: number) => Result): Promise<Result[]> {
    return new Promise((resolve, failed) => {
      const results = new Array<Result>(keys.length);
      let left = keys.length;
      if (left === 0) resolve(results);
      const loaded = (index: number): void => {
        results[index] = section(index);
        left -= 1;
        if (left === 0) resolve(results);
      };
      const call: Call = { loaded, failed };
      const missing: string[] = [];
      for (let index = 0; index < keys.length; index += 1) {
        const key = keys[index] as string;
        if (!this.#target.has(key) || !this.#isTaken(key, call, index)) this.#wait(key, call, index, missing);
      }
      if (missing.length > 0) void this.#read(missing);
    });
  }

  /** Tells a call of a key. Returns false when that has removed the key from the cache: it is read then. */
  #isTaken(key: string, call: Call, index: number): boolean {
    try {
      call.loaded(index);
    } catch (error) {
      if (!this.#target.has(key)) return false;
      call.failed(error);
    }
    return true;
  }

  /**
   * Waits for a key, and reads it unless that is under way. @param missing Gets the key in place of the read.
   */
  #wait(key: string, call: Call, index: number, missing?: string[]): void {
    const load = this.#loads.get(key);
    if (load === undefined) {
      this.#loads.set(key, { isStale: false, call, index, others: undefined });
      if (missing === undefined) void this.#read([key]);
      else missing.push(key);
    } else {
      load.others ??= [];
      load.others.push({ call, index });
    }
  }

  async #read(keys: readonly string[]): Promise<void> {
    try {
      const rows = await this.#target.read(keys);
      for (let index = 0; index < keys.length; index += 1) this.#arrived(keys[index] as string, rows[index]);
    } catch (error) {
      for (const key of keys) this.#end(key, { error });
    }
  }

  #arrived(key: string, row: Row | undefined): void {
    const load = this.#loads.get(key);
    if (load === undefined) return;
    let failure: { readonly error: unknown } | undefined;
    if (!this.#target.has(key)) {
      if (load.isStale) {
        load.isStale = false;
        void this.#read([key]);
        return;
      }
      try {
        this.#target.install(key, row);
      } catch (error) {
        failure = { error };
      }
    }
    this.#end(key, failure);
  }

  #end(key: string, failure: { readonly error: unknown } | undefined): void {
    const load = this.#loads.get(key);
    if (load === undefined) return;
    this.#loads.delete(key);
    tell(load, failure);
    for (const other of load.others ?? []) tell(other, failure);
  }
}

function tell(
  { call, index }: Pick<ColdLoad, "call" | "index">,
  failure: { readonly error: unknown } | undefined,
): void {
  if (failure !== undefined) call.failed(failure.error);
  else {
    try {
      call.loaded(index);
    } catch (error) {
      call.failed(error);
    }
  }
}
