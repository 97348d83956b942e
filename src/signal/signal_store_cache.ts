import type { Write } from "../backend/mod.ts";
import {
  ArgumentTypeError,
  ClosedError,
  requireFunction,
  requireList,
  requireObject,
  requireObjects,
} from "../errors/mod.ts";
import type { Flushable, FlushReport } from "../write_behind/mod.ts";
import { ChangeSignal } from "./change_signal.ts";
import { deleteSessions, type SessionSelection } from "./delete_sessions.ts";
import { DirtySet } from "./dirty_set.ts";
import { memoryOf } from "./entry_memory.ts";
import type { EntryTable } from "./entry_table.ts";
import { FlushableSignalState } from "./flushable_signal_state.ts";
import { IdentityStore, type SignalIdentities } from "./identity_store.ts";
import { type IncarnationEpochs, newIncarnation, requireRestoreEpoch } from "./incarnation.ts";
import { type CacheChange, changeTogether, type PreparedChange } from "./joint_change.ts";
import { type MoveOptions, type MoveParts, type MoveReport, moveUsers, usersToMove } from "./move_user.ts";
import type { MovedUser } from "./moved_user.ts";
import { PlaceLocks } from "./place_locks.ts";
import { RecordStore } from "./record_store.ts";
import { senderKeyTable, sessionTable } from "./record_table.ts";
import { SendGates } from "./send_gates.ts";
import type { SendableOptions, SignalCacheStats, SignalStoreCacheOptions } from "./signal_cache_options.ts";
import type { SignalCacheListener } from "./signal_events.ts";
import { SignalEvents } from "./signal_events.ts";
import type { SignalRecords, Ticket } from "./signal_records.ts";
import { StatePlaces } from "./state_places.ts";
import type { StoreContext } from "./store_context.ts";
import { sizeOfTable } from "./table_size.ts";

/**
 * A write-behind cache of sessions, sender keys and identities. `signalCache` opens the one of an account.
 *
 * - **Ownership.** `load` returns copies; `put` takes ownership of the record.
 * - **Ordering.** A flush writes the last put record. Changes made during a flush stay dirty. Load, change
 *   and put a record under the lock of its address: `withAddress`, `withSenderKey`.
 * - **Durability.** A put record is durable after a flush. Await `sendable` before the ratchet steps: it
 *   rejects when the key could not be published. Do not send a ciphertext before `publishable` has resolved
 *   for its address, unless the put's ticket is not gated. Under these rules no message key is used twice,
 *   even after crashes, failures and late commits.
 * - **Limits.** Clean entries are evicted beyond the limit of their memory, which the accounts of a process
 *   share by default; dirty ones stay, and writers wait when there are too many.
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
  /** The flushable for the engine. */
  readonly flushable: Flushable;
  /** Sessions by Signal address. */
  readonly sessions: SignalRecords<S>;
  /** Sender keys by sender key name. */
  readonly senderKeys: SignalRecords<K>;
  /** Identity keys by Signal address. */
  readonly identities: SignalIdentities;

  readonly #options: SignalStoreCacheOptions<S, K>;
  readonly #locks: PlaceLocks;
  readonly #dirty: DirtySet;
  readonly #events: SignalEvents;
  readonly #flushable: FlushableSignalState;
  readonly #sessions: RecordStore<S>;
  readonly #senderKeys: RecordStore<K>;
  readonly #identities: IdentityStore;
  readonly #epochs: IncarnationEpochs;
  readonly #places: StatePlaces;
  readonly #gates: SendGates;
  #incarnation: string;

  /**
   * Called by `signalCache`.
   *
   * @throws {RangeError} When the capacity or the restore epoch is out of range.
   */
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
      memory: memoryOf(options),
      ready: () => engine.ready(),
      incarnation: () => this.#incarnation,
      requireCurrent: (address) => this.#locks.held.requireCurrent([address]),
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
      renew: () => this.#renewLeases(),
    });
    this.#places = new StatePlaces(options.users, {
      usersToMove: (users) => usersToMove(this.#parts(), users),
      moveUsers: (users) => moveUsers(this.#parts(), users, {}),
    });
    this.#locks = new PlaceLocks(this.#places);
    this.#gates = new SendGates({
      engine,
      dirty: this.#dirty,
      sessions: this.#sessions,
      senderKeys: this.#senderKeys,
      identities: this.#identities,
      held: this.#locks.held,
      incarnation: context.incarnation,
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

  /** The present counts and sizes. The cost grows with the number of entries. */
  get stats(): SignalCacheStats {
    let [gated, leased] = [0, 0];
    for (const entry of this.#dirty.entries) {
      if (entry.isGated) gated += 1;
      if (entry.lease !== undefined) leased += 1;
    }
    let heapBytes = 0;
    for (const table of this.#tables()) for (const { cost } of table.entries()) heapBytes += cost;
    const reads = [this.#sessions, this.#senderKeys, this.#identities].map((store) => store.reads);
    return {
      ...this.#events.counts,
      hits: reads.reduce((sum, { hits }) => sum + hits, 0),
      misses: reads.reduce((sum, { misses }) => sum + misses, 0),
      sessions: this.#sessions.entries.size,
      senderKeys: this.#senderKeys.entries.size,
      identities: this.#identities.entries.size,
      heapBytes,
      dirty: this.#dirty.entries.size,
      gated,
      leased,
      caches: {
        sessions: sizeOfTable(this.#sessions.entries),
        senderKeys: sizeOfTable(this.#senderKeys.entries),
        identities: sizeOfTable(this.#identities.entries),
      },
    };
  }

  /** Adds a listener and returns a function that removes it. */
  onEvent(listener: SignalCacheListener): () => void {
    return this.#events.add(listener);
  }

  /**
   * Runs `section` with and under the lock of the canonical address: the LID's if the mapping is known. Hold
   * the lock over load, change and put, so that sending and receiving on one session do not lose a step. The
   * address is resolved again inside the lock, so a mapping learned in between applies. `publishable` may be
   * awaited inside.
   *
   * State of the user under the phone number is moved first, once for each user: see `moveUser`.
   *
   * The lock is not re-entrant, and locks of addresses must be acquired last. A section that awaits one of
   * these may deadlock:
   *
   * - another `withAddress`, `withPlaces` or `locate`; `moveUser`, `moveUsers`, `usersToMove`,
   *   `deleteSessions` of this user;
   * - `learn` of the directory, for any user: migrations run one at a time, and an earlier one may wait for
   *   this address;
   * - changes of device lists: `update`, `addDevice`, `removeDevices`, `updateDevice` and `invalidate` of the
   *   directory's `devices`. They wait for a lock of the user that is held while sessions are moved or
   *   deleted.
   *
   * Start them inside if necessary, and await them outside. Reads such as `getDevicesFor` may be awaited.
   *
   * @throws {StoreError} When the mapping could not be read, or state under the phone number could not be
   * moved.
   */
  async withAddress<T>(address: string, section: (address: string) => Promise<T>): Promise<T> {
    requireFunction("lock address: section", section);
    return await this.#locks.within([address], ([place = address]) => section(place));
  }

  /**
   * As `withAddress`, for the sender key of one sender in one group. Inside, also do not await
   * `deleteSenderKey` of this name, nor these methods of the directory's `senderKeyDevices` for this group:
   * `rotate` takes the lock of our key, and `withoutKey`, `beginDistribution`, `acknowledged` and `forget`
   * may wait for it.
   */
  withSenderKey<T>(name: string, section: (name: string) => Promise<T>): Promise<T> {
    return this.withAddress(name, section);
  }

  /**
   * As `withAddress`, under the locks of many addresses and sender key names at once.
   *
   * @param section Called with the canonical address or name of each, in their order.
   */
  async withPlaces<T>(
    addressesAndNames: readonly string[],
    section: (places: readonly string[]) => Promise<T>,
  ): Promise<T> {
    requireFunction("lock address: section", section);
    return await this.#locks.within(addressesAndNames, section);
  }

  /**
   * The canonical forms of these addresses and sender key names, in their order, after state under phone
   * numbers was moved. It holds no lock, so use the result at once. Do not await it inside `withAddress`.
   *
   * @throws {StoreError} As `withAddress`.
   */
  async locate(addressesAndNames: readonly string[]): Promise<string[]> {
    return await this.#locks.locate(addressesAndNames);
  }

  /**
   * Must be called with writes of mappings that moved no state: state under their phone numbers is then
   * searched again.
   */
  follow(writes: readonly Write[]): void {
    requireObjects("follow: writes", writes);
    this.#places.follow(writes);
  }

  /** Deletes a sender key under its lock, which the caller must not hold: see `SignalRecords.delete`. */
  deleteSenderKey(name: string): Promise<void> {
    return this.withSenderKey(name, (resolved) => this.#senderKeys.delete(resolved));
  }

  /**
   * Makes related changes synchronously, all or none, so that a flush contains all of them, in one commit
   * (except items that the backend refuses), or none. It takes no locks. Each change acts as a put or a
   * delete, and the cache owns put records.
   *
   * @param applied Called synchronously with the ticket of each change. A commit that it begins includes the
   * changes.
   * @returns The awaited result of `applied`.
   * @throws {TypeError | RangeError | RewindError | LimitError | StoreError} When one of the changes cannot
   * be made; then none is. Also the error of `applied`; then all are made and written later.
   */
  async change<Result>(
    changes: readonly CacheChange<S, K>[],
    applied: (tickets: readonly Ticket[]) => Result | Promise<Result>,
  ): Promise<Result> {
    requireList("change Signal state: changes", changes);
    requireFunction("change Signal state: applied", applied);
    return await changeTogether({
      prepare: () => changes.map((change) => this.#prepare(change)),
      ready: () => this.#options.engine.ready(),
      applied,
    });
  }

  /**
   * Resolves when the ratchet may step to encrypt a message for an address. Await it under the address's
   * lock, before the step: a key that is taken and not published is missing for the receiver, and receivers
   * skip at most `MAX_SKIPPED_MESSAGES` missing keys.
   *
   * - If an earlier commit for the address failed, it is retried first.
   * - While saving is halted, steps within the lease are allowed; a step that needs a commit (past the bound,
   *   or the first on a new chain) is rejected.
   *
   * It reserves no counters: put the record and await `publishable` as usual.
   *
   * @param address A Signal address, or the name of our own sender key.
   * @throws {HaltedError} While saving is halted and the step needs a commit.
   * @throws {FencedError | ClosedError} When nothing will be saved any more.
   * @throws {StoreError} When the retried commit fails again, or the record could not be read.
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
    await this.#gates.sendable(address, options);
  }

  /**
   * Resolves when ciphertexts made with records put for these addresses before the call may be sent. Commits
   * only their gated entries and the identities of the same addresses. Within a lease nothing is gated, so it
   * resolves even while saving is halted.
   *
   * @param addresses Signal addresses and sender key names, as passed to `put`. Defaults to all gated ones.
   * @throws {StoreError} When the commit failed: none of the ciphertexts may be sent. State is kept, the
   * gates stay closed, and the taken keys count as burned: after `MAX_BURNED_KEYS` of them on one chain the
   * session is closed, or our own sender key removed.
   * @throws {HaltedError} While saving is halted and an entry is gated.
   * @throws {FencedError | ClosedError} When nothing will be saved any more, also when nothing is gated.
   * @throws {IdentityConflictError} When the account has taken another identity since the lock was acquired.
   */
  async publishable(addresses?: readonly string[]): Promise<void> {
    await this.#gates.publishable(addresses);
  }

  /**
   * Makes the puts and deletes for these addresses before the call durable, together with only their
   * identities. It tries even while saving is halted.
   *
   * @param addresses Signal addresses and sender key names.
   * @throws {StoreError} When one of them could not be committed. They stay dirty, and keys count as burned
   * as with `publishable`.
   */
  async makeDurable(addresses: readonly string[]): Promise<void> {
    await this.#gates.makeDurable(addresses);
  }

  /**
   * Makes losses of our own sender keys durable: each removal of a key, with the marks of the devices that
   * hold it. Call it before you read the marks. Commits nothing when no key of these groups was lost.
   *
   * @param groups JIDs of the groups.
   * @throws {StoreError} As `makeDurable`.
   */
  async makeLossesDurable(groups: readonly string[]): Promise<void> {
    await this.#gates.makeLossesDurable(groups);
  }

  /**
   * Releases all leases and makes everything durable, so that the next incarnation of the cache burns
   * nothing. The engine releases leases in a pause and before it closes; call this before an export or a
   * hibernation. Afterwards the next send of each chain is gated again.
   *
   * @throws {StoreError} As `WriteBehind.flush`.
   */
  async releaseLeases(): Promise<FlushReport> {
    this.#releaseLeases();
    return await this.#options.engine.flush();
  }

  /**
   * Drops all state, including dirty state, and begins a new incarnation: keys under leases are burned when
   * records are read again. **Lossy**: allowed only if everything that depends on uncommitted state is
   * dropped too. Pending calls of `publishable` reject.
   */
  clear(): void {
    this.#incarnation = newIncarnation(this.#options.host.random, this.#epochs);
    this.#flushable.clear();
    this.#dirty.clear();
    for (const table of this.#tables()) table.clear();
  }

  /**
   * Called when the account takes another identity, in a commit that clears the stored state: drops
   * everything as `clear` does. Present holders of an address's lock can neither put nor publish state of the
   * former identity.
   */
  changeIdentity(): void {
    this.#locks.held.outdate();
    this.#places.clear();
    this.clear();
  }

  /**
   * Drops durable entries, after a flush. Entries that a failed flush left dirty, deleted or gated stay. The
   * incarnation stays the same, so reading records again burns nothing. Records that have sent within a lease
   * stay until their exact counter is written.
   */
  clearAfterFlush(): void {
    for (const table of this.#tables()) table.evictClean();
  }

  /** Drops all state after the engine was closed, so that its memory is free for other accounts. */
  close(): void {
    this.#dirty.clear();
    for (const table of this.#tables()) table.close();
  }

  /**
   * Moves every session, identity and sender key of a phone number's user to its LID: `c.us` to `lid`,
   * `hosted` to `hosted.lid`, device by device, under the locks of both addresses. It includes dirty state.
   *
   * - A session of the LID stays the current one. The states of the phone number's session join its archive,
   *   with burned sending chains. Sender keys are joined in the same way.
   * - An identity of the LID stays. If either identity is invalid, neither is moved.
   * - One commit contains the LID's rows, the removal of the phone number's rows, `options.writes` and all
   *   dirty items. Callers that hold locks under the phone number, which they resolved earlier, are awaited,
   *   and their state is moved in a second commit.
   *
   * A further call moves state that has appeared since. A call that fails before `options.moved` has changed
   * nothing; one that fails afterwards has completed the first commit. Call it again in both cases.
   *
   * @param pn User part of the phone number's addresses.
   * @param lid User part of the LID's.
   * @throws {StoreError} When the commit or a read failed. After an `AmbiguousError` memory is unchanged and
   * is written again.
   * @throws {LimitError} When new addresses of the user keep appearing.
   */
  moveUser(pn: string, lid: string, options: MoveOptions = {}): Promise<MoveReport> {
    return moveUsers(this.#parts(), [{ pn, lid }], options);
  }

  /**
   * As `moveUser`, for many users in one commit. Pass at most a few hundred, because all moved state is held
   * in memory.
   *
   * @throws {TypeError} When a phone number or a LID occurs twice: a LID has one phone number.
   */
  moveUsers(users: readonly MovedUser[], options: MoveOptions = {}): Promise<MoveReport> {
    return moveUsers(this.#parts(), users, options);
  }

  /**
   * The users with state under the phone number, durable or not, by one query. Callers that hold locks under
   * a phone number, which they resolved before its mapping was known, are awaited.
   *
   * @throws {StoreError}
   */
  async usersToMove(users: readonly MovedUser[]): Promise<MovedUser[]> {
    const stranded = await usersToMove(this.#parts(), users);
    // The others need not be looked at again before their first use.
    await this.#places.addSwept(users.filter((user) => !stranded.includes(user)));
    return stranded;
  }

  /**
   * Deletes sessions of users, including dirty ones, under their locks, in one commit with `writes` and all
   * dirty items. Used when a device was removed or an identity changed. Memory changes after the commit.
   *
   * @returns The number of deleted sessions.
   * @throws {StoreError} When the commit or a read failed: nothing is deleted. After an `AmbiguousError` the
   * sessions are written again.
   * @throws {LimitError} When new sessions of the users keep appearing.
   */
  deleteSessions(selection: SessionSelection, writes: readonly Write[] = []): Promise<number> {
    return deleteSessions(this.#parts(), selection, writes);
  }

  async #prepare(change: CacheChange<S, K>): Promise<PreparedChange> {
    requireObject("change Signal state: a change", change);
    switch (change.store) {
      case "session":
        return this.#sessions.prepareChange(change.address, change.value, change.riders);
      case "senderKey":
        return this.#senderKeys.prepareChange(change.address, change.value, change.riders);
      case "identity":
        return this.#identities.prepareChange(change.address, change.value);
      default:
        throw new ArgumentTypeError("change Signal state: a change has no known store");
    }
  }

  #parts(): MoveParts<S, K> {
    const incarnation = this.#incarnation;
    const requireSame = (): void => {
      if (this.#incarnation !== incarnation)
        throw new ClosedError("change Signal state: the cache was cleared");
    };
    return {
      sessions: this.#sessions,
      senderKeys: this.#senderKeys,
      identities: this.#identities,
      locks: this.#locks.locks,
      reads: this.#options.reads,
      dirty: this.#dirty,
      events: this.#events,
      places: this.#places,
      incarnation: () => this.#incarnation,
      commitWith: async (writes: readonly Write[]) => {
        requireSame();
        await this.#options.engine.commitWith(writes);
        requireSame();
      },
    };
  }

  #tables(): readonly Pick<EntryTable<unknown>, "clear" | "close" | "entries" | "evict" | "evictClean">[] {
    return [this.#sessions.entries, this.#senderKeys.entries, this.#identities.entries];
  }

  #releaseLeases(): void {
    this.#sessions.releaseLeases();
    this.#senderKeys.releaseLeases();
  }

  /** The rows of dirty entries are about to be written. A gated entry gets its bound with its gate. */
  #renewLeases(): void {
    for (const entry of this.#dirty.entries) {
      if (entry.isPresent && !entry.isGated) entry.lease?.renew(this.#dirty.pauses);
    }
  }

  #evict(): void {
    for (const table of this.#tables()) table.evict();
  }
}
