import type { Clock, Random } from "../ports/mod.ts";
import { openEnvelope, sealEnvelope } from "./_envelope.ts";
import type { StoreCalls } from "./_store_calls.ts";
import type { CacheStore } from "./cache_store.ts";

/** Namespace that stores the epochs of all other namespaces, each under the namespace's name. */
const EPOCHS = "cache_epoch";

/**
 * How long a read epoch counts as current, in milliseconds: the longest delay until one process sees an
 * invalidation by another.
 */
const FRESH_MS = 5_000;

/**
 * After a read of an entry with another epoch, the epoch is read again if its last read is older than this,
 * in milliseconds.
 */
const DOUBTED_FRESH_MS = 250;

/** Options of a {@link NamespaceEpoch}. */
export interface NamespaceEpochOptions {
  readonly store: CacheStore;
  readonly namespace: string;
  readonly calls: StoreCalls;
  readonly clock: Clock;
  readonly random: Random;
  readonly warn: (action: string, error: unknown) => void;
}

/**
 * The epoch of a namespace: a random number in the store that every entry carries. A new number invalidates
 * all entries with the old one, including those whose write is still in flight.
 *
 * A number is used only after the store has accepted it, and no number is set twice. Therefore an entry
 * written before an `invalidate` of this process never carries the number used after it, not even if the
 * entry arrives late or from another process.
 */
export class NamespaceEpoch {
  readonly #options: NamespaceEpochOptions;
  #known: bigint | undefined;
  #knownSinceMs = 0;
  /** Whether a new number is needed because the stored one is invalid. */
  #void = false;
  #invalidations = 0;
  #learning: Promise<bigint | undefined> | undefined;

  constructor(options: NamespaceEpochOptions) {
    this.#options = options;
  }

  /** Changes with each `invalidate`. */
  get invalidations(): number {
    return this.#invalidations;
  }

  /**
   * The number for reads and writes; `undefined` while the store fails to return or accept one. Never
   * rejects.
   */
  async current(): Promise<bigint | undefined> {
    if (this.#known !== undefined && this.#isFresh(FRESH_MS)) return this.#known;
    this.#learning ??= this.#learn().finally(() => {
      this.#learning = undefined;
    });
    return await this.#learning;
  }

  /** Invalidates all entries: at once in this process, and in the store when it accepts a new number. */
  invalidate(): void {
    this.#invalidations += 1;
    this.#known = undefined;
    this.#void = true;
  }

  /** Called for an entry of another epoch: another process may have invalidated the namespace. */
  doubt(): void {
    if (!this.#isFresh(DOUBTED_FRESH_MS)) this.#known = undefined;
  }

  #isFresh(forMs: number): boolean {
    const ageMs = this.#options.clock.nowMs() - this.#knownSinceMs;
    return ageMs >= 0 && ageMs < forMs;
  }

  async #learn(): Promise<bigint | undefined> {
    for (;;) {
      const { invalidations } = this;
      const askedAtMs = this.#options.clock.nowMs();
      const epoch = this.#void ? await this.#renew() : ((await this.#read()) ?? (await this.#write()));
      if (invalidations !== this.#invalidations) continue;
      if (epoch === "failed") return undefined;
      this.#void = false;
      this.#known = epoch;
      this.#knownSinceMs = askedAtMs;
      return epoch;
    }
  }

  /** Writes a new number, and removes the old entries to free space. */
  async #renew(): Promise<bigint | "failed"> {
    const { store, namespace, calls, warn } = this.#options;
    const epoch = await this.#write();
    await calls.run(() => store.clear(namespace)).catch((error: unknown) => warn("clear", error));
    return epoch;
  }

  /** The number in the store; `undefined` when there is no readable one and a new one is needed. */
  async #read(): Promise<bigint | "failed" | undefined> {
    const { store, namespace, calls, warn } = this.#options;
    try {
      const bytes = await calls.run(() => store.get(EPOCHS, namespace));
      return openEnvelope(EPOCHS, namespace, bytes)?.epoch;
    } catch (error) {
      warn("read epoch", error);
      return "failed";
    }
  }

  async #write(): Promise<bigint | "failed"> {
    const { store, namespace, calls, random, warn } = this.#options;
    const epoch = randomId(random);
    const payload = new Uint8Array();
    const bytes = sealEnvelope(EPOCHS, namespace, {
      epoch,
      writeId: epoch,
      expiresAtMs: Number.POSITIVE_INFINITY,
      payload,
    });
    try {
      await calls.run(() => store.set(EPOCHS, namespace, bytes));
      return epoch;
    } catch (error) {
      warn("write epoch", error);
      return "failed";
    }
  }
}

/** 63 random bits and one set bit, so that the id is never 0. */
export function randomId(random: Random): bigint {
  const bytes = random.bytes(8);
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) | 1n;
}
