import type { Attachments } from "../../attachments/mod.ts";
import type { LidPnCache } from "./lid_pn_cache.ts";

/** The LID cache of an account, if it is open. It opens none, and loads none of the code of one. */
export class AttachedLids {
  cache: LidPnCache | undefined;
}

/** The place of an account's LID cache. */
export function attachedLids(account: { readonly attachments: Attachments }): AttachedLids {
  return account.attachments.of(AttachedLids, () => new AttachedLids());
}
