import { isText } from "../backend/mod.ts";
import type { Durability } from "./counter_lease.ts";
import type { DirtySet } from "./dirty_set.ts";
import type { SignalEvents } from "./signal_events.ts";

/** What the stores of one cache share. */
export interface StoreContext {
  readonly dirty: DirtySet;
  readonly events: SignalEvents;
  readonly durability: Durability;
  readonly restoreEpoch: number;
  /** Entries that each store may hold. */
  readonly capacity: number;
  /** Back-pressure: resolves when one more entry may become dirty. */
  readonly ready: () => Promise<void>;
  /** The name of the cache's present incarnation. */
  readonly incarnation: () => string;
}

/**
 * Checks an address that is about to be changed without being read: a change that no backend accepts would
 * stay dirty for ever.
 *
 * @throws {TypeError} When nothing can be stored under it.
 */
export function requireAddress(action: string, address: string): void {
  if (!isText(address)) throw new TypeError(`${action}: malformed address`);
}
