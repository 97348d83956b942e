import { BackendError, CorruptError, LimitError } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import { type Envelope, openEnvelope, sealEnvelope } from "./_envelope.ts";
import { NamespaceEpoch, randomId } from "./_namespace_epoch.ts";
import { SingleFlight } from "./_single_flight.ts";
import { StoreCalls } from "./_store_calls.ts";
import type { CacheCodec } from "./cache_codec.ts";
import type { CacheStore } from "./cache_store.ts";
import { KeyedLock } from "./keyed_lock.ts";
import { PortableCache } from "./portable_cache.ts";

/** Keys whose last write failed. More, and the namespace is invalidated as a whole. */
const MAX_DOUBTFUL = 1_000;

/**
 * Writes that may wait for their turn or for the store. Further ones are not made and leave their key
 * doubtful.
 */
const MAX_WRITES = 1_024;

/** What a doubtful key accepts when no write since has succeeded: no entry has this id. */
const NO_WRITE = 0n;

/** Options of a {@link StoredCache}. */
export interface StoredCacheOptions<K, V> {
  readonly store: CacheStore;
  readonly namespace: string;
  readonly host: Host;
  readonly codec: CacheCodec<V>;
  readonly nameOf: (key: K) => string;
  readonly ttlMs: number | undefined;
  readonly deadlineMs: number;
  readonly taskName: string;
}

/** Changes of one key that are under way. */
interface Writing {
  count: number;
  /** Place in the order of calls of the last change that was not made, for lack of room. */
  droppedAt: number;
}

/**
 * A cache in a store that may fail, hang, forget, or answer nonsense: reads that cannot be trusted are
 * misses, writes that fail are warnings, no call rejects for the store's sake.
 *
 * What is read is never older than what this process wrote, for as long as it lives:
 * - writes of a key go one after the other, and a key that is being written is a miss;
 * - after a write that failed, or was given up and may still arrive, the key is doubtful: only an entry of a
 *   later, successful write is accepted. Entries carry the id of their write for that;
 * - an invalidated namespace is read under a new epoch or not at all.
 */
export class StoredCache<K, V> {
  readonly #options: StoredCacheOptions<K, V>;
  readonly #calls: StoreCalls;
  readonly #epoch: NamespaceEpoch;
  readonly #flights = new SingleFlight<string>();
  readonly #locks = new KeyedLock();
  readonly #writing = new Map<string, Writing>();
  /**
   * Doubtful keys with the id of the one write that is accepted, for longer than what is doubted can live.
   */
  readonly #doubtful: PortableCache<string, bigint>;
  #writes = 0;
  #sequence = 0;

  constructor(options: StoredCacheOptions<K, V>) {
    const { store, namespace, host, taskName, deadlineMs, ttlMs } = options;
    const { clock, scheduler, random } = host;
    this.#options = options;
    this.#calls = new StoreCalls({ clock, scheduler, taskName, deadlineMs });
    const warn = (action: string, error: unknown) => this.#warn(action, error);
    this.#epoch = new NamespaceEpoch({ store, namespace, calls: this.#calls, clock, random, warn });
    this.#doubtful = new PortableCache({
      capacity: MAX_DOUBTFUL,
      clock,
      ttlMs: ttlMs === undefined ? undefined : 2 * ttlMs,
      onEvict: (_key, _id, reason) => {
        if (reason === "capacity") this.invalidateAll();
      },
    });
  }

  get(key: K): Promise<V | undefined> {
    return this.#read(this.#options.nameOf(key));
  }

  getWith<R extends V | undefined>(
    key: K,
    load: () => R | Promise<R>,
    signal: AbortSignal | undefined,
  ): Promise<V | R> {
    const name = this.#options.nameOf(key);
    const work = async (flight: { readonly attached: boolean }): Promise<V | R> => {
      const present = await this.#read(name);
      if (present !== undefined) return present;
      const value = await load();
      if (value !== undefined && flight.attached) await this.#write(name, value);
      return value;
    };
    return this.#flights.run(name, work, signal);
  }

  insert(key: K, value: V): Promise<void> {
    const name = this.#options.nameOf(key);
    this.#flights.detach(name);
    return this.#write(name, value);
  }

  invalidate(key: K): Promise<void> {
    const name = this.#options.nameOf(key);
    this.#flights.detach(name);
    return this.#delete(name);
  }

  invalidateAll(): void {
    this.#flights.detachAll();
    this.#doubtful.invalidateAll();
    this.#epoch.invalidate();
    void this.#epoch.current();
  }

  async clear(): Promise<boolean> {
    this.invalidateAll();
    return (await this.#epoch.current()) !== undefined;
  }

  async entryCount(): Promise<number> {
    const { store, namespace } = this.#options;
    try {
      const count = await this.#calls.run(async () => (await store.entryCount?.(namespace)) ?? 0);
      return Number.isSafeInteger(count) && count >= 0 ? count : 0;
    } catch (error) {
      this.#warn("count", error);
      return 0;
    }
  }

  close(): void {
    this.#calls.close();
  }

  async #read(name: string): Promise<V | undefined> {
    const { store, namespace, codec } = this.#options;
    if (this.#writing.has(name)) return undefined;
    const { invalidations } = this.#epoch;
    const epoch = await this.#epoch.current();
    if (epoch === undefined) return undefined;
    try {
      const bytes: unknown = await this.#calls.run(() => store.get(namespace, name));
      if (bytes === undefined || bytes === null) return undefined;
      const envelope = openEnvelope(namespace, name, bytes);
      if (envelope === undefined)
        throw new CorruptError("read cache store: not bytes that were written there");
      // What was doubtful under the epoch of this read is forgotten with it.
      if (invalidations !== this.#epoch.invalidations) return undefined;
      return this.#isAcceptable(name, envelope, epoch) ? codec.decode(envelope.payload) : undefined;
    } catch (error) {
      this.#warn("read", error);
      return undefined;
    }
  }

  #isAcceptable(name: string, envelope: Envelope, epoch: bigint): boolean {
    if (envelope.epoch !== epoch) {
      this.#epoch.doubt();
      return false;
    }
    if (this.#options.host.clock.nowMs() >= envelope.expiresAtMs) return false;
    return (this.#doubtful.get(name) ?? envelope.writeId) === envelope.writeId;
  }

  async #write(name: string, value: V): Promise<void> {
    const { store, namespace, host, codec, ttlMs } = this.#options;
    let payload: Uint8Array;
    try {
      payload = codec.encode(value);
    } catch (error) {
      // What is stored under the key is older than the value that was to replace it.
      this.#warn("encode", error);
      return this.#delete(name);
    }
    const writeId = randomId(host.random);
    const expiresAtMs = ttlMs === undefined ? Number.POSITIVE_INFINITY : host.clock.nowMs() + ttlMs;
    await this.#change(name, "write", writeId, (epoch) => {
      const bytes = sealEnvelope(namespace, name, { epoch, writeId, expiresAtMs, payload });
      return store.set(namespace, name, bytes, ttlMs);
    });
  }

  #delete(name: string): Promise<void> {
    const { store, namespace } = this.#options;
    return this.#change(name, "delete", NO_WRITE, () => store.delete(namespace, name));
  }

  /** One change of a key in the store, after those that were asked for before it. */
  async #change(
    name: string,
    action: string,
    writeId: bigint,
    call: (epoch: bigint) => Promise<void>,
  ): Promise<void> {
    const { invalidations } = this.#epoch;
    const sequence = ++this.#sequence;
    const writing = this.#writing.get(name) ?? { count: 0, droppedAt: 0 };
    if (this.#writes >= MAX_WRITES) {
      writing.droppedAt = sequence;
      this.#doubtful.insert(name, NO_WRITE);
      this.#warn(action, new LimitError(`write to cache store: ${MAX_WRITES} writes are waiting`));
      return;
    }
    this.#writing.set(name, writing);
    writing.count += 1;
    this.#writes += 1;
    try {
      await this.#locks.withKeys([name], async () => {
        const epoch = await this.#epoch.current();
        // Invalidated since: neither is there anything to delete, nor must this be written.
        if (invalidations !== this.#epoch.invalidations) return;
        if (epoch === undefined) throw new BackendError("write to cache store: no epoch is known");
        await this.#calls.run(() => call(epoch));
        if (writing.droppedAt < sequence && this.#doubtful.has(name)) this.#doubtful.insert(name, writeId);
      });
    } catch (error) {
      this.#doubtful.insert(name, NO_WRITE);
      this.#warn(action, error);
    } finally {
      this.#writes -= 1;
      writing.count -= 1;
      if (writing.count === 0) this.#writing.delete(name);
    }
  }

  /** Names of errors alone: messages of a store may carry keys, which are phone numbers. */
  #warn(action: string, error: unknown): void {
    const { host, namespace } = this.#options;
    const name = error instanceof Error ? error.name : typeof error;
    host.logger.log("warn", `cache store: ${action} failed`, { namespace, error: name });
  }
}
