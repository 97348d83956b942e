import type { Account } from "../account/mod.ts";
import { formatJid, tryParseSenderKeyName } from "../addresses/mod.ts";
import type { Write } from "../backend/mod.ts";
import { CACHE_NAMESPACES, inProcessCaches } from "../cache/mod.ts";
import { type SignalCacheEvent, sharedSignalState } from "../signal/mod.ts";
import { type CachedDevices, DeviceRegistry } from "./devices/mod.ts";
import { GroupCache, type GroupInfo, type KeyHolders, SenderKeyDevices } from "./groups/mod.ts";
import {
  type AccountLids,
  type LearnOptions,
  type LearnReport,
  type LearntMapping,
  learningLidCache,
} from "./lid/mod.ts";
import { UserMigration } from "./migration.ts";

/** Who is who, on which devices, in which groups: of one open account. */
export interface Directory {
  /** Which LID belongs to which phone number: the account's. */
  readonly lid: AccountLids;
  /** Which devices users have. */
  readonly devices: DeviceRegistry;
  /** Who is in which group. */
  readonly groups: GroupCache;
  /** Who holds our sender key in which group. */
  readonly senderKeyDevices: SenderKeyDevices;
  /**
   * Learns mappings, and moves the state of the phone numbers that have a new LID to it: device lists,
   * sessions, identities and sender keys of every device, those that are not durable yet too. A mapping and
   * what it moves are one commit: no crash leaves one without the other, and whoever waits for a lock of the
   * phone number finds the LID. Many are moved some hundred a commit.
   *
   * Of a mapping that is known nothing is written; what is found under its phone number, because an earlier
   * move was in doubt or did not end, is moved. Each user is looked at once while the account is open.
   *
   * A session that the LID has already stays the current one, and the other's states join its archive; the
   * LID's identity wins.
   *
   * Not to be awaited inside `withAddress` or `withSenderKey`: see there.
   *
   * @throws {TypeError | RangeError} As `LidPnCache.learn`.
   * @throws {StoreError} When a commit failed, or the store could not be read. What was not learnt is learnt,
   * and what was not moved is moved, when the mappings are seen again: a mapping and what is moved with it
   * are so together, save after an `AmbiguousError`.
   */
  learn(mappings: readonly LearntMapping[], options: LearnOptions): Promise<LearnReport>;
}

/** Events after which a group's marks are about a sender key of ours that is gone. */
const LOSSES: readonly SignalCacheEvent["kind"][] = ["closed", "discarded", "replaced"];

/**
 * The directory of an open account. Every call answers with the same.
 *
 * It opens no Signal cache. When state has to move or goes, it uses the cache that is open by then
 * (`./baileys` opens one over its own records), and opens one over the standard records where none is.
 *
 * @throws {RangeError} When the account's `signal` options are out of range.
 *
 * @example
 * ```ts
 * import { openAccount, parseJid } from "@holdfast/store";
 * import { directory } from "@holdfast/store/directory";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * const { devices, learn } = directory(account);
 * const user = parseJid("5511999990000@s.whatsapp.net");
 * await devices.update([{ user, devices: [{ deviceId: 0 }, { deviceId: 2, keyIndex: 1 }], timestamp: 1 }]);
 * await learn([{ lid: "100000000000001", phoneNumber: user.user }], { source: "usync" });
 * const [jids] = await devices.getDevicesFor([parseJid("100000000000001@lid")]);
 * if (jids?.length !== 2) throw new Error("the list was not moved");
 * ```
 */
export function directory(account: Account): Directory {
  return openedDirectory(account);
}

/**
 * How an account learns mappings and moves state: for clients that tell both in other ways than
 * `Directory.learn`.
 */
export function migrationOf(account: Account): UserMigration {
  return openedDirectory(account).migration;
}

function openedDirectory(account: Account): OpenedDirectory {
  return account.attachments.of(OpenedDirectory, () => openDirectory(account));
}

/** A directory, and what neighbours of this room learn with. */
class OpenedDirectory implements Directory {
  readonly lid: AccountLids;
  readonly devices: DeviceRegistry;
  readonly groups: GroupCache;
  readonly senderKeyDevices: SenderKeyDevices;
  readonly migration: UserMigration;
  readonly learn: Directory["learn"];

  constructor(parts: Omit<Directory, "learn"> & { readonly migration: UserMigration }) {
    this.lid = parts.lid;
    this.devices = parts.devices;
    this.groups = parts.groups;
    this.senderKeyDevices = parts.senderKeyDevices;
    this.migration = parts.migration;
    this.learn = (mappings, options) => parts.migration.learn(mappings, options);
  }
}

function openDirectory(account: Account): OpenedDirectory {
  const { store, host, caches = inProcessCaches, taskPrefix } = account;
  const lid = learningLidCache(account);
  const signal = sharedSignalState(account);
  const commit = (writes: readonly Write[]): Promise<number[]> => account.commitWith(writes);
  const senderKeyDevices = new SenderKeyDevices({
    reads: store,
    commit,
    cache: caches.build<KeyHolders>({
      ...{ name: "senderKeyDevices", namespace: "sender_key_devices", host, taskPrefix },
    }),
    dropSenderKey: (name) => signal.deleteSenderKey(name),
  });
  signal.onEvent((event) => {
    // Marks are kept for our own keys alone.
    if (!LOSSES.includes(event.kind) || event.store !== "senderKey") return;
    const group = tryParseSenderKeyName(event.address)?.group;
    if (group !== undefined) senderKeyDevices.lost(formatJid(group));
  });
  const devices = new DeviceRegistry({
    reads: store,
    commit: (writes) => account.writeBehind.commitWith(writes),
    names: lid,
    sessions: signal,
    cache: caches.build<CachedDevices>({
      ...{ name: "device", namespace: CACHE_NAMESPACES.device, host, taskPrefix },
    }),
    whileRemoved: (deviceJids, commit) => senderKeyDevices.whileRemoved(deviceJids, commit),
  });
  const groups = new GroupCache({
    commit,
    cache: caches.build<GroupInfo>({
      ...{ name: "group", namespace: CACHE_NAMESPACES.group, host, taskPrefix },
    }),
  });
  const migration = new UserMigration({ lid, devices, signal, reads: store });
  // Whoever else commits, as the Baileys adapter does, changes what is in memory here.
  account.onCommitted(async (writes) => {
    await devices.follow(writes);
    await senderKeyDevices.follow(writes);
    migration.follow(writes);
  });
  return new OpenedDirectory({ lid, devices, groups, senderKeyDevices, migration });
}
