import type { Account } from "../account/mod.ts";
import type { Write } from "../backend/mod.ts";
import { generateKeyPair } from "../device/mod.ts";
import { LimitError } from "../errors/mod.ts";
import { encodePreKey } from "../records/mod.ts";

/**
 * How many pre-keys are kept ahead of Baileys. It draws one for each retry request; more than this many requests
 * between two turns of the event loop would be a flood that Baileys itself cuts off (five retries a message).
 */
export const PRE_KEY_STOCK = 32;

/** The counters of Baileys' credentials that say which pre-keys exist and which of them the server knows. */
export interface PreKeyCounters {
  nextPreKeyId: number;
  firstUnuploadedPreKeyId: number;
}

/**
 * Keeps durable pre-keys ahead of Baileys' need.
 *
 * Baileys puts a new pre-key into a retry request and sends it before it stores the key: a crash in between makes the
 * answer undecryptable for ever. It makes no new key, though, while its counters say that stored ones are still
 * unused. So there are always some: made ahead, counted and committed together, and handed out by `whenDurable` only when
 * durable.
 */
export class PreKeyStock {
  readonly #account: Account;
  readonly #counters: PreKeyCounters;
  /** Times that the stock was topped up, and how many of them are durable. */
  #filled = 0;
  #durable = 0;

  constructor(account: Account, counters: PreKeyCounters) {
    this.#account = account;
    this.#counters = counters;
  }

  /** Tops the stock up. The counters move at once; `whenDurable` says when the keys are durable, or why there are none. */
  fill(): void {
    try {
      this.#make();
    } catch {
      // Met again, and reported, by whoever waits for these keys.
    }
    this.whenDurable().catch(() => {});
  }

  /** Resolves when every pre-key of the stock is durable. Rejects when it cannot be committed; calling again tries again. */
  async whenDurable(): Promise<void> {
    do {
      while (this.#durable < this.#filled) {
        const filled = this.#filled;
        await this.#account.device.flushDevice();
        this.#durable = Math.max(this.#durable, filled);
      }
      await this.#makeWithRoom();
    } while (this.#durable < this.#filled);
  }

  async #makeWithRoom(): Promise<void> {
    try {
      this.#make();
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      await this.#account.device.flushDevice();
      this.#make();
    }
  }

  /** Makes the keys that are missing. @throws {LimitError} When too many wait to be committed. */
  #make(): void {
    const { nextPreKeyId, firstUnuploadedPreKeyId } = this.#counters;
    const missing = PRE_KEY_STOCK - (nextPreKeyId - firstUnuploadedPreKeyId);
    if (missing < PRE_KEY_STOCK / 2) return;
    // The device's counter is ahead while Baileys has stored keys that it has not counted yet.
    const first = Math.max(nextPreKeyId, this.#account.device.getDeviceSnapshot().nextPreKeyId);
    const writes = Array.from({ length: missing }, (_, index): Write => {
      const id = first + index;
      const record = encodePreKey({ id, ...generateKeyPair(this.#account.host.random) });
      return { kind: "preKey.put", id, record, uploaded: false };
    });
    const next = first + missing;
    this.#account.device.modifyDevice(
      (draft) => {
        draft.nextPreKeyId = next;
      },
      { writes },
    );
    this.#filled += 1;
    this.#counters.nextPreKeyId = next;
  }
}
