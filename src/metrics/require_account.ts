import type { Account } from "../account/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";

/** @throws {TypeError} When the value is not an open account. */
export function requireAccount(action: string, value: Account): void {
  const { stats, onClosing, writeBehind } = (value ?? {}) as Partial<Account>;
  const isAccount = [stats, onClosing, writeBehind?.onEvent].every((member) => typeof member === "function");
  if (!isAccount) throw new ArgumentTypeError(`${action}: the account is not one that openAccount returned`);
}

/** The accounts of an iterable. @throws {TypeError} When it is none, or one of its items is no open account. */
export function accountsIn(action: string, accounts: Iterable<Account>): Account[] {
  const { [Symbol.iterator]: iterator } = (accounts ?? {}) as Partial<Iterable<Account>>;
  // Bytes are iterable, and throw an error of their own when their memory was given away.
  if (typeof iterator !== "function" || ArrayBuffer.isView(accounts))
    throw new ArgumentTypeError(`${action}: the accounts are not a list, set or other iterable`);
  const all = [...accounts];
  for (const account of all) requireAccount(action, account);
  return all;
}
