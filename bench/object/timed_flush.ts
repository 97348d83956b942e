/** A flush of a thousand sessions beside the bare statements. Time is taken outside: inside an object it stands still. */

import type { Account } from "../../src/account/mod.ts";
import type { SenderKeyRecord, SessionRecord, SignalStoreCache } from "../../src/signal/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import { AccountObject, type ObjectContextLike } from "../../src/worker/mod.ts";
import { advance, freshRecord } from "../sample_records.ts";

const SESSIONS = 1_000;

/** Rows of a statement: four parameters each, and a statement takes a hundred. */
const ROWS_PER_STATEMENT = 25;

/** Flushes of one request, so that what the request itself costs does not count. */
const FLUSHES = 5;

const UPSERT = `INSERT INTO bare (address, record, bound, incarnation) VALUES ${Array(ROWS_PER_STATEMENT).fill("(?, ?, ?, ?)").join(", ")}
  ON CONFLICT (address) DO UPDATE SET record = excluded.record, bound = excluded.bound, incarnation = excluded.incarnation`;

/** Does one or the other. */
export class TimedFlush {
  readonly #ctx: ObjectContextLike;
  readonly #object: AccountObject;
  readonly #records = new Map<string, SessionRecord>();
  #opened: { account: Account; cache: SignalStoreCache<SessionRecord, SenderKeyRecord> } | undefined;

  constructor(ctx: ObjectContextLike) {
    this.#ctx = ctx;
    this.#object = new AccountObject(ctx, { saverIntervalMs: "manual", housekeeping: false });
    for (let index = 0; index < SESSIONS; index += 1) {
      this.#records.set(`${5_511_900_000_000 + index}:${(index % 5) + 1}@c.us.0`, freshRecord());
    }
  }

  /** Sends on every session and flushes, several times over. */
  async flush(): Promise<void> {
    const { account, cache } = await this.#open();
    for (let flush = 0; flush < FLUSHES; flush += 1) {
      for (const [address, record] of this.#records) {
        advance(record);
        await cache.sessions.put(address, record);
      }
      const { committed } = await account.flush();
      if (committed !== SESSIONS) throw new Error(`flushed ${committed} sessions`);
    }
  }

  /** The same records advanced, encoded, and written by bare statements of many rows in one transaction. */
  async bare(): Promise<void> {
    const { sql } = this.#ctx.storage;
    const exec = (text: string, ...params: (string | number | null | Uint8Array)[]): void => {
      [...sql.exec(text, ...params).raw()];
    };
    exec(
      "CREATE TABLE IF NOT EXISTS bare (address TEXT NOT NULL PRIMARY KEY, record BLOB, bound INTEGER, incarnation TEXT)",
    );
    for (let flush = 0; flush < FLUSHES; flush += 1) {
      const params: (string | number | Uint8Array)[] = [];
      for (const [address, record] of this.#records) {
        advance(record);
        params.push(address, record.encode(), 64, "0123456789abcdef");
      }
      this.#ctx.storage.transactionSync(() => {
        const perStatement = ROWS_PER_STATEMENT * 4;
        for (let at = 0; at < params.length; at += perStatement)
          exec(UPSERT, ...params.slice(at, at + perStatement));
      });
    }
  }

  async #open(): Promise<{ account: Account; cache: SignalStoreCache<SessionRecord, SenderKeyRecord> }> {
    if (this.#opened !== undefined) return this.#opened;
    const account = await this.#object.account();
    this.#opened = { account, cache: signalCache(account) };
    return this.#opened;
  }
}
