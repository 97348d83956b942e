import type { Account } from "../account/mod.ts";
import type { Write } from "../backend/mod.ts";
import { distance, type FreeRun, findFreeRun, generateKeyPair, laterId } from "../device/mod.ts";
import { LimitError } from "../errors/mod.ts";
import { encodePreKey } from "../records/mod.ts";

/**
 * Number of pre-keys kept ahead of Baileys. Baileys uses one for each retry request and limits retries itself
 * (five per message), so more requests in one turn of the event loop are not expected.
 */
export const PRE_KEY_STOCK = 32;

/**
 * Number of consecutive ids that Baileys may use, with a reserve: its first upload has 812 keys. It counts
 * with `id + 1`, so the run must not cross the end of the ids or contain a stored id.
 */
const RUN_LENGTH = 1_024;

/** The counters of existing and of uploaded pre-keys in Baileys' credentials. */
export interface PreKeyCounters {
  nextPreKeyId: number;
  firstUnuploadedPreKeyId: number;
}

/**
 * Keeps durable pre-keys ahead of Baileys' need.
 *
 * Baileys sends a retry request with a new pre-key before it stores the key: after a crash in between, the
 * answer cannot be decrypted. It creates no new key while its counters show unused stored ones. The stock
 * therefore creates keys in advance, counts and commits them together, and `whenDurable` delays their use
 * until they are durable.
 *
 * The stock also keeps Baileys' counters within a run of free ids: before a run ends at a stored id or at
 * 2^24−1, both counters jump to the start of the next free run.
 */
export class PreKeyStock {
  readonly #account: Account;
  readonly #counters: PreKeyCounters;
  /** Known free ids; `undefined` until the store is read. */
  #run: FreeRun | undefined;
  #finding: Promise<void> | undefined;
  /** Number of fills, and of durable fills. */
  #filled = 0;
  #durable = 0;

  constructor(account: Account, counters: PreKeyCounters) {
    this.#account = account;
    this.#counters = counters;
  }

  /**
   * Fills the stock. The counters move at once. `whenDurable` resolves when the keys are durable, or rejects.
   */
  fill(): void {
    this.whenDurable().catch(() => {
      // The next caller of `whenDurable` retries and gets the error.
    });
  }

  /**
   * Resolves when every pre-key of the stock is durable. Rejects when the commit fails; a further call
   * retries.
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

  /** Called when the counters were replaced and all pre-keys removed: creates new ones. */
  restart(): void {
    this.#run = undefined;
    this.fill();
  }

  /** Whether Baileys can continue from its counter within the run. */
  #isWithinRun(): boolean {
    const next = this.#next();
    return this.#run !== undefined && next >= this.#run.start && next + RUN_LENGTH <= this.#run.end;
  }

  /** The first id that is counted neither by Baileys nor by the device. */
  #next(): number {
    return laterId(this.#counters.nextPreKeyId, this.#account.device.getDeviceSnapshot().nextPreKeyId);
  }

  /** Finds a run of free ids, and moves the counters to it if needed. */
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
      // The counters moved during the read.
      if (this.#next() !== next) continue;
      this.#run = run;
      if (run.start === next) return;
      // Keys between the counters, at most the stock, stay stored and are never uploaded.
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

  /** Creates missing keys. @throws {LimitError} When too many writes wait for a commit. */
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
