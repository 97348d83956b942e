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

/** Maximum number of keys whose last write failed. Beyond it, the whole namespace is invalidated. */
const MAX_DOUBTFUL = 1_000;

/** Maximum number of waiting or running writes. Further writes are dropped and make their key doubtful. */
const MAX_WRITES = 1_024;

/** Marks a doubtful key without a later successful write: no entry has this id. */
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

/** Running changes of one key. */
interface Writing {
  count: number;
  /** Sequence number of the last change that was dropped for lack of room. */
  droppedAt: number;
}

/**
 * A cache in a store that may fail, hang, lose entries or return wrong bytes: an invalid read is a miss, a
 * failed write is a warning, and no call rejects because of the store.
 *
 * A read never returns a value older than the last write of this process:
 * - writes of a key run in sequence, and a key that is being written is a miss;
 * - after a write that failed or missed its deadline, the key is doubtful: reads accept only the entry of a
 *   later, successful write, by the write id in each entry;
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
   * Doubtful keys with the id of the only accepted write. They are kept for longer than the doubted entry can
   * live.
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
        throw new CorruptError("read cache store: the bytes are not an entry of this key");
      // `invalidateAll` has cleared the doubtful keys that this read has to check.
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
      // The stored value is older than the one that cannot be encoded.
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

  /** Makes one change of a key in the store, after earlier changes of the key. */
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
        // The namespace was invalidated after the call: the stored entry is invalid, and this one must not be
        // written.
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

  /** Logs only the name of an error: messages of a store may contain keys, which are phone numbers. */
  #warn(action: string, error: unknown): void {
    const { host, namespace } = this.#options;
    const name = error instanceof Error ? error.name : typeof error;
    host.logger.log("warn", `cache store: ${action} failed`, { namespace, error: name });
  }
}
