import type { Account } from "../account/mod.ts";
import type { Write } from "../backend/mod.ts";
import { distance, type FreeRun, findFreeRun, generateKeyPair, laterId } from "../device/mod.ts";
import { LimitError } from "../errors/mod.ts";
import { encodePreKey } from "../records/mod.ts";

/**
 * How many pre-keys are kept ahead of Baileys. It draws one for each retry request; more than this many
 * requests between two turns of the event loop would be a flood that Baileys itself cuts off (five retries a
 * message).
 */
export const PRE_KEY_STOCK = 32;

/**
 * Most ids that Baileys takes in a row, with room to spare: its first upload has 812 keys. It counts on with
 * `id + 1`, so the run must not cross the end of the ids and must not hold an id that is taken.
 */
const RUN_LENGTH = 1_024;

/** The counters of Baileys' credentials that say which pre-keys exist and which of them the server knows. */
export interface PreKeyCounters {
  nextPreKeyId: number;
  firstUnuploadedPreKeyId: number;
}

/**
 * Keeps durable pre-keys ahead of Baileys' need.
 *
 * Baileys puts a new pre-key into a retry request and sends it before it stores the key: after a crash in
 * between the answer cannot be decrypted. It makes no new key, though, while its counters say that stored
 * ones are still unused. So there are always some: made ahead, counted and committed together, and handed out
 * by `whenDurable` only when durable.
 *
 * The stock also keeps Baileys' counters within a run of free ids: before a run would end at a stored id or
 * at 2^24−1, both counters jump to the start of the next free run.
 */
export class PreKeyStock {
  readonly #account: Account;
  readonly #counters: PreKeyCounters;
  /** The ids that are known to be free, `undefined` until the store was read. */
  #run: FreeRun | undefined;
  #finding: Promise<void> | undefined;
  /** Times that the stock was topped up, and how many of them are durable. */
  #filled = 0;
  #durable = 0;

  constructor(account: Account, counters: PreKeyCounters) {
    this.#account = account;
    this.#counters = counters;
  }

  /**
   * Tops the stock up. The counters move at once; `whenDurable` says when the keys are durable, or why there
   * are none.
   */
  fill(): void {
    this.whenDurable().catch(() => {
      // The next caller of `whenDurable` meets the failure and reports it.
    });
  }

  /**
   * Resolves when every pre-key of the stock is durable. Rejects when it cannot be committed; calling again
   * tries again.
   */
  async whenDurable(): Promise<void> {
    do {
      if (!this.#isWithinRun()) await this.findRun();
      await this.#makeWithRoom();
      while (this.#durable < this.#filled) {
        const filled = this.#filled;
        await this.#account.device.flushDevice();
        this.#durable = Math.max(this.#durable, filled);
      }
    } while (!this.#isWithinRun());
  }

  /** The counters are other ones, and no pre-key is stored any more: makes new ones. */
  restart(): void {
    this.#run = undefined;
    this.fill();
  }

  /** Whether Baileys can go on from its counter without leaving the run. */
  #isWithinRun(): boolean {
    const next = this.#next();
    return this.#run !== undefined && next >= this.#run.start && next + RUN_LENGTH <= this.#run.end;
  }

  /** The first id that neither Baileys nor the device has counted. */
  #next(): number {
    return laterId(this.#counters.nextPreKeyId, this.#account.device.getDeviceSnapshot().nextPreKeyId);
  }

  /** Finds ids for Baileys to count through, and moves the counters to them where they are elsewhere. */
  async findRun(): Promise<void> {
    this.#finding ??= this.#moveToFreeRun().finally(() => {
      this.#finding = undefined;
    });
    await this.#finding;
  }

  async #moveToFreeRun(): Promise<void> {
    for (;;) {
      const next = this.#next();
      const run = await findFreeRun(this.#account.store, next, 2 * RUN_LENGTH);
      // The counters moved while the store was read.
      if (this.#next() !== next) continue;
      this.#run = run;
      if (run.start === next) return;
      // Keys between the counters stay stored and are never uploaded: at most the stock.
      this.#account.device.modifyDevice((draft) => {
        draft.nextPreKeyId = run.start;
        draft.firstUnuploadedPreKeyId = run.start;
      });
      this.#counters.nextPreKeyId = run.start;
      this.#counters.firstUnuploadedPreKeyId = run.start;
      return;
    }
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
    const missing = PRE_KEY_STOCK - distance(firstUnuploadedPreKeyId, nextPreKeyId);
    if (missing < PRE_KEY_STOCK / 2) return;
    const first = this.#next();
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
