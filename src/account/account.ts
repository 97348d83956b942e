import { Attachments } from "../attachments/mod.ts";
import {
  type Backend,
  type CommitQueue,
  type CommitStats,
  validateWrites,
  type Write,
} from "../backend/mod.ts";
import type { CacheBuilder } from "../cache/mod.ts";
import { type PersistenceManager, refuseIdentityChange } from "../device/mod.ts";
import type { AccountLids } from "../directory/lid/mod.ts";
import { AmbiguousError, requireFunction, requireList } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import type { SignalPolicy } from "../signal/mod.ts";
import { type FlushReport, logError, type WriteBehind, type WriteBehindHealth } from "../write_behind/mod.ts";
import type { AccountStatistics } from "./account_statistics.ts";

/** What an account has that a client in this process uses. */
export interface ClientParts {
  /** Opens the LID cache. */
  readonly lidCache?: ((account: Account) => AccountLids) | undefined;
  /** Reads statistics. */
  readonly statistics?: ((account: Account) => AccountStatistics) | undefined;
}

/** What an account is made of. `openAccount` puts it together. */
export interface AccountParts {
  readonly host: Host;
  /** The backend itself. Only the queue commits to it, and only the account closes it. */
  readonly backend: Backend;
  readonly queue: CommitQueue;
  readonly store: Backend;
  readonly writeBehind: WriteBehind;
  readonly device: PersistenceManager;
  readonly caches: (CacheBuilder & { close(): void }) | undefined;
  /** What a client in this process uses. An account that is hosted for one elsewhere has none of it. */
  readonly client: ClientParts;
  readonly taskPrefix: string;
  readonly signalPolicy: SignalPolicy;
  readonly stopHousekeeping: () => void;
  /** The number by which the database scopes the account's rows. */
  readonly accountId: number;
  /** Says what is called with writes that were committed together with the device. */
  readonly onDeviceCommitted: (follower: (writes: readonly Write[]) => void) => void;
  /** Says what is called with the writes of the public stores. */
  readonly onStored: (follower: (writes: readonly Write[]) => void) => void;
  /** Adds a function that is called when the device takes another identity. */
  readonly onIdentityChanged: (listener: () => void) => void;
}

/** Told of writes that were committed. */
export type CommitFollower = (writes: readonly Write[]) => void | Promise<void>;

/**
 * One open account: the device, the stores, and the engine that writes behind. Made by `openAccount`.
 *
 * All commits of an open account go through one queue, one at a time, guarded by the owner epoch that opening
 * took. When another process opens the account, every later commit of this one rejects with `FencedError` and
 * writes nothing; open the account again to go on.
 */
export class Account implements AsyncDisposable {
  /** The surroundings it was opened in. */
  readonly host: Host;
  /**
   * The four stores. Each setter is one durable commit through the account's queue, in the order of the
   * calls. What is written behind (the device, Signal state) is not seen here before it was flushed, and must
   * not be written here. Close the account, not the store.
   */
  readonly store: Backend;
  /** The device of the account. */
  readonly device: PersistenceManager;
  /** The engine that writes what is dirty. */
  readonly writeBehind: WriteBehind;
  /**
   * Makes the account's caches, as the option `cache` says. They are closed with the account. `undefined`
   * without that option: the caches are in process then.
   */
  readonly caches: CacheBuilder | undefined;
  /** Label in names of scheduled tasks. */
  readonly taskPrefix: string;
  /** How Signal state is kept: see `signalCache` in the subpath `signal`. */
  readonly signalPolicy: SignalPolicy;
  /** Parts that are opened on demand: the Signal cache, the directory, a client's binding. */
  readonly attachments: Attachments = new Attachments();
  readonly #backend: Backend;
  readonly #queue: CommitQueue;
  readonly #stopHousekeeping: () => void;
  readonly #ownedCaches: { close(): void } | undefined;
  readonly #followers: CommitFollower[] = [];
  readonly #client: ClientParts;
  readonly #onIdentityChanged: AccountParts["onIdentityChanged"];
  readonly #closingListeners = new Set<() => void>();
  readonly #accountId: number;
  readonly #onStored: AccountParts["onStored"];
  #closing: Promise<void> | undefined;

  /** Called by `openAccount`, which opens the parts. No subpath exports the class as a value. */
  constructor(parts: AccountParts) {
    this.host = parts.host;
    this.store = parts.store;
    this.device = parts.device;
    this.writeBehind = parts.writeBehind;
    this.caches = parts.caches;
    this.taskPrefix = parts.taskPrefix;
    this.signalPolicy = parts.signalPolicy;
    this.#accountId = parts.accountId;
    this.#client = parts.client;
    this.#onStored = parts.onStored;
    this.#backend = parts.backend;
    this.#queue = parts.queue;
    this.#stopHousekeeping = parts.stopHousekeeping;
    this.#ownedCaches = parts.caches;
    this.#onIdentityChanged = parts.onIdentityChanged;
    parts.onDeviceCommitted((writes) => void this.#follow(writes));
  }

  /**
   * Which LID belongs to which phone number. `directory(account).learn` learns it, and moves what it
   * concerns.
   */
  get lid(): AccountLids {
    return this.#part("lidCache")(this);
  }

  /** Writes everything that is dirty. See `WriteBehind.flush`. */
  async flush(): Promise<FlushReport> {
    return await this.writeBehind.flush();
  }

  /**
   * Commits `writes` together with everything that is dirty. See `WriteBehind.commitWith`.
   *
   * @throws {IdentityConflictError} When a write would give the device another identity key: a device that
   * is not paired takes one by `device.modifyDevice` or `store.save`. Nothing is written. Also when the
   * identity changes before the writes are collected: nothing of them lands.
   */
  async commitWith(writes: readonly Write[]): Promise<number[]> {
    requireList("writes", writes);
    if (writes.some((write) => write?.kind === "device.save" || write?.kind === "account.clear")) {
      validateWrites(writes, this.#queue.capabilities);
      refuseIdentityChange(writes, this.device.getDeviceSnapshot());
    }
    let mayBeDone = true;
    try {
      return await this.writeBehind.commitWith(writes);
    } catch (error) {
      mayBeDone = error instanceof AmbiguousError;
      throw error;
    } finally {
      if (mayBeDone) await this.#follow(writes);
    }
  }

  async #follow(writes: readonly Write[]): Promise<void> {
    for (const follower of this.#followers) await follower(writes);
  }

  /**
   * Adds a function that is called with the writes of `commitWith`, and with those that were committed
   * together with the device, before `commitWith` resolves: those that were applied, or may have been, after
   * an `AmbiguousError`. It is for caches over the store, which forget what the writes touch; it must not
   * fail.
   */
  onCommitted(follower: CommitFollower): void {
    requireFunction("follower", follower);
    this.#followers.push(follower);
  }

  /**
   * Adds a function that is called with the writes of `store`, before each is committed and again after it,
   * however that ends. It is for copies of what is stored, and must not fail.
   */
  onStored(follower: (writes: readonly Write[]) => void): void {
    requireFunction("follower", follower);
    this.#onStored(follower);
  }

  /**
   * Adds a function that is called with the writes of every commit of the account, of every origin, after it
   * was applied and in the order of the commits; with `undefined` after a commit whose outcome is unknown.
   * The writes and their bytes are valid during the call only. It must not throw.
   *
   * @returns Removes the function.
   */
  followCommits(follower: (writes: readonly Write[] | undefined) => void): () => void {
    requireFunction("follower", follower);
    return this.#queue.follow(follower);
  }

  /**
   * Adds a function that is called when the device takes another identity, at once: what is in memory of the
   * former one is not true any more. What is stored goes in the commit that saves the device, and each caller
   * that reads the store before that is done waits for it. It must not throw.
   */
  onIdentityChanged(listener: () => void): void {
    requireFunction("listener", listener);
    this.#onIdentityChanged(() => this.#tell(listener));
  }

  /**
   * Adds a function that is called when the account begins to close, before the last flush: it stops timers.
   * It must not throw. Returns a function that removes it.
   */
  onClosing(listener: () => void): () => void {
    requireFunction("listener", listener);
    this.#closingListeners.add(listener);
    return () => this.#closingListeners.delete(listener);
  }

  /** How saving is going. */
  health(): WriteBehindHealth {
    return this.writeBehind.health();
  }

  /**
   * Number of the ownership that opening took, greater than that of every earlier owner. 0 where the backend
   * cannot fence.
   */
  get ownerEpoch(): number {
    return this.#queue.ownerEpoch;
  }

  /** What was committed since the account was opened. */
  get commitStats(): CommitStats {
    return this.#queue.stats;
  }

  /**
   * What the account has done since it was opened and what it holds in memory, as a plain object: commits,
   * what is dirty and for how long, its Signal cache, and entries and bytes of each cache. It takes some
   * microseconds, asks no backend, and contains no key and no name of a user.
   *
   * @example
   * ```ts
   * import { openAccount } from "@holdfast/store";
   * import { memoryBackend } from "@holdfast/store/memory";
   *
   * await using account = await openAccount({ backend: memoryBackend() });
   * account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
   * if (account.stats().dirty.must !== 1) throw new Error("it is not saved yet");
   * await account.flush();
   * if (account.stats().commits === 0) throw new Error("it is saved");
   * ```
   */
  stats(): AccountStatistics {
    return this.#part("statistics")(this);
  }

  /**
   * Flushes a last time and closes everything, the backend included, whatever fails on the way. Idempotent: a
   * second call shares the first.
   *
   * @throws {StoreError} When something could not be saved, after everything was closed: it is lost with this
   * process.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Deletes the account with all that is stored for it, and ends this object. Nothing else ever deletes an
   * account: a client that was logged out keeps its state until you call this. Everything that was made over
   * the account (its stores, the Baileys mirror and repository, caches) rejects with `ClosedError` from then
   * on, and a late save of it changes nothing. Open the account again for a new device.
   *
   * @throws {ClosedError} When the account is closed.
   * @throws {StoreError} When the deletion could not be committed, `FencedError` after a later owner has
   * opened the account. Nothing is deleted, and the account stays open.
   *
   * @example
   * ```ts
   * import { openAccount } from "@holdfast/store";
   * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
   *
   * const database = new MemoryDatabase();
   * const account = await openAccount({ backend: memoryBackend({ database }) });
   * await account.erase();
   * await using next = await openAccount({ backend: memoryBackend({ database }) });
   * if (next.device.isRegistered) throw new Error("it is a new device");
   * ```
   */
  async erase(): Promise<void> {
    await this.writeBehind.commitWith([{ kind: "account.delete", accountId: this.#accountId }]);
    this.writeBehind.abandon();
    await this.close();
  }

  /** Closes the account: see `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #part<Name extends keyof ClientParts>(name: Name): Exclude<ClientParts[Name], undefined> {
    const part = this.#client[name];
    if (part === undefined) throw new TypeError(`use ${name}: the account is hosted without it`);
    return part as Exclude<ClientParts[Name], undefined>;
  }

  async #close(): Promise<void> {
    this.#stopHousekeeping();
    for (const listener of this.#closingListeners) this.#tell(listener);
    const errors: unknown[] = [];
    const steps = [this.writeBehind, this.#queue, this.#backend];
    for (const step of steps) {
      await step.close().catch((error: unknown) => errors.push(error));
    }
    this.#ownedCaches?.close();
    const [first, ...others] = errors;
    for (const error of others) logError(this.host.logger, "close account: failed", error);
    if (errors.length > 0) throw first;
  }

  /** What a listener throws must keep neither other listeners nor the last flush from their work. */
  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      logError(this.host.logger, "listener: failed", error);
    }
  }
}
