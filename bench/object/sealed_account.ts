/**
 * An account in an object, encrypted or not. Its time is measured outside, because clocks inside an object do
 * not advance.
 */

import type { Account } from "../../src/account/mod.ts";
import type { SenderKeyRecord, SessionRecord } from "../../src/ratchet/mod.ts";
import { sealing } from "../../src/sealing/mod.ts";
import { type SignalStoreCache, signalCache } from "../../src/signal/mod.ts";
import { AccountObject, type ObjectContextLike } from "../../src/worker/mod.ts";
import { advance, freshRecord } from "../support/sample_records.ts";

const SESSIONS = 1_000;

function addressOf(index: number): string {
  return `${100_000_000_000 + index * 7_919}:${(index % 5) + 1}@lid.0`;
}

interface Opened {
  readonly account: Account;
  readonly cache: SignalStoreCache<SessionRecord, SenderKeyRecord>;
}

/** Runs the work of either side. */
export class SealedAccount {
  readonly #object: AccountObject;
  readonly #records = new Map<string, SessionRecord>();
  #opened: Opened | undefined;

  constructor(ctx: ObjectContextLike, isSealed: boolean) {
    this.#object = new AccountObject(ctx, {
      saverIntervalMs: "manual",
      housekeeping: false,
      sealing: isSealed ? sealing({ keys: { bench: new Uint8Array(32).fill(1) } }) : undefined,
    });
    for (let index = 0; index < SESSIONS; index += 1) this.#records.set(addressOf(index), freshRecord());
  }

  /** Sends on every session. Not timed. */
  async send(): Promise<void> {
    const { cache } = await this.#open();
    for (const [address, record] of this.#records) {
      const next = record.copy();
      advance(next);
      await cache.sessions.put(address, next);
      this.#records.set(address, next);
    }
  }

  async flush(): Promise<void> {
    const { committed } = await (await this.#open()).account.flush();
    if (committed < SESSIONS) throw new Error(`flushed ${committed} sessions`);
  }

  /** Empties the cache. Not timed. */
  async forget(): Promise<void> {
    (await this.#open()).cache.clear();
  }

  /** Loads every session, one after the other. */
  async read(): Promise<void> {
    const { cache } = await this.#open();
    for (const address of this.#records.keys())
      if ((await cache.sessions.load(address)) === undefined) throw new Error("a session was lost");
  }

  async #open(): Promise<Opened> {
    if (this.#opened !== undefined) return this.#opened;
    const account = await this.#object.account();
    this.#opened = { account, cache: signalCache(account) };
    return this.#opened;
  }
}
