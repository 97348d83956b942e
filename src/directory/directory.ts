import type { Account } from "../account/mod.ts";
import { formatJid, tryParseSenderKeyName } from "../addresses/mod.ts";
import { attachmentsOf } from "../attachments/mod.ts";
import type { Write } from "../backend/mod.ts";
import {
  CACHE_NAMESPACES,
  type CacheName,
  inProcessCaches,
  measuredCaches,
  type ValueCache,
} from "../cache/mod.ts";
import { type SignalCacheEvent, sharedSignalState } from "../signal/mod.ts";
import { type CachedDevices, DeviceRegistry } from "./devices/mod.ts";
import { GroupCache, type GroupInfo, type KeyMarks, SenderKeyDevices } from "./groups/mod.ts";
import {
  type AccountLids,
  ContactHashes,
  type LearnOptions,
  type LearnReport,
  type LearntMapping,
  learningLidCache,
} from "./lid/mod.ts";
import { UserMigration } from "./migration.ts";

/** LID mappings, device lists, group members and sender-key marks of one open account. */
export interface Directory {
  /** The LID cache of the account. */
  readonly lid: AccountLids;
  /** The device lists of users. */
  readonly devices: DeviceRegistry;
  /** The members of groups. */
  readonly groups: GroupCache;
  /** The devices that hold our sender keys. */
  readonly senderKeyDevices: SenderKeyDevices;
  /**
   * Learns mappings, and moves the state of each phone number with a new LID to that LID: its device list,
   * and the sessions, identities and sender keys of every device, including those that are not durable yet. A
   * mapping and the state that it moves land in one commit, so a crash never separates them. A caller that
   * waits for a lock of the phone number continues with the LID. One commit moves up to 250 users.
   *
   * A known mapping is not written again. State that an unfinished earlier move has left under its phone
   * number is moved. Each user is checked once while the account is open.
   *
   * If the LID has a session already, it stays current and the states of the phone number's session join its
   * archive. The identity of the LID is kept.
   *
   * Must not be awaited inside `withAddress` or `withSenderKey`; see there.
   *
   * @throws {TypeError | RangeError} As `LidPnCache.learn`.
   * @throws {StoreError} When a commit fails or the store cannot be read. A mapping and its state are
   *   committed together or not at all, except after an `AmbiguousError`; learning the mappings again
   *   completes the rest.
   */
  learn(mappings: readonly LearntMapping[], options: LearnOptions): Promise<LearnReport>;
  /**
   * The LID of the user with a short hash, by which some notifications name a user: the first three bytes of
   * MD5(user part ‖ "WA_ADD_NOTIF") of the LID or the phone number. `undefined` when no mapped user or more
   * than one has the hash.
   *
   * The first call reads all mappings. Later ones answer from memory.
   *
   * @param hash Base64 without padding, as on the wire.
   * @throws {StoreError}
   */
  lidOfContactHash(hash: string): Promise<string | undefined>;
}

/** Events after which the marks of a group refer to a sender key that no longer exists. */
const LOSSES: readonly SignalCacheEvent["kind"][] = ["closed", "discarded", "removed", "replaced"];

/**
 * The directory of an open account. Every call returns the same object.
 *
 * Opens no Signal cache by itself. To move or delete Signal state it uses the open cache (`./baileys` opens
 * one over its own records), or opens one over the standard records.
 *
 * @throws {RangeError} When a `signal` option of the account is out of range.
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

/** The migration of an account, for clients that report mappings by other calls than `Directory.learn`. */
export function migrationOf(account: Account): UserMigration {
  return openedDirectory(account).migration;
}

function openedDirectory(account: Account): OpenedDirectory {
  return attachmentsOf("open directory", account).of(OpenedDirectory, () => openDirectory(account));
}

interface DirectoryParts extends Omit<Directory, "learn" | "lidOfContactHash"> {
  readonly migration: UserMigration;
  readonly contacts: ContactHashes;
}

/** A directory with its migration, for modules of this folder. */
class OpenedDirectory implements Directory {
  readonly lid: AccountLids;
  readonly devices: DeviceRegistry;
  readonly groups: GroupCache;
  readonly senderKeyDevices: SenderKeyDevices;
  readonly migration: UserMigration;
  readonly learn: Directory["learn"];
  readonly lidOfContactHash: Directory["lidOfContactHash"];

  constructor(parts: DirectoryParts) {
    this.lid = parts.lid;
    this.devices = parts.devices;
    this.groups = parts.groups;
    this.senderKeyDevices = parts.senderKeyDevices;
    this.migration = parts.migration;
    this.learn = (mappings, options) => parts.migration.learn(mappings, options);
    this.lidOfContactHash = (hash) => parts.contacts.lidOf(hash);
  }
}

function openDirectory(account: Account): OpenedDirectory {
  const { store, host, caches = inProcessCaches, taskPrefix } = account;
  const lid = learningLidCache(account);
  const signal = sharedSignalState(account);
  const build = <V>(name: CacheName, namespace: string): ValueCache<string, V> => {
    const cache = caches.build<V>({ name, namespace, host, taskPrefix });
    measuredCaches(account).add(name, cache);
    return cache;
  };
  const commit = (writes: readonly Write[]): Promise<number[]> => account.commitWith(writes);
  const senderKeyDevices = new SenderKeyDevices({
    reads: store,
    commit,
    cache: build<KeyMarks>("senderKeyDevices", "sender_key_marks"),
    dropSenderKey: (name) => signal.deleteSenderKey(name),
  });
  signal.onEvent((event) => {
    // Only our own keys have marks.
    if (!LOSSES.includes(event.kind) || event.store !== "senderKey") return;
    const group = tryParseSenderKeyName(event.address)?.group;
    if (group !== undefined) senderKeyDevices.lost(formatJid(group));
  });
  const devices = new DeviceRegistry({
    reads: store,
    commit: (writes) => account.writeBehind.commitWith(writes),
    names: lid,
    sessions: signal,
    cache: build<CachedDevices>("device", CACHE_NAMESPACES.device),
    whileRemoved: (deviceJids, commit) => senderKeyDevices.whileRemoved(deviceJids, commit),
  });
  const groups = new GroupCache({
    reads: store,
    commit,
    cache: build<GroupInfo>("group", CACHE_NAMESPACES.group),
  });
  const migration = new UserMigration({ lid, devices, signal, reads: store });
  // Commits of other code, such as the Baileys adapter, invalidate entries of these caches.
  account.onCommitted(async (writes) => {
    groups.follow(writes);
    await devices.follow(writes);
    await senderKeyDevices.follow(writes);
    migration.follow(writes);
  });
  account.onStored((writes) => {
    groups.follow(writes);
    void senderKeyDevices.follow(writes);
  });
  account.onIdentityChanged(() => {
    for (const part of [devices, groups, senderKeyDevices, migration]) part.forgetAll();
  });
  const contacts = new ContactHashes({ reads: store, lids: lid });
  return new OpenedDirectory({ lid, devices, groups, senderKeyDevices, migration, contacts });
}
