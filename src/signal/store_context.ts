import { isText } from "../backend/mod.ts";
import { ArgumentTypeError, requireList } from "../errors/mod.ts";
import type { Durability } from "./counter_lease.ts";
import type { DirtySet } from "./dirty_set.ts";
import type { EntryMemory } from "./entry_memory.ts";
import type { SignalEvents } from "./signal_events.ts";

/** Shared state of the stores of one cache. */
export interface StoreContext {
  readonly dirty: DirtySet;
  readonly events: SignalEvents;
  readonly durability: Durability;
  readonly restoreEpoch: number;
  /** The memory of a store's entries. */
  readonly memory: () => EntryMemory;
  /** Back-pressure: resolves when one more entry may become dirty. */
  readonly ready: () => Promise<void>;
  /** Name of the cache's present incarnation. */
  readonly incarnation: () => string;
  /**
   * @throws {IdentityConflictError} When the holder of this address's lock began before the account took
   * another identity.
   */
  readonly requireCurrent: (address: string) => void;
}

/**
 * Checks an address before an entry is made for it: a change that every backend refuses would stay dirty
 * permanently.
 *
 * @throws {TypeError} When the address is invalid.
 */
export function requireAddress(action: string, address: unknown): void {
  if (!isText(address)) throw new ArgumentTypeError(`${action}: malformed address`);
}

/** As `requireAddress`, for a list. */
export function requireAddresses(action: string, addresses: unknown): void {
  for (const address of requireList(`${action}: addresses`, addresses)) requireAddress(action, address);
}
