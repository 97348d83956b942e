import type { Clock, Random } from "../ports/mod.ts";
import { openEnvelope, sealEnvelope } from "./_envelope.ts";
import type { StoreCalls } from "./_store_calls.ts";
import type { CacheStore } from "./cache_store.ts";

/** Where the epochs of all other namespaces are kept, each under the namespace's name. */
const EPOCHS = "cache_epoch";

/**
 * How long an epoch that was read is taken for current, in milliseconds: as late as this does one process
 * learn from another.
 */
const FRESH_MS = 5_000;

/**
 * After an entry of another epoch was met, the epoch is read again unless it was read within this time, in
 * milliseconds.
 */
const DOUBTED_FRESH_MS = 250;

/** What a {@link NamespaceEpoch} needs. */
export interface NamespaceEpochOptions {
  readonly store: CacheStore;
  readonly namespace: string;
  readonly calls: StoreCalls;
  readonly clock: Clock;
  readonly random: Random;
  readonly warn: (action: string, error: unknown) => void;
}

/**
 * The epoch of a namespace: a random number, kept in the store, that every entry is written under. A new
 * number makes all entries of the old one void, those too whose write is still on its way.
 *
 * A number is made known only when the store has taken it, and no number is set twice. So whatever arrives
 * late, or from another process, an entry that was written before an `invalidate` here is never under the
 * number that is known after it.
 */
export class NamespaceEpoch {
  readonly #options: NamespaceEpochOptions;
  #known: bigint | undefined;
  #knownSinceMs = 0;
  /** A new number is needed: what the store has is void. */
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
   * The number to read and write under; `undefined` while the store does not tell, or take, one. Never
   * rejects.
   */
  async current(): Promise<bigint | undefined> {
    if (this.#known !== undefined && this.#isFresh(FRESH_MS)) return this.#known;
    this.#learning ??= this.#learn().finally(() => {
      this.#learning = undefined;
    });
    return await this.#learning;
  }

  /** Makes all entries void: here at once, in the store as soon as it takes a new number. */
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

  /** A new number, and the old entries removed, which is only about space. */
  async #renew(): Promise<bigint | "failed"> {
    const { store, namespace, calls, warn } = this.#options;
    const epoch = await this.#write();
    await calls.run(() => store.clear(namespace)).catch((error: unknown) => warn("clear", error));
    return epoch;
  }

  /** The number in the store; `undefined` when there is none that can be read, so that a new one is due. */
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

/** 63 random bits and a set one, so that it is never 0. */
export function randomId(random: Random): bigint {
  const bytes = random.bytes(8);
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) | 1n;
}
