import { KeyedLock } from "../cache/mod.ts";
import type { SignalRecords } from "../signal/mod.ts";

/**
 * Ids that are remembered after they were consumed. Removals are committed within seconds: what is forgotten
 * here is long gone from the database.
 */
const MAX_CONSUMED = 4_096;

/**
 * One-time pre-keys that sessions consume. The removal of one lands with the session that consumed it and not
 * before: a crash in between would leave a peer whose messages name a key that nobody has. Until then the
 * pre-key reads as absent.
 */
export class ConsumedPreKeys {
  readonly #locks = new KeyedLock();
  /** Signal address of the session in the making, by id. */
  readonly #consumers = new Map<string, string>();
  /** Signal address of the session by id, oldest first. */
  readonly #consumed = new Map<string, string>();

  /** Runs what may begin a session of `address` with a pre-key. One at a time for each pre-key. */
  async using<T>(id: string, address: string, section: () => Promise<T>): Promise<T> {
    return await this.#locks.withKeys([id], async () => {
      this.#consumers.set(id, address);
      try {
        return await section();
      } finally {
        this.#consumers.delete(id);
      }
    });
  }

  /** Ties the removal of a pre-key to the session in the making. @returns Whether there is one. */
  async consume(id: string, sessions: Pick<SignalRecords<never>, "consumePreKey">): Promise<boolean> {
    const address = this.#consumers.get(id);
    if (address === undefined) return false;
    await sessions.consumePreKey(address, Number(id));
    this.#consumed.set(id, address);
    if (this.#consumed.size > MAX_CONSUMED) {
      const [oldest = ""] = this.#consumed.keys();
      this.#consumed.delete(oldest);
    }
    return true;
  }

  /** Whether a pre-key that may still be stored was consumed. */
  has(id: string): boolean {
    return this.#consumed.has(id);
  }

  /**
   * The session of an address was deleted: what it had consumed is there again, unless it was written before.
   */
  forget(address: string): void {
    for (const [id, consumer] of this.#consumed) if (consumer === address) this.#consumed.delete(id);
  }

  /** All pre-keys are gone. */
  clear(): void {
    this.#consumed.clear();
  }

  /** Another pre-key was stored under this id, or it was removed. */
  replaced(id: string): void {
    this.#consumed.delete(id);
  }
}
