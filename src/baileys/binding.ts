import type { Account } from "../account/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { AccountKeys } from "./account_keys.ts";
import { ConsumedPreKeys } from "./consumed_pre_keys.ts";
import type { BaileysAuthState } from "./library_types.ts";
import { type NodeSignalCache, nodeSignalCache } from "./signal_state.ts";
import { ToldMappings } from "./told_mappings.ts";

/** What the parts of the adapter share for one account. */
export class BaileysBinding {
  readonly cache: NodeSignalCache;
  readonly told: ToldMappings;
  /**
   * One lock for each spelling that an operation of the repository is asked with: a phone number's JID, a
   * sender key's name.
   */
  readonly spellings: KeyedLock = new KeyedLock();
  readonly consumed: ConsumedPreKeys = new ConsumedPreKeys();
  readonly keys: AccountKeys;
  /** The one auth state, from the first call that asks for it. */
  authState: Promise<BaileysAuthState> | undefined;

  /** @throws {TypeError} When the account's Signal cache was opened with other records. */
  constructor(account: Account) {
    this.cache = nodeSignalCache(account);
    this.told = new ToldMappings(account);
    const { cache, told, spellings, consumed } = this;
    account.onIdentityChanged(() => consumed.clear());
    this.keys = new AccountKeys({ account, cache, told, spellings, consumed });
  }
}

/**
 * The one binding of an account: its auth state and its Signal repository must share cache, locks and keys.
 *
 * @throws {TypeError} When the account's Signal cache was opened with other records.
 */
export function bindingOf(account: Account): BaileysBinding {
  return account.attachments.of(BaileysBinding, () => new BaileysBinding(account));
}
