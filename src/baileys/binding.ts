import type { Account } from "../account/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { AccountKeys } from "./account_keys.ts";
import type { BaileysAuthState } from "./library_types.ts";

/** What the parts of the adapter share for one account. */
export interface BaileysBinding {
  /** One lock a Signal address and a sender key name, in libsignal-node's spelling. */
  readonly locks: KeyedLock;
  readonly keys: AccountKeys;
  /** The one auth state, once somebody asked for it. */
  authState: Promise<BaileysAuthState> | undefined;
}

const bindings = new WeakMap<Account, BaileysBinding>();

/** The one binding of an account: its auth state and its Signal repository must share locks and keys. */
export function bindingOf(account: Account): BaileysBinding {
  let binding = bindings.get(account);
  if (binding === undefined) {
    const locks = new KeyedLock();
    binding = { locks, keys: new AccountKeys(account, locks), authState: undefined };
    bindings.set(account, binding);
  }
  return binding;
}
