import { tryParseSenderKeyName } from "../addresses/mod.ts";
import type { Write } from "../backend/mod.ts";
import { RefusedError, requireList, requireObject } from "../errors/mod.ts";
import { MUST } from "./cache_entry.ts";
import type { AnyEntry, DirtySet } from "./dirty_set.ts";
import type { HeldPlaces } from "./held_places.ts";
import type { IdentityStore } from "./identity_store.ts";
import { commitEntries, openGates } from "./publish_gate.ts";
import type { RecordStore } from "./record_store.ts";
import type { SendableOptions, SignalCacheEngine } from "./signal_cache_options.ts";
import { requireAddress, requireAddresses } from "./store_context.ts";

/** Parts of a cache that its gates use. */
export interface SendGatesParts {
  readonly engine: SignalCacheEngine;
  readonly dirty: DirtySet;
  readonly sessions: RecordStore<unknown>;
  readonly senderKeys: RecordStore<unknown>;
  readonly identities: IdentityStore;
  readonly held: HeldPlaces;
  /** Name of the cache's present incarnation. */
  readonly incarnation: () => string;
}

/** What a message waits for before its ratchet steps and before it is sent: see `SignalStoreCache`. */
export class SendGates {
  readonly #parts: SendGatesParts;

  constructor(parts: SendGatesParts) {
    this.#parts = parts;
  }

  /** See `SignalStoreCache.sendable`. */
  async sendable(address: string, options: SendableOptions): Promise<void> {
    requireAddress("send", address);
    requireObject("send: options", options);
    const { steps = 1 } = options;
    if (!Number.isSafeInteger(steps) || steps < 1) {
      throw new RangeError("send: steps is not a positive integer");
    }
    const { engine, held, sessions, senderKeys } = this.#parts;
    engine.assertUsable();
    held.requireCurrent([address]);
    for (const entry of this.#entriesOf([address])) if (entry.isGated) await this.#reopen(entry);
    if (!engine.isHalted) return;
    const store = tryParseSenderKeyName(address) === undefined ? sessions : senderKeys;
    if (await store.needsCommit(address, steps)) engine.assertOpen();
  }

  /** See `SignalStoreCache.publishable`. */
  async publishable(addresses: readonly string[] | undefined): Promise<void> {
    if (addresses !== undefined) requireAddresses("publish", addresses);
    const { dirty, held } = this.#parts;
    held.requireCurrent(addresses);
    const entries =
      addresses === undefined
        ? [...dirty.entries].filter(({ isGated }) => isGated)
        : this.#entriesOf(addresses);
    await this.#open(entries);
  }

  /** See `SignalStoreCache.makeDurable`. */
  async makeDurable(addresses: readonly string[]): Promise<void> {
    requireAddresses("make durable", addresses);
    const { engine, identities } = this.#parts;
    const ofAddresses = addresses.flatMap((address) => identities.entries.get(address) ?? []);
    await commitEntries(engine, [...this.#entriesOf(addresses), ...ofAddresses]);
  }

  /** See `SignalStoreCache.makeLossesDurable`. */
  async makeLossesDurable(groups: readonly string[]): Promise<void> {
    requireList("make losses durable: groups", groups);
    const isLoss = (rider: Write): boolean =>
      rider.kind === "senderKeyDevices.clear" && groups.includes(rider.group);
    const { dirty, engine } = this.#parts;
    const lost = [...dirty.entries].filter(({ riders }) => riders?.some(isLoss) === true);
    await commitEntries(engine, lost);
  }

  async #open(entries: readonly AnyEntry[]): Promise<void> {
    const { engine, incarnation } = this.#parts;
    const now = incarnation();
    await openGates(engine, entries, () => incarnation() === now);
  }

  /** Opens a gate that a failed commit has left closed. */
  async #reopen(entry: AnyEntry): Promise<void> {
    try {
      await this.#open([entry]);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      // The engine leaves a refused row out for a while; a changed row is tried at once.
      this.#parts.dirty.change(entry, MUST);
      await this.#open([entry]);
    }
  }

  #entriesOf(addresses: readonly string[]): AnyEntry[] {
    const { sessions, senderKeys } = this.#parts;
    const entries: AnyEntry[] = [];
    for (const address of addresses) {
      const session = sessions.entries.get(address);
      const senderKey = senderKeys.entries.get(address);
      if (session !== undefined) entries.push(session);
      if (senderKey !== undefined) entries.push(senderKey);
    }
    return entries;
  }
}
