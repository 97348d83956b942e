import {
  adoptBackend,
  type Backend,
  type BackendLike,
  CommitQueue,
  type Committer,
  type Device,
  readRestoreEpoch,
  refuseSealed,
  requirePlain,
  type Write,
  withCommitter,
} from "../backend/mod.ts";
import { hexOf } from "../bytes/mod.ts";
import { type CacheBuilder, OwnedCaches } from "../cache/mod.ts";
import {
  createDevice,
  type DeviceCompanion,
  makePreKeys,
  PersistenceManager,
  type SnapshotSink,
  takeSnapshot,
  withSoundKeys,
} from "../device/mod.ts";
import { attachedLids, lidCache } from "../directory/lid/mod.ts";
import { CorruptError, requireFunction, requireObject } from "../errors/mod.ts";
import { defaultScheduler, digest, type Host, type Logger, nowSeconds, systemHost } from "../ports/mod.ts";
import type { SignalPolicy } from "../signal/mod.ts";
import { logError, WriteBehind, type WriteBehindPolicy } from "../write_behind/mod.ts";
import { Account, type ClientParts } from "./account.ts";
import { accountStatistics } from "./account_statistics.ts";
import { type HousekeepingPolicy, startHousekeeping } from "./housekeeping.ts";
import { IdentityChange } from "./identity_change.ts";
import { OwnMapping, repairOwnMappings } from "./own_mapping.ts";
import { inRestoreEpoch, restoreEpochOf } from "./restore_epoch.ts";
import { WrappedCommitter } from "./wrapped_committer.ts";

/** Options of `openAccount`. */
export interface OpenAccountOptions {
  /**
   * The backend of the account, or a promise of it, or a function that opens it. It belongs to the account
   * from now on: it is closed with it, and when opening fails.
   *
   * Four stores without a `commit`, as four objects or as one with all of their methods, are joined by
   * `composeBackend`: their commits are neither atomic nor fenced.
   */
  readonly backend: BackendLike | Promise<BackendLike> | (() => BackendLike | Promise<BackendLike>);
  /** Clock, scheduler, randomness and logger. Missing ones default to the host's own. */
  readonly host?: Partial<Host> | undefined;
  /**
   * The backend names the account, for example `libsqlBackend({ account: "bot-1" })`: a name here is a
   * mistake.
   */
  readonly account?: never;
  /**
   * Prefix of the names of the account's tasks in `host.scheduler`. Accounts of several databases that share
   * a scheduler need one each. Defaults to the account's id, which tells accounts of one database apart.
   */
  readonly taskLabel?: string | undefined;
  /**
   * Within this time new sessions and the like are saved, in milliseconds. Defaults to 5,000. What must not
   * be lost (the device, identities, deletes) is saved within 50 ms. `manual` starts no background saver.
   */
  readonly saverIntervalMs?: number | "manual" | undefined;
  /** Other times and limits of saving. */
  readonly policy?: Partial<WriteBehindPolicy> | undefined;
  /** How Signal state is kept. */
  readonly signal?: SignalPolicy | undefined;
  /**
   * How large the account's caches are and where: `accountCaches` of the subpath `cache`. Defaults to caches
   * in process.
   */
  readonly cache?: CacheBuilder | undefined;
  /**
   * Removes what has expired, in the background: sent messages, base keys, pending inbound messages,
   * trusted-contact tokens and message secrets. `false` leaves everything where it is.
   */
  readonly housekeeping?: Partial<HousekeepingPolicy> | false | undefined;
  /** Keeps snapshots of `device.createSnapshot`, which rejects without one. */
  readonly snapshotSink?: SnapshotSink | undefined;
  /** Makes the device of an account that has none, for example from another store. Defaults to fresh keys. */
  readonly newDevice?: ((host: Host) => Device | Promise<Device>) | undefined;
}

/**
 * Opens an account: its backend, its device and the engine that saves it. A new account gets a device with
 * fresh keys, which is durable when this resolves.
 *
 * Opening takes the ownership of the account before the first read: an earlier owner can commit no more and
 * meets `FencedError`. A device that cannot be read is an error and never replaced by a new one. When opening
 * fails, everything that was opened on the way is closed again, the backend included; what fails while
 * closing is logged.
 *
 * Whether the account is sealed, and by the backend's keys, is known before: `SealedError` fences no one.
 *
 * @throws {CorruptError | WrongLengthError} When the stored device is damaged. It is left as it is.
 * @throws {FencedError} When other processes keep taking the account over.
 * @throws {SealedError} When the account is sealed and the backend lacks its key. Nothing was changed.
 * @throws {StoreError} What the backend says.
 * @throws {IncompleteBackendError} When the backend lacks a store or a method.
 * @throws {TypeError | RangeError} When an option is malformed, or `newDevice` makes no valid device or one
 * whose keys do not belong together. Nothing is stored.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend({ account: "alice" }) });
 * account.device.processCommand({ kind: "setPushName", pushName: "Alice" });
 * await account.store.putSession("5511999990000@c.us.0", new Uint8Array([1, 2, 3]));
 * await account.flush();
 * ```
 */
export async function openAccount(options: OpenAccountOptions): Promise<Account> {
  requireObject("options", options);
  refuseAccountName(options);
  const own = systemHost(options.host);
  const host = { ...own, scheduler: options.host?.scheduler ?? defaultScheduler(own.clock) };
  const given = options.backend;
  const like = await (typeof given === "function" ? given() : given);
  let backend: Backend;
  try {
    backend = adoptBackend("open account", like, { clock: host.clock });
  } catch (error) {
    await closeParts([like], host.logger);
    throw error;
  }
  return await openAccountOver(
    backend,
    { ...options, host },
    {
      ...{ lidCache, makePreKeys, withSoundKeys, takeSnapshot, openCaches },
      statistics: accountStatistics,
    },
  );
}

/** What hosts inside this package say of an account that they open. */
export interface OpenAccountAs extends ClientParts {
  /** See `CommitQueueOptions.soleOwner`. */
  readonly soleOwner?: string | undefined;
  /** Without it, the keys of a device that is loaded, or made elsewhere, are not checked. */
  readonly withSoundKeys?: typeof withSoundKeys | undefined;
  /** Makes what allocates pre-keys. Without it there are none. */
  readonly makePreKeys?: typeof makePreKeys | undefined;
  /** Opens the caches of the option `cache`, which has no effect without it. */
  readonly openCaches?: typeof openCaches | undefined;
  /** Without it, no snapshot is made. */
  readonly takeSnapshot?: typeof takeSnapshot | undefined;
}

/**
 * As `openAccount`, for hosts inside this package: over a backend of this package, which is closed with the
 * account.
 */
export async function openAccountOver(
  backend: Backend,
  options: Omit<OpenAccountOptions, "backend">,
  as: OpenAccountAs,
): Promise<Account> {
  const host = systemHost(options.host);
  const opened: Closable[] = [backend];
  try {
    refuseAccountName(options);
    return await openParts({ backend, host, opened }, options, as);
  } catch (error) {
    await closeParts(opened, host.logger);
    throw error;
  }
}

/** What an account is opened over. */
interface OpeningGround {
  readonly backend: Backend;
  readonly host: Host;
  /** What was opened on the way, the latest first. It is closed when opening fails. */
  readonly opened: Closable[];
}

async function openParts(
  { backend, host, opened }: OpeningGround,
  options: Omit<OpenAccountOptions, "backend">,
  as: OpenAccountAs,
): Promise<Account> {
  for (const name of ["newDevice", "snapshotSink"] as const) {
    if (options[name] !== undefined) requireFunction(name, options[name]);
  }
  const { clock, random, logger } = host;
  // Another backend says so when the ownership is taken.
  const isPlain = backend.capabilities.tellsSealed === true ? undefined : requirePlain(backend);
  // One that is far away reads the id with what is read after the ownership is taken.
  const ground = backend.opening?.() ?? backend;
  const [idBefore] = await Promise.all([ground === backend ? backend.create() : undefined, isPlain]);
  const sound: SoundKeys = async (device, isNew) => (await as.withSoundKeys?.(device, host, isNew)) ?? device;
  const makeDevice = firstDeviceOf(host, options, sound);
  const firstDevice = async (): Promise<Write[]> =>
    (await ground.exists()) ? [] : [{ kind: "device.save", device: await makeDevice() }];
  const queue = await CommitQueue.take(ground, { random, logger, soleOwner: as.soleOwner, firstDevice });
  const accountId = idBefore ?? (await ground.create());
  let current: PersistenceManager | undefined;
  const identity = identityChangeOf(() => current);
  const followers: ((writes: readonly Write[]) => void)[] = [];
  const committer = identity.committerOf(followed(queue, followers));
  // Reads and commits take one way: a layer that encrypts knows its keys by the commits that it has seen.
  const store = withCommitter(identity.readsOf(ground), committer, { clock });
  const opener = withCommitter(ground, committer, { clock });
  const { device, isRestored } = await loadDevice(opener, makeDevice, {
    ...options,
    mustExist: queue.hasDevice,
    sound,
  });
  const restoreEpoch = restoreEpochOf(device);
  const taskPrefix = `${options.taskLabel ?? accountId}:`;
  const first = isRestored ? ({ kind: "restored", restoreEpoch } as const) : undefined;
  if (isRestored)
    logger.log("warn", "open account: the database is an older copy or a fork", { restoreEpoch });
  const writeBehind = new WriteBehind({ committer: queue, host, taskPrefix, policy: options.policy, first });
  opened.unshift(writeBehind);
  const { snapshotSink, saverIntervalMs, housekeeping = {} } = options;
  // An object that wakes up has done so before: it would read twenty rows each time.
  if (!queue.isKept) await repairOwnMappings(opener, device, nowSeconds(clock));
  const ownMapping = new OwnMapping(clock);
  const companion = companionOf(ownMapping, identity);
  let opening: Account | undefined;
  const backupSource = (): Account => opening as Account;
  const manager = new PersistenceManager({
    ...{ device, store, writeBehind, host, snapshotSink, companion, backupSource },
    takeSnapshot: as.takeSnapshot,
    makePreKeys: as.makePreKeys,
  });
  current = manager;
  const stopHousekeeping =
    housekeeping === false
      ? () => {}
      : startHousekeeping({
          host,
          taskPrefix,
          phase: phaseOf(device),
          committer: queue,
          reads: ground,
          policy: housekeeping,
        });
  opened.unshift({ close: async () => stopHousekeeping() });
  if (saverIntervalMs !== "manual") manager.runBackgroundSaver(saverIntervalMs);
  const caches = options.cache === undefined ? undefined : await as.openCaches?.(options.cache, device);
  if (caches !== undefined) opened.unshift({ close: async () => caches.close() });
  const account = new Account({
    ...{ accountId, host, backend, queue, store, writeBehind, device: manager, caches, taskPrefix },
    stopHousekeeping,
    client: as,
    onDeviceCommitted: (follower) => ownMapping.connect(() => attachedLids(account).cache, follower),
    onStored: (follower) => followers.push(follower),
    onIdentityChanged: (listener) => identity.onChanged(listener),
    signalPolicy: { ...options.signal, restoreEpoch },
  });
  opening = account;
  // Opened now, so that a fault of its caches is one of opening. In process none fails.
  if (caches !== undefined) as.lidCache?.(account);
  return account;
}

/** Changes the identity of the device that `current` has. */
function identityChangeOf(current: () => PersistenceManager | undefined): IdentityChange {
  return new IdentityChange({
    device: () => current()?.getDeviceSnapshot(),
    replace: async (device) => {
      current()?.modifyDevice((draft) => Object.assign(draft, device));
      await current()?.flushDevice();
    },
    flush: async () => await current()?.flushDevice(),
  });
}

/** Commits, and says before and after what it writes. */
function followed(queue: CommitQueue, followers: readonly ((writes: readonly Write[]) => void)[]): Committer {
  const tell = (writes: readonly Write[]): void => {
    for (const follower of followers) follower(writes);
  };
  return new WrappedCommitter(queue, async (_queue, writes, options) => {
    tell(writes);
    try {
      return await queue.commit(writes, options);
    } finally {
      tell(writes);
    }
  });
}

/** What changes together with the device: our own mapping, and everything when the identity does. */
function companionOf(ownMapping: OwnMapping, identity: IdentityChange): DeviceCompanion {
  return {
    writesFor: (device, before) => ownMapping.writesFor(device, before),
    committed: (writes) => {
      identity.committed(writes);
      ownMapping.committed(writes);
    },
    identityChanged: () => identity.changed(),
  };
}

/** Bytes of a digest that tell accounts of all databases apart. */
const OWNER_BYTES = 8;

/**
 * Opens the caches of an account. Its identity key tells its entries from those of others: accounts of
 * different databases may have one name.
 */
export async function openCaches(
  builder: CacheBuilder,
  device: Device,
): Promise<CacheBuilder & { close(): void }> {
  requireFunction("cache.build", builder?.build);
  const id = await digest("SHA-256", device.identityKey.publicKey);
  return new OwnedCaches(builder, hexOf(id.subarray(0, OWNER_BYTES)));
}

/** A number from 0 to 1 that differs between accounts, of all databases. */
function phaseOf({ identityKey }: Device): number {
  const [high = 0, low = 0] = identityKey.publicKey;
  return (256 * high + low) / 65_536;
}

/**
 * Closes what a failed opening left open. The caller gets the reason of that failure: what fails here is
 * logged.
 */
async function closeParts(parts: readonly (Closable | undefined)[], logger: Logger): Promise<void> {
  for (const part of parts) {
    try {
      await part?.close?.();
    } catch (error) {
      logError(logger, "open account: failed to close what was opened", error);
    }
  }
}

/**
 * An account that is named here and not at the backend would be the account `default`, as every other one
 * named here.
 */
function refuseAccountName({ account }: { readonly account?: unknown }): void {
  if (account === undefined) return;
  throw new TypeError("open account: the option account names no account, name it where the backend is made");
}

/** What may have to be closed: stores that are apart need not be. */
interface Closable {
  close?(): Promise<void>;
}

/** See `withSoundKeys`. */
type SoundKeys = (device: Device, isNew: boolean) => Promise<Device>;

/** Makes the device of an account that has none, once, in the restore epoch that is in force. */
function firstDeviceOf(
  host: Host,
  { newDevice, signal }: Omit<OpenAccountOptions, "backend">,
  sound: SoundKeys,
): () => Promise<Device> {
  let made: Device | undefined;
  return async () => {
    made ??= inRestoreEpoch(
      newDevice === undefined ? await createDevice(host) : await sound(await newDevice(host), true),
      signal?.restoreEpoch ?? 0,
    );
    return made;
  };
}

interface LoadOptions extends Pick<OpenAccountOptions, "signal"> {
  /** Whether an account without a device is damaged. */
  readonly mustExist: boolean;
  readonly sound: SoundKeys;
}

/**
 * The stored device; a new one where taking the ownership could not store it. Durable, with the restore epoch
 * that is in force: what is written under a new epoch must never be read under an old one.
 */
async function loadDevice(
  store: Backend,
  makeDevice: () => Promise<Device>,
  { signal, mustExist, sound }: LoadOptions,
): Promise<{ readonly device: Device; readonly isRestored: boolean }> {
  const stored = await store.load();
  // A backend that cannot read what it has must not answer that there is nothing.
  if (stored === undefined && (mustExist || (await store.exists()))) {
    throw new CorruptError("open account: a device is stored and was not read, restore a backup");
  }
  refuseSealed("open account", { device: stored });
  const found = stored ?? (await makeDevice());
  const device = inRestoreEpoch(await sound(found, false), signal?.restoreEpoch ?? 0);
  if (device !== stored) await store.save(device);
  return { device, isRestored: readRestoreEpoch(found).isNew };
}
