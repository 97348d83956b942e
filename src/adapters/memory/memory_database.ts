import type { AccountSummary } from "../../backend/mod.ts";
import { type AccountTables, createTables } from "./account_tables.ts";
import { columnsOf, Damaged, type MemoryDamage, type Stored } from "./damaged.ts";
import { Table } from "./table.ts";
import type { Transaction } from "./transaction.ts";

/** One account of a database. */
export interface MemoryAccount {
  readonly accountId: number;
  readonly name: string;
  readonly tables: AccountTables;
}

/** Stored values that a test can damage. */
export type MemoryDamageTarget =
  | "identity"
  | "syncKey"
  | "syncVersion"
  | "deviceList"
  | "msgSecret"
  | "device";

/**
 * What a memory backend stores, for any number of accounts. It outlives the backends that are opened on it: closing
 * one, or losing one without closing it, keeps every commit that had resolved. It ends with the process.
 *
 * @example
 * ```ts
 * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
 *
 * const database = new MemoryDatabase();
 * const first = memoryBackend({ database, account: "alice" });
 * await first.putSession("5511999990000@c.us.0", new Uint8Array([1]));
 * await first.close();
 *
 * const second = memoryBackend({ database, account: "alice" });
 * if (!(await second.hasSession("5511999990000@c.us.0"))) throw new Error("lost");
 * ```
 */
export class MemoryDatabase {
  readonly #accounts = new Table<MemoryAccount>({ bytesOf: () => 0 });
  #nextAccountId = 1;
  #sequence = 0;

  /** All accounts, in ascending order of account id. */
  listAccounts(): AccountSummary[] {
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

  /** The account of this name, registered within the transaction if it is not there yet. */
  register(name: string, transaction: Transaction): MemoryAccount {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    // Taken back or not, a number is not given out again.
    const account = { accountId: this.#nextAccountId, name, tables: createTables() };
    this.#nextAccountId += 1;
    this.#accounts.set(name, account, transaction);
    return account;
  }

  /** Deletes an account with all its rows. @returns Rows changed, the account's own included. */
  deleteAccount(accountId: number, transaction: Transaction): number {
    const account = this.#accounts.rows().find((candidate) => candidate.accountId === accountId);
    if (account === undefined) return 0;
    this.#accounts.delete(account.name, transaction);
    return Object.values(account.tables).reduce((rows, table: Table<unknown>) => rows + table.size, 1);
  }

  /** A number greater than any before: orders rows that are otherwise equal by when they were written. */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /**
   * Damages a kind of stored value in every row that an account has of it, as a failing disk would, for tests of what
   * happens then.
   */
  damage(account: string, target: MemoryDamageTarget, how: MemoryDamage): void {
    const tables = this.account(account)?.tables;
    if (tables === undefined) throw new TypeError("damage: the account is not registered");
    const table = {
      identity: tables.identities,
      syncKey: tables.syncKeys,
      syncVersion: tables.syncVersions,
      deviceList: tables.deviceLists,
      msgSecret: tables.msgSecrets,
      device: tables.device,
    }[target] as Table<Stored<object>>;
    table.replaceEach((row) => new Damaged(how, columnsOf(row)));
  }
}
