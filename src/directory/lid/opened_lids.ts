import type { LidPnCache } from "./lid_pn_cache.ts";

/** The LID caches of open accounts: an account has one. It opens none, and needs none of the code of one. */
export const openedLids: WeakMap<object, LidPnCache> = new WeakMap();
