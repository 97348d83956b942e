import type { WriteKind, WriteOf } from "../../backend/mod.ts";
import type { AccountTables } from "./account_tables.ts";
import type { MemoryAccounts } from "./memory_accounts.ts";
import type { Transaction } from "./transaction.ts";

/** The state that an applied write may change. */
export interface ApplyContext {
  readonly accounts: MemoryAccounts;
  /** Name of the account. */
  readonly name: string;
  /** The tables of the account that commits. */
  readonly tables: AccountTables;
  readonly transaction: Transaction;
  /** See `MemoryAccounts.nextSequence`. */
  nextSequence(): number;
}

/** A function per kind of write that changes the tables and returns the number of changed rows. */
export type AppliersOf<K extends WriteKind> = {
  readonly [Kind in K]: (write: WriteOf<Kind>, context: ApplyContext) => number;
};
