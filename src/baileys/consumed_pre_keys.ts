import { KeyedLock } from "../cache/mod.ts";
import type { SignalRecords } from "../signal/mod.ts";

/**
 * Maximum number of consumed ids. Removals are committed within seconds, so the oldest ids are already
 * removed from the database.
 */
const MAX_CONSUMED = 4_096;

/**
 * One-time pre-keys that sessions consume. Each removal lands together with the session: after a crash in
 * between, the peer's messages would name a missing key. Until then the pre-key reads as absent.
 */
export class ConsumedPreKeys {
  readonly #locks = new KeyedLock();
  /** Signal address of the session that is being created, by pre-key id. */
  readonly #consumers = new Map<string, string>();
  /** Signal address of the session by pre-key id, oldest first. */
  readonly #consumed = new Map<string, string>();

  /** Runs a section that may begin a session of `address` with a pre-key, one at a time for each pre-key. */
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

  /** Ties the removal of a pre-key to the session that is being created. @returns Whether there is one. */
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

  /** Whether a pre-key was consumed and may still be stored. */
  has(id: string): boolean {
    return this.#consumed.has(id);
  }

  /**
   * Called when the session of an address is deleted: its consumed pre-keys can be read again, unless they
   * are already removed.
   */
  forget(address: string): void {
    for (const [id, consumer] of this.#consumed) if (consumer === address) this.#consumed.delete(id);
  }

  /** Called when all pre-keys were removed. */
  clear(): void {
    this.#consumed.clear();
  }

  /** Called when another pre-key is stored under this id, or it is removed. */
  replaced(id: string): void {
    this.#consumed.delete(id);
  }
}
