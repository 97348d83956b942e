import {
  type AccountSummary,
  asideIdOf,
  asideName,
  type SetAsideAccount,
  type WriteOf,
} from "../../backend/mod.ts";
import { FencedError } from "../../errors/mod.ts";
import { type AccountTables, createTables } from "./account_tables.ts";
import { columnsOf } from "./damaged.ts";
import { Table } from "./table.ts";
import type { Transaction } from "./transaction.ts";

/** One account of a database. */
export interface MemoryAccount {
  readonly accountId: number;
  readonly name: string;
  readonly tables: AccountTables;
  /** Set for an account that is set aside: the name that it had, and until when it is kept (Unix seconds). */
  readonly aside?: { readonly of: string; readonly until: number } | undefined;
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
      .filter(({ aside }) => aside === undefined)
      .sort((a, b) => a.accountId - b.accountId)
      .map(({ accountId, name, tables }) => {
        const device = tables.device.get("");
        return { accountId, account: name, pn: device === undefined ? undefined : columnsOf(device).pn };
      });
  }

  /** All accounts that are set aside, in ascending order of their time. */
  listSetAside(asking: string): SetAsideAccount[] {
    return this.#accounts
      .rows()
      .flatMap(({ accountId, name, aside }) =>
        aside === undefined
          ? []
          : [
              {
                id: asideIdOf(name) ?? "",
                account: aside.of,
                isOwn: aside.of === asking,
                accountId,
                until: aside.until,
              },
            ],
      )
      .sort((a, b) => a.until - b.until || a.accountId - b.accountId);
  }

  /**
   * Gives an account another name, and takes it from its owner. Its name is free, or that of an empty account
   * that is held. @returns Rows changed.
   */
  setAside(
    name: string,
    { id, until, heldBy }: WriteOf<"account.setAside">,
    transaction: Transaction,
  ): number {
    const account = this.#accounts.get(name);
    if (account === undefined) return 0;
    this.#accounts.delete(name, transaction);
    raiseEpoch(account, transaction);
    const [kept, of] = [asideName(id), name];
    const rows = this.#accounts.set(kept, { ...account, name: kept, aside: { of, until } }, transaction);
    if (heldBy === undefined) return rows;
    const { owner } = this.register(name, transaction).tables;
    return rows + owner.set("", { owner: heldBy, epoch: 1 }, transaction);
  }

  /**
   * Gives an account its name back. @returns Rows changed. @throws {FencedError} When an account of the name
   * has an owner or a device.
   */
  bringBack(name: string, { id }: WriteOf<"account.bringBack">, transaction: Transaction): number {
    const present = this.#accounts.get(name)?.tables;
    if (present?.owner.get("") !== undefined || present?.device.get("") !== undefined) {
      throw new FencedError("commit: an account of this name is there");
    }
    const kept = this.#accounts.get(asideName(id));
    if (kept?.aside?.of !== name) return 0;
    this.#accounts.delete(kept.name, transaction);
    this.#accounts.delete(name, transaction);
    raiseEpoch(kept, transaction);
    return this.#accounts.set(name, { ...kept, name, aside: undefined }, transaction);
  }

  /** Deletes what was set aside until a time. @returns Rows changed. */
  expireSetAside(cutoff: number, transaction: Transaction): number {
    return this.#accounts
      .rows()
      .filter(({ aside }) => aside !== undefined && aside.until <= cutoff)
      .reduce((rows, { accountId }) => rows + this.delete(accountId, transaction), 0);
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

function raiseEpoch({ tables: { owner } }: MemoryAccount, transaction: Transaction): void {
  const stored = owner.get("");
  if (stored !== undefined) owner.set("", { ...stored, epoch: stored.epoch + 1 }, transaction);
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
