import type { Attachments } from "../../attachments/mod.ts";
import type { LidPnCache } from "./lid_pn_cache.ts";

/** The LID cache of an account, if one is open. Neither opens a cache nor imports its code. */
export class AttachedLids {
  cache: LidPnCache | undefined;
}

/** The slot that holds the LID cache of an account. */
export function attachedLids(account: { readonly attachments: Attachments }): AttachedLids {
  return account.attachments.of(AttachedLids, () => new AttachedLids());
}
