import type { AccountSummary } from "../../backend/mod.ts";
import { type AccountTables, createTables } from "./account_tables.ts";
import { columnsOf } from "./damaged.ts";
import { Table } from "./table.ts";
import type { Transaction } from "./transaction.ts";

/** One account of a database. */
export interface MemoryAccount {
  readonly accountId: number;
  readonly name: string;
  readonly tables: AccountTables;
}

/** The accounts of a `MemoryDatabase`, for the backends that are opened on it. */
export class MemoryAccounts {
  readonly #accounts = new Table<MemoryAccount>({ bytesOf: () => 0 });
  #nextAccountId = 1;
  #sequence = 0;

  /** All accounts, in ascending order of account id. */
  list(): AccountSummary[] {
    return this.#accounts
      .rows()
      .sort((a, b) => a.accountId - b.accountId)
      .map(({ accountId, name, tables }) => {
        const device = tables.device.get("");
        return { accountId, account: name, pn: device === undefined ? undefined : columnsOf(device).pn };
      });
  }

  /** The account of this name, `undefined` when it is not registered. */
  account(name: string): MemoryAccount | undefined {
    return this.#accounts.get(name);
  }

  /** The account of this name. Registers it within the transaction if it is absent. */
  register(name: string, transaction: Transaction): MemoryAccount {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    // A number is not used again, even after a rollback.
    const account = { accountId: this.#nextAccountId, name, tables: createTables() };
    this.#nextAccountId += 1;
    this.#accounts.set(name, account, transaction);
    return account;
  }

  /** Deletes an account with all its rows. @returns Rows changed, the account's own included. */
  delete(accountId: number, transaction: Transaction): number {
    const account = this.#accounts.rows().find((candidate) => candidate.accountId === accountId);
    if (account === undefined) return 0;
    this.#accounts.delete(account.name, transaction);
    return Object.values(account.tables).reduce((rows, table: Table<unknown>) => rows + table.size, 1);
  }

  /** A number greater than all before it. Orders otherwise equal rows by time of writing. */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }
}

/** Keeps the accounts out of the public class `MemoryDatabase`. */
const ACCOUNTS = new WeakMap<object, MemoryAccounts>();

/** The accounts of a database. */
export function accountsOf(database: object): MemoryAccounts {
  const known = ACCOUNTS.get(database);
  if (known !== undefined) return known;
  const accounts = new MemoryAccounts();
  ACCOUNTS.set(database, accounts);
  return accounts;
}
