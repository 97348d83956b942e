import type { Account } from "../account/mod.ts";
import { attachmentsOf } from "../attachments/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { AbsentLids } from "./absent_lids.ts";
import { AccountKeys } from "./account_keys.ts";
import { ConsumedPreKeys } from "./consumed_pre_keys.ts";
import type { BaileysAuthState } from "./library_types.ts";
import { type NodeSignalCache, nodeSignalCache } from "./signal_state.ts";
import { ToldMappings } from "./told_mappings.ts";

/** Shared parts of the adapter for one account. */
export class BaileysBinding {
  readonly cache: NodeSignalCache;
  readonly told: ToldMappings;
  /** One lock for each spelling in repository operations: a phone number's JID or a sender key's name. */
  readonly spellings: KeyedLock = new KeyedLock();
  readonly consumed: ConsumedPreKeys = new ConsumedPreKeys();
  readonly absentLids: AbsentLids;
  readonly keys: AccountKeys;
  /** The auth state, after the first call. */
  authState: Promise<BaileysAuthState> | undefined;

  /** @throws {TypeError} When the account's Signal cache is open with other records. */
  constructor(account: Account) {
    this.cache = nodeSignalCache(account);
    this.told = new ToldMappings(account);
    this.absentLids = new AbsentLids(account.host.clock);
    const { cache, told, spellings, consumed } = this;
    account.onIdentityChanged(() => consumed.clear());
    this.keys = new AccountKeys({ account, cache, told, spellings, consumed });
  }
}

/**
 * The binding of an account: its auth state and Signal repository must share cache, locks and keys.
 *
 * @throws {TypeError} When the account's Signal cache is open with other records.
 */
export function bindingOf(account: Account): BaileysBinding {
  return attachmentsOf("use Baileys' state", account).of(BaileysBinding, () => new BaileysBinding(account));
}
