/**
 * A flush of a thousand sessions beside the bare statements. Time is measured outside, because clocks inside
 * an object do not advance.
 */

import type { Account } from "../../src/account/mod.ts";
import type { SenderKeyRecord, SessionRecord } from "../../src/ratchet/mod.ts";
import type { SignalStoreCache } from "../../src/signal/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import { AccountObject, type ObjectContextLike } from "../../src/worker/mod.ts";
import { advance, freshRecord } from "../support/sample_records.ts";

const SESSIONS = 1_000;

/** The columns of our own table, and the parameter limit of a statement. */
const COLUMNS = ["user", "address", "reserved_until", "incarnation", "burned", "record"];
const MAX_PARAMETERS = 100;
const ROWS_PER_STATEMENT = Math.floor(MAX_PARAMETERS / COLUMNS.length);

const CREATE = `CREATE TABLE IF NOT EXISTS bare (
  device_id INTEGER NOT NULL, user TEXT NOT NULL, address TEXT NOT NULL, reserved_until INTEGER, incarnation TEXT,
  burned INTEGER, record BLOB NOT NULL, PRIMARY KEY (device_id, user, address))`;

/** Statement texts by number of rows, each built once. */
const upserts = new Map<number, string>();

function upsert(rows: number): string {
  const text = upserts.get(rows) ?? makeUpsert(rows);
  upserts.set(rows, text);
  return text;
}

function makeUpsert(rows: number): string {
  const values = Array(rows).fill(`(1, ${COLUMNS.map(() => "?").join(", ")})`);
  const updates = COLUMNS.slice(2).map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO bare (device_id, ${COLUMNS.join(", ")}) VALUES ${values.join(", ")}
    ON CONFLICT (device_id, user, address) DO UPDATE SET ${updates.join(", ")}`;
}

/** Runs either side. */
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

  /** Sends on every session. Not timed. */
  async prepare(): Promise<void> {
    const { account, cache } = await this.#open();
    for (const [address, record] of this.#records) {
      advance(record);
      await cache.sessions.put(address, record);
    }
    const { must, may } = account.health().pending;
    if (must + may !== SESSIONS) throw new Error(`${must + may} sessions are dirty`);
  }

  async flush(): Promise<void> {
    const { account } = await this.#open();
    const { committed } = await account.flush();
    if (committed !== SESSIONS) throw new Error(`flushed ${committed} sessions`);
  }

  /** The same records encoded, and the same rows written by bare statements in one transaction. */
  async bare(): Promise<void> {
    const { storage } = this.#ctx;
    const exec = (text: string, ...params: (string | number | null | Uint8Array)[]): void => {
      [...storage.sql.exec(text, ...params).raw()];
    };
    exec(CREATE);
    const rows = [...this.#records].map(([address, record]) => [
      ...[address.slice(0, address.indexOf(":")), address, 64, "0123456789abcdef", 0],
      record.encode(),
    ]);
    storage.transactionSync(() => {
      for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) {
        const some = rows.slice(at, at + ROWS_PER_STATEMENT);
        exec(upsert(some.length), ...(some.flat() as (string | number | Uint8Array)[]));
      }
    });
  }

  async #open(): Promise<{ account: Account; cache: SignalStoreCache<SessionRecord, SenderKeyRecord> }> {
    if (this.#opened !== undefined) return this.#opened;
    const account = await this.#object.account();
    this.#opened = { account, cache: signalCache(account) };
    return this.#opened;
  }
}
