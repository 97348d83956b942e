import { join } from "node:path";
import Database from "libsql";
import { type Account, openAccount } from "../../src/account/mod.ts";
import {
  BUSY_TIMEOUT_MS,
  type FileDriver,
  NativeClient,
  type NativeLibrary,
  openFileBackend,
  openSqliteFile,
} from "../../src/adapters/sqlite_file/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { DirtyItem, Flushable } from "../../src/write_behind/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { makeFolder } from "../support/folder.ts";

const ACCOUNTS = 100;
const RECORD_BYTES = 1_500;

/** Rows that are dirty until they are flushed. */
class Rows implements Flushable {
  readonly name = "bench";
  readonly #count: number;
  #version = 0;
  #isDirty = false;

  constructor(count: number) {
    this.#count = count;
  }

  change(): void {
    this.#version += 1;
    this.#isDirty = true;
  }

  pending(): ReturnType<Flushable["pending"]> {
    const must = this.#isDirty ? this.#count : 0;
    return { must, may: 0, bytes: must * RECORD_BYTES, oldestAtMs: this.#isDirty ? 0 : undefined };
  }

  collect(): readonly DirtyItem[] {
    if (!this.#isDirty) return [];
    return Array.from({ length: this.#count }, (_, index) => ({
      key: `${index}`,
      generation: this.#version,
      urgency: "must",
      checked: true,
      writes: [
        {
          kind: "session.put",
          address: `${5_511_900_000_000 + index * 7_919}:1@c.us.0`,
          record: new Uint8Array(RECORD_BYTES).fill(this.#version + index),
          lease: { reservedUntil: 64, incarnation: "0123456789abcdef".repeat(2), burned: 0 },
        },
      ],
    }));
  }

  applyOutcome(): void {
    this.#isDirty = false;
  }
}

/** Accounts of one file, each with rows to flush, and the number of the file's transactions. */
interface Fleet {
  readonly transactions: () => number;
  change(): void;
  /** Flushes every account, all in one turn. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

async function openFleet(path: string, count: number, rows: number): Promise<Fleet> {
  let transactions = 0;
  class CountingClient extends NativeClient {
    override batch(...args: Parameters<NativeClient["batch"]>): ReturnType<NativeClient["batch"]> {
      transactions += 1;
      return super.batch(...args);
    }
  }
  const connect = (file: string): NativeClient =>
    new CountingClient(Database as unknown as NativeLibrary, file, BUSY_TIMEOUT_MS);
  const accounts: Account[] = [];
  const dirty: Rows[] = [];
  for (let index = 0; index < count; index += 1) {
    const driver: FileDriver = await openSqliteFile({ path, logger: silentLogger, connect });
    const account = await openAccount({
      backend: openFileBackend(driver, { account: `bot-${index}` }),
      host: { logger: silentLogger },
      saverIntervalMs: "manual",
      housekeeping: false,
    });
    const flushable = new Rows(rows);
    account.writeBehind.addFlushable(flushable);
    accounts.push(account);
    dirty.push(flushable);
  }
  return {
    transactions: () => transactions,
    change: () => {
      for (const flushable of dirty) flushable.change();
    },
    flush: async () => {
      await Promise.all(accounts.map((account) => account.flush()));
    },
    close: async () => {
      for (const account of accounts) await account.close();
    },
  };
}

async function transactionsOfFleet(): Promise<number> {
  const folder = makeFolder();
  try {
    const fleet = await openFleet(join(folder.path, "fleet.db"), ACCOUNTS, 1);
    fleet.change();
    const before = fleet.transactions();
    await fleet.flush();
    const counted = fleet.transactions() - before;
    await fleet.close();
    return counted;
  } finally {
    folder.remove();
  }
}

/** The same rows, of a hundred accounts and of one. */
async function fleetAgainstOne(): Promise<Comparison> {
  const folder = makeFolder();
  const fleet = await openFleet(join(folder.path, "fleet.db"), ACCOUNTS, 1);
  const one = await openFleet(join(folder.path, "one.db"), 1, ACCOUNTS);
  return {
    ours: { prepare: () => fleet.change(), run: () => fleet.flush() },
    theirs: { prepare: () => one.change(), run: () => one.flush() },
    close: async () => {
      await fleet.close();
      await one.close();
      folder.remove();
    },
  };
}

export const entries: readonly BenchEntry[] = [
  {
    name: "fleet.100_accounts_one_row_each.transactions",
    kind: "count",
    unit: "transactions",
    limit: { max: 1 },
    against: "a hundred accounts of one file that are flushed in one turn, one dirty row each",
    run: transactionsOfFleet,
  },
  {
    name: "fleet.100_accounts_one_row_each.cpu_vs_one_account",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 4.5 },
    against: "one account with the same hundred rows, flushed in one transaction",
    open: fleetAgainstOne,
  },
];
