import type { WriteKind, WriteOf } from "../../backend/mod.ts";
import type { AccountTables } from "./account_tables.ts";
import type { MemoryAccounts } from "./memory_accounts.ts";
import type { Transaction } from "./transaction.ts";

/** What applying a write may touch. */
export interface ApplyContext {
  readonly accounts: MemoryAccounts;
  /** The tables of the account that commits. */
  readonly tables: AccountTables;
  readonly transaction: Transaction;
  /** See `MemoryAccounts.nextSequence`. */
  nextSequence(): number;
}

/** How each of some kinds of write changes the tables. Answers with the number of rows changed. */
export type AppliersOf<K extends WriteKind> = {
  readonly [Kind in K]: (write: WriteOf<Kind>, context: ApplyContext) => number;
};
