import { tryParseSenderKeyName } from "../addresses/mod.ts";
import type { SignalCacheReads, Write } from "../backend/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { LimitError, RefusedError } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import type { LiveRecordCodec } from "../ratchet/mod.ts";
import type { Flushable, FlushReport, WriteBehind } from "../write_behind/mod.ts";
import { MUST } from "./cache_entry.ts";
import { ChangeSignal } from "./change_signal.ts";
import type { Durability } from "./counter_lease.ts";
import { deleteSessions, type SessionSelection } from "./delete_sessions.ts";
import { type AnyEntry, DirtySet } from "./dirty_set.ts";
import type { EntryTable } from "./entry_table.ts";
import { FlushableSignalState } from "./flushable_signal_state.ts";
import { IdentityStore, type SignalIdentities } from "./identity_store.ts";
import { type IncarnationEpochs, newIncarnation, requireRestoreEpoch } from "./incarnation.ts";
import { type CacheChange, changeTogether, type PreparedChange } from "./joint_change.ts";
import { type MoveOptions, type MoveParts, type MoveReport, moveUsers, usersToMove } from "./move_user.ts";
import type { MovedUser } from "./moved_user.ts";
import { commitEntries, openGates } from "./publish_gate.ts";
import { RecordStore } from "./record_store.ts";
import { senderKeyTable, sessionTable } from "./record_table.ts";
import type { SignalCacheCounts, SignalCacheListener } from "./signal_events.ts";
import { SignalEvents } from "./signal_events.ts";
import type { SignalRecords, Ticket } from "./signal_records.ts";
import { StatePlaces, type UserMappings } from "./state_places.ts";
import type { StoreContext } from "./store_context.ts";

/** Times that a user's phone number and LID may change while the lock of an address is being taken. */
const MAX_ROUNDS = 64;

/** Entries of each store unless told otherwise. */
const DEFAULT_CAPACITY = 2_000;

/** What the cache needs of the flush engine. */
export type SignalCacheEngine = Pick<
  WriteBehind,
  | "assertOpen"
  | "assertUsable"
  | "commitWith"
  | "flush"
  | "flushOnly"
  | "idleMs"
  | "isHalted"
  | "notify"
  | "ready"
>;

/** What a message takes of a chain. */
export interface SendableOptions {
  /** Counters that the step takes, 1 by default. Baileys takes two for each message to a group. */
  readonly steps?: number | undefined;
}

/** What a cache is made of. */
export interface SignalStoreCacheOptions<S, K> {
  /** Reads what is not in memory. */
  readonly reads: SignalCacheReads;
  /** Writes what is dirty. The cache's `flushable` must be added to it. */
  readonly engine: SignalCacheEngine;
  readonly host: Pick<Host, "clock" | "random" | "logger">;
  readonly sessionCodec: LiveRecordCodec<S>;
  readonly senderKeyCodec: LiveRecordCodec<K>;
  /** Whether a sender key name is our own. One of those that cannot be read is an error and not absent. */
  readonly isOwnSenderKey: (name: string) => boolean;
  /**
   * Which phone number and LID are one user. State is kept under the LID where the mapping is known; without
   * this option every address is its own.
   */
  readonly users?: UserMappings | undefined;
  /** Defaults to `strict`. */
  readonly durability?: Durability | undefined;
  /** Entries that each of the three stores may hold, dirty ones apart. Defaults to 2,000. */
  readonly capacity?: number | undefined;
  /**
   * Counts how often the database was restored from a backup, 0 … 2^32−1. Defaults to 0. After a restore,
   * open it with a greater number than ever before, and with that number from then on: what was written under
   * a smaller one is discarded when it is read, since its bounds know nothing of what was sent after the
   * backup was made.
   */
  readonly restoreEpoch?: number | undefined;
  /**
   * Number of the ownership under which the cache writes, greater with each opening of the account. It is
   * part of the incarnation's name, so that two runs of a cloned machine, whose randomness may repeat, never
   * have one name. Defaults to 0.
   */
  readonly ownerEpoch?: number | undefined;
}

/** How many entries there are. */
export interface SignalCacheStats extends SignalCacheCounts {
  /** Reads that were answered from memory, and those that had to ask the store or wait for who did. */
  readonly hits: number;
  readonly misses: number;
  readonly sessions: number;
  readonly senderKeys: number;
  readonly identities: number;
  /** Entries that are not durable. */
  readonly dirty: number;
  /** Entries whose gate is closed. */
  readonly gated: number;
}

/**
 * Sessions, sender keys and identities in memory, written behind by the engine. `signalCache` opens the one
 * of an account.
 *
 * - **Ownership.** `load` hands out copies, `put` takes over what it is given.
 * - **Ordering.** A flush writes the last record that was put. Changes made during a flush stay dirty. What
 *   is loaded, changed and put must be so under the lock of its address: `withAddress`, `withSenderKey`.
 * - **Durability.** What is put is durable after a flush. Before the ratchet steps, `sendable` says whether
 *   its key can be published. No ciphertext may leave before `publishable` has resolved for its address,
 *   unless the ticket of its put says that it need not wait. Kept to that, no message key leaves twice,
 *   whatever crashes, fails or arrives late.
 * - **Limits.** Clean entries are dropped beyond the capacity; dirty ones stay, and make writers wait when
 *   there are too many.
 *
 * @example
 * ```ts
 * import { signalCache, type SignalAccount } from "@holdfast/store/signal";
 *
 * async function send(account: SignalAccount, peer: string): Promise<void> {
 *   const cache = signalCache(account);
 *   await cache.withAddress(peer, async (address) => {
 *     await cache.sendable(address);
 *     const record = await cache.sessions.load(address);
 *     if (record === undefined) return;
 *     // … encrypt with the record …
 *     const { gated } = await cache.sessions.put(address, record);
 *     if (gated) await cache.publishable([address]);
 *     // … now the ciphertext may leave …
 *   });
 *   await cache.releaseLeases();
 * }
 * ```
 */
export class SignalStoreCache<S, K> {
  /** What the engine flushes. */
  readonly flushable: Flushable;
  /** Sessions by Signal address. */
  readonly sessions: SignalRecords<S>;
  /** Sender keys by sender key name. */
  readonly senderKeys: SignalRecords<K>;
  /** Identity keys by Signal address. */
  readonly identities: SignalIdentities;

  readonly #options: SignalStoreCacheOptions<S, K>;
  readonly #locks = new KeyedLock();
  readonly #dirty: DirtySet;
  readonly #events: SignalEvents;
  readonly #flushable: FlushableSignalState;
  readonly #sessions: RecordStore<S>;
  readonly #senderKeys: RecordStore<K>;
  readonly #identities: IdentityStore;
  readonly #epochs: IncarnationEpochs;
  readonly #places: StatePlaces;
  #incarnation: string;

  /** @throws {RangeError} When the capacity or the restore epoch is out of range. */
  constructor(options: SignalStoreCacheOptions<S, K>) {
    this.#options = options;
    const { host, engine, reads } = options;
    const { ownerEpoch = 0, restoreEpoch = 0 } = options;
    this.#epochs = { ownerEpoch, restoreEpoch: requireRestoreEpoch(restoreEpoch) };
    this.#incarnation = newIncarnation(host.random, this.#epochs);
    const signal = new ChangeSignal(host.clock, (urgency) => engine.notify(urgency));
    this.#dirty = new DirtySet(host.clock, signal, engine.idleMs);
    this.#events = new SignalEvents(host.logger);
    const context: StoreContext = {
      dirty: this.#dirty,
      events: this.#events,
      durability: options.durability ?? "strict",
      restoreEpoch,
      capacity: options.capacity ?? DEFAULT_CAPACITY,
      ready: () => engine.ready(),
      incarnation: () => this.#incarnation,
    };
    this.#sessions = new RecordStore({
      context,
      codec: options.sessionCodec,
      table: sessionTable(reads),
      isOwn: () => false,
    });
    this.#senderKeys = new RecordStore({
      context,
      codec: options.senderKeyCodec,
      table: senderKeyTable(reads),
      isOwn: options.isOwnSenderKey,
    });
    this.#identities = new IdentityStore(context, reads);
    this.#flushable = new FlushableSignalState(this.#dirty, {
      flushed: () => this.#evict(),
      reserved: () => engine.notify("may"),
      release: () => this.#releaseLeases(),
    });
    this.#places = new StatePlaces(options.users, {
      usersToMove: (users) => usersToMove(this.#parts(), users),
      moveUsers: (users) => moveUsers(this.#parts(), users, {}),
    });
    this.flushable = this.#flushable;
    this.sessions = this.#sessions;
    this.senderKeys = this.#senderKeys;
    this.identities = this.#identities;
  }

  /** The name of this incarnation of the cache, in every lease that it writes. */
  get incarnation(): string {
    return this.#incarnation;
  }

  get stats(): SignalCacheStats {
    let gated = 0;
    for (const entry of this.#dirty.entries) if (entry.isGated) gated += 1;
    const reads = [this.#sessions, this.#senderKeys, this.#identities].map((store) => store.reads);
    return {
      ...this.#events.counts,
      hits: reads.reduce((sum, { hits }) => sum + hits, 0),
      misses: reads.reduce((sum, { misses }) => sum + misses, 0),
      sessions: this.#sessions.entries.size,
      senderKeys: this.#senderKeys.entries.size,
      identities: this.#identities.entries.size,
      dirty: this.#dirty.entries.size,
      gated,
    };
  }

  /** Adds a listener and returns how to remove it. */
  onEvent(listener: SignalCacheListener): () => void {
    return this.#events.add(listener);
  }

  /**
   * Runs `section` under the lock of the address where the state of `address` is kept, which it is given: the
   * LID's where the mapping is known. It spans load, change and put, so that sending and receiving on one
   * session never lose a step. The place is looked up inside the lock: a phone number that becomes a LID in
   * between is the LID. Awaiting `publishable` inside is right.
   *
   * What is left of the user under the phone number is moved first, once for each user: see `moveUser`.
   *
   * The lock is not re-entrant, and locks of addresses are the last ones to be taken. A section that awaits
   * one of these may wait for ever:
   *
   * - another `withAddress`, `withPlaces` or `locate`; `moveUser`, `moveUsers`, `usersToMove`,
   *   `deleteSessions` of this user;
   * - `learn` of the directory, whoever is learnt: migrations are one at a time, and the one before may wait
   *   for this address;
   * - what changes device lists: `update`, `addDevice`, `removeDevices`, `updateDevice` and `invalidate` of
   *   the directory's `devices`. They wait for a lock of the user that is held while sessions are moved or
   *   deleted.
   *
   * Begin them inside, if need be, and await them outside. What only reads, as `getDevicesFor`, may be
   * awaited.
   *
   * @throws {StoreError} When the place could not be read, or what is left under the phone number could not
   * be moved.
   */
  withAddress<T>(address: string, section: (address: string) => Promise<T>): Promise<T> {
    return this.#within([address], ([place = address]) => section(place));
  }

  /**
   * As `withAddress`, for the sender key of one sender in one group. Await neither what must not be awaited
   * there inside, nor `deleteSenderKey` of this name, nor what the directory's `senderKeyDevices` does with
   * this group: `rotate` takes the lock of our key, and `withoutKey`, `beginDistribution`, `acknowledged` and
   * `forget` may wait for it.
   */
  withSenderKey<T>(name: string, section: (name: string) => Promise<T>): Promise<T> {
    return this.#within([name], ([place = name]) => section(place));
  }

  /**
   * As `withAddress`, under the locks of many addresses and sender key names at once.
   *
   * @param section Is given the place of each, in their order.
   */
  withPlaces<T>(
    addressesAndNames: readonly string[],
    section: (places: readonly string[]) => Promise<T>,
  ): Promise<T> {
    return this.#within(addressesAndNames, section);
  }

  /**
   * Where the state of each of these addresses and sender key names is kept now, in their order, after what
   * was left under phone numbers was moved there. Without a lock: to be read from at once. Not to be awaited
   * inside `withAddress`.
   *
   * @throws {StoreError} As `withAddress`.
   */
  async locate(addressesAndNames: readonly string[]): Promise<string[]> {
    return await Promise.all(addressesAndNames.map((text) => this.#locate(text)));
  }

  /**
   * Takes note of writes of mappings by others who have moved nothing: what is under their phone numbers is
   * looked for again.
   */
  follow(writes: readonly Write[]): void {
    this.#places.follow(writes);
  }

  /** Deletes a sender key under its lock, which the caller must not hold: see `SignalRecords.delete`. */
  deleteSenderKey(name: string): Promise<void> {
    return this.withSenderKey(name, (resolved) => this.#senderKeys.delete(resolved));
  }

  /**
   * Makes changes that belong together in one moment, all or none: a flush has all of them, in one commit
   * (save what the backend refuses), or none. It takes no locks; each change is otherwise a put or a delete,
   * and what is put is the cache's.
   *
   * @param applied Called in that same moment, with what each change answers. What it begins to commit lands
   * with the changes.
   * @returns What `applied` answers, awaited.
   * @throws {TypeError | RangeError | RewindError | LimitError | StoreError} When one of the changes cannot
   * be made: none is. Also what `applied` throws: they are made, then, and written later.
   */
  change<Result>(
    changes: readonly CacheChange<S, K>[],
    applied: (tickets: readonly Ticket[]) => Result | Promise<Result>,
  ): Promise<Result> {
    return changeTogether({
      prepare: () => changes.map((change) => this.#prepare(change)),
      ready: () => this.#options.engine.ready(),
      applied,
    });
  }

  /**
   * Resolves when the ratchet may step to encrypt a message for an address. Ask under its lock, before the
   * step: a key that is taken and not published is missing on the receiver's side, and receivers follow a
   * chain over at most 2,000 missing keys.
   *
   * - Where an earlier commit for the address failed, it is tried again first.
   * - While saving is halted, steps within the lease go on; a step that needs a commit (past the bound, or
   *   the first on a new chain) is refused.
   *
   * It reserves nothing: put the record and await `publishable` as usual.
   *
   * @param address A Signal address, or the name of our own sender key.
   * @throws {HaltedError} While saving is halted and the step needs a commit.
   * @throws {FencedError | ClosedError} When nothing will be saved any more.
   * @throws {StoreError} When the commit that failed before fails again, or the record could not be read.
   *
   * @example
   * ```ts
   * import type { SessionRecord, SignalStoreCache } from "@holdfast/store/signal";
   *
   * async function send(
   *   cache: SignalStoreCache<SessionRecord, unknown>,
   *   peer: string,
   *   encrypt: (record: SessionRecord) => Uint8Array,
   * ): Promise<Uint8Array | undefined> {
   *   return await cache.withAddress(peer, async (address) => {
   *     await cache.sendable(address);
   *     const record = await cache.sessions.load(address);
   *     if (record === undefined) return undefined;
   *     const ciphertext = encrypt(record);
   *     await cache.sessions.put(address, record);
   *     await cache.publishable([address]);
   *     return ciphertext;
   *   });
   * }
   * ```
   */
  async sendable(address: string, options: SendableOptions = {}): Promise<void> {
    const { steps = 1 } = options;
    if (!Number.isSafeInteger(steps) || steps < 1) {
      throw new RangeError(`send: steps is ${steps}, expected a positive integer`);
    }
    const { engine } = this.#options;
    engine.assertUsable();
    for (const entry of this.#entriesOf([address])) if (entry.isGated) await this.#reopen(entry);
    if (!engine.isHalted) return;
    const isSenderKey = tryParseSenderKeyName(address) !== undefined;
    const store = isSenderKey ? this.#senderKeys : this.#sessions;
    if (await store.needsCommit(address, steps)) engine.assertOpen();
  }

  /**
   * Resolves when ciphertexts made with what was put for these addresses before the call may leave. What is
   * gated of them is committed, together with the identity of the same address; nothing else is. Within a
   * lease nothing is gated, and it resolves although saving is halted.
   *
   * @param addresses Signal addresses and sender key names, as they were put. Defaults to everything that is
   * gated.
   * @throws {StoreError} When it could not be committed: none of the ciphertexts may leave. State is kept,
   * the gates stay closed, and the keys that were taken count as burned: after 1,500 of them on one chain the
   * session is closed, or our own sender key removed.
   * @throws {HaltedError} While saving is halted and something is gated.
   * @throws {FencedError | ClosedError} When nothing will be saved any more, also when nothing is gated.
   */
  async publishable(addresses?: readonly string[]): Promise<void> {
    const entries =
      addresses === undefined
        ? [...this.#dirty.entries].filter(({ isGated }) => isGated)
        : this.#entriesOf(addresses);
    await this.#openGates(entries);
  }

  /**
   * Makes what was put or deleted for these addresses before the call durable, with their identities and
   * nothing else. It tries although saving is halted.
   *
   * @param addresses Signal addresses and sender key names.
   * @throws {StoreError} When one of them could not be committed. They stay dirty, and keys count as burned
   * as with `publishable`.
   */
  async makeDurable(addresses: readonly string[]): Promise<void> {
    const identities = addresses.flatMap((address) => this.#identities.entries.get(address) ?? []);
    await commitEntries(this.#options.engine, [...this.#entriesOf(addresses), ...identities]);
  }

  /**
   * Makes everything durable with exact counters and bounds, so that the next incarnation of the cache burns
   * nothing. The engine has it done in a pause and before it closes; call it before an export or a
   * hibernation. Afterwards every send is gated anew.
   *
   * @throws {StoreError} As `WriteBehind.flush`.
   */
  async releaseLeases(): Promise<FlushReport> {
    this.#releaseLeases();
    return await this.#options.engine.flush();
  }

  /**
   * Forgets everything, durable or not, and begins a new incarnation: what was sent under leases is burned
   * when it is read again. **Lossy**: allowed only when whatever depended on what was not committed is
   * dropped too. Who waits in `publishable` is rejected.
   */
  clear(): void {
    this.#incarnation = newIncarnation(this.#options.host.random, this.#epochs);
    this.#flushable.clear();
    this.#dirty.clear();
    for (const table of this.#tables()) table.clear();
  }

  /**
   * Drops what is durable, after a flush. What a failed flush left dirty, deleted or gated stays, and so does
   * this incarnation of the cache: what is read again burns nothing. Records that have sent within a lease
   * stay until their exact counter is written.
   */
  clearAfterFlush(): void {
    for (const table of this.#tables()) table.evictClean();
  }

  /**
   * Moves every session, identity and sender key of a phone number's user to its LID: `c.us` to `lid`,
   * `hosted` to `hosted.lid`, device by device, under the locks of both addresses. It covers what is not
   * durable yet.
   *
   * - A session that the LID has already stays the current one. The other's states join its archive, their
   *   sending chains burned. Sender keys likewise.
   * - An identity that the LID has already wins. One that cannot be read, at either end, keeps its pair where
   *   it is.
   * - One commit: the LID's rows, the end of the phone number's, `options.writes`, and all that is dirty. Who
   *   is at work under the phone number meanwhile, having resolved it before, is waited for, and what it put
   *   is moved in a second one.
   *
   * Calling it again moves what has appeared since. A failed call has changed nothing, or nothing more once
   * `options.moved` was called: call it again then, too.
   *
   * @param pn User part of the phone number's addresses.
   * @param lid User part of the LID's.
   * @throws {StoreError} When the commit failed, or the backend could not be read. After an `AmbiguousError`
   * memory is what it was, and is written again.
   * @throws {LimitError} When new addresses of the user keep appearing.
   */
  moveUser(pn: string, lid: string, options: MoveOptions = {}): Promise<MoveReport> {
    return moveUsers(this.#parts(), [{ pn, lid }], options);
  }

  /**
   * As `moveUser`, for many users in one commit: a few hundred at a time, since all that is moved is held in
   * memory.
   *
   * @throws {TypeError} When a phone number or a LID is there twice: one LID is one phone number's.
   */
  moveUsers(users: readonly MovedUser[], options: MoveOptions = {}): Promise<MoveReport> {
    return moveUsers(this.#parts(), users, options);
  }

  /**
   * Those of users of whom there is anything under the phone number, durable or not: one query for all. Who
   * is at work under a phone number, having resolved it before it became the LID, is waited for.
   *
   * @throws {StoreError}
   */
  usersToMove(users: readonly MovedUser[]): Promise<MovedUser[]> {
    return usersToMove(this.#parts(), users);
  }

  /**
   * Deletes sessions of users, those that are not durable yet too, under their locks, in one commit with
   * `writes` and all that is dirty: a device that is gone, or an account that has another identity. Memory
   * follows when it has succeeded.
   *
   * @returns How many sessions there were.
   * @throws {StoreError} When the commit failed, or the backend could not be read: nothing is deleted. After
   * an `AmbiguousError` the sessions are written again.
   * @throws {LimitError} When new sessions of the users keep appearing.
   */
  deleteSessions(selection: SessionSelection, writes: readonly Write[] = []): Promise<number> {
    return deleteSessions(this.#parts(), selection, writes);
  }

  async #openGates(entries: readonly AnyEntry[]): Promise<void> {
    const incarnation = this.#incarnation;
    await openGates(this.#options.engine, entries, () => this.#incarnation === incarnation);
  }

  /** Opens a gate that a failed commit has left shut. */
  async #reopen(entry: AnyEntry): Promise<void> {
    try {
      await this.#openGates([entry]);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      // As it is, a refused row is left out for a while. As a change it is tried at once.
      this.#dirty.change(entry, MUST);
      await this.#openGates([entry]);
    }
  }

  #prepare(change: CacheChange<S, K>): Promise<PreparedChange> {
    switch (change.store) {
      case "session":
        return this.#sessions.prepareChange(change.address, change.value);
      case "senderKey":
        return this.#senderKeys.prepareChange(change.address, change.value);
      case "identity":
        return this.#identities.prepareChange(change.address, change.value);
    }
  }

  #parts(): MoveParts<S, K> {
    return {
      sessions: this.#sessions,
      senderKeys: this.#senderKeys,
      identities: this.#identities,
      locks: this.#locks,
      reads: this.#options.reads,
      dirty: this.#dirty,
      events: this.#events,
      places: this.#places,
      incarnation: () => this.#incarnation,
      commitWith: (writes: readonly Write[]) => this.#options.engine.commitWith(writes),
    };
  }

  #entriesOf(addresses: readonly string[]): AnyEntry[] {
    const entries: AnyEntry[] = [];
    for (const address of addresses) {
      const session = this.#sessions.entries.get(address);
      const senderKey = this.#senderKeys.entries.get(address);
      if (session !== undefined) entries.push(session);
      if (senderKey !== undefined) entries.push(senderKey);
    }
    return entries;
  }

  #tables(): readonly Pick<EntryTable<unknown>, "clear" | "evict" | "evictClean">[] {
    return [this.#sessions.entries, this.#senderKeys.entries, this.#identities.entries];
  }

  #releaseLeases(): void {
    this.#sessions.releaseLeases();
    this.#senderKeys.releaseLeases();
  }

  #evict(): void {
    for (const table of this.#tables()) table.evict();
  }

  async #within<T>(texts: readonly string[], section: (places: readonly string[]) => Promise<T>): Promise<T> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const places = await this.locate(texts);
      const answer = await this.#locks.withKeys(places, async () => {
        const now = await Promise.all(texts.map((text) => this.#placeOf(text)));
        return now.every((place, index) => place === places[index])
          ? { of: await section(places) }
          : undefined;
      });
      if (answer !== undefined) return answer.of;
    }
    throw new LimitError("lock address: its user's phone number and LID keep changing");
  }

  async #locate(text: string): Promise<string> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const place = await this.#placeOf(text);
      if (place !== undefined) return place;
      await this.#places.settle(text);
    }
    throw new LimitError("find address: its user's phone number and LID keep changing");
  }

  #placeOf(text: string): Promise<string | undefined> {
    // A sender key name is the JID of a group, and an address.
    return text.indexOf("@") !== text.lastIndexOf("@")
      ? this.#places.ofSenderKey(text)
      : this.#places.ofAddress(text);
  }
}
