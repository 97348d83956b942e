import { formatJid, type Jid, type JidServer, tryParseSignalAddress } from "../../addresses/mod.ts";
import {
  DEVICE_LIST,
  type DeviceListRecord,
  type ProtocolReads,
  type SignalReads,
  type Write,
} from "../../backend/mod.ts";
import { BatchedReads, forgetElsewhere, KeyedLock, type ValueCache } from "../../cache/mod.ts";
import { LimitError, requireFunction, requireList, requireObject, requireObjects } from "../../errors/mod.ts";
import { checkOf } from "../../rules/mod.ts";
import {
  type DeviceChange,
  type PatchedDevices,
  type PatchReport,
  PRIMARY_DEVICE,
  patchDeviceAdd,
  patchDeviceRemove,
  patchDeviceUpdate,
  patchTogether,
  replaceDevices,
} from "./device_patch.ts";
import { readKeyIndexList } from "./key_index_list.ts";

/** Limit of users per call. The largest groups have a few thousand members. */
const MAX_USERS = 100_000;

/** Attempts to lock users whose canonical names change while their locks are being taken. */
const MAX_ROUNDS = 8;

/** A cached device list, or the fact that there is none. */
export type CachedDevices = DeviceListRecord | { readonly absent: true };

const ABSENT: CachedDevices = Object.freeze({ absent: true });

/** Resolves the names of users, such as `LidPnCache`. Names are user parts. */
export interface UserNames {
  getLids(phoneNumbers: readonly string[]): Promise<readonly (string | undefined)[]>;
  getPns(lids: readonly string[]): Promise<readonly (string | undefined)[]>;
}

/** Deletes the sessions of removed devices, such as `SignalStoreCache`. */
export interface SessionRemover {
  deleteSessions(
    selection: {
      readonly users: readonly string[];
      readonly where: (address: { readonly user: string; readonly device: number }) => boolean;
      readonly identitiesToo?: ((user: string) => boolean) | undefined;
      readonly check?: (() => void) | undefined;
    },
    writes: readonly Write[],
  ): Promise<number>;
}

/** Dependencies of a device registry. */
export interface DeviceRegistryParts {
  readonly reads: Pick<ProtocolReads & SignalReads, "getDevicesFor" | "listSignalAddresses">;
  /**
   * Commits writes: `commitWith` of the account's engine. The account's own `commitWith` would call `follow`
   * here, as for commits of other code.
   */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  readonly names: UserNames;
  readonly sessions: SessionRemover;
  readonly cache: ValueCache<string, CachedDevices>;
  /**
   * Runs a commit that removes devices, named by all their JIDs, so that other caches can update their
   * memory.
   */
  readonly whileRemoved: <T>(deviceJids: readonly string[], commit: () => Promise<T>) => Promise<T>;
}

/** The devices of one user in the answer of a user sync. */
export interface SyncedDevices {
  /** JID of the user, with a phone number or a LID. */
  readonly user: Jid;
  /** All devices that the answer names. */
  readonly devices: DeviceListRecord["devices"];
  /** Unix seconds. */
  readonly timestamp: number;
  /** The server's hash of the participants, if the answer has it. */
  readonly phash?: string | undefined;
  /** Identifies the user's registration, if the answer has it. */
  readonly rawId?: number | undefined;
}

/** The result of a change of one user's devices. */
export interface DeviceReport {
  /** Whether the list changed. Also false for a user whose devices are unknown. */
  readonly changed: boolean;
  /** Numbers of removed devices. Their sessions and marks are removed too. */
  readonly removed: readonly number[];
  /** The user has another identity; the sessions of its companions were removed. */
  readonly isIdentityChange: boolean;
}

/** The names of one user. */
interface Aliases {
  /** The name under which the list is kept: the LID if it is known. */
  readonly canonical: string;
  readonly lid: string | undefined;
  readonly pn: string | undefined;
}

/** The users of a running change. */
interface RunningChange {
  /** The names by which they were resolved or are known. */
  readonly names: Set<string>;
  /** Whether other code committed a mapping of one of them. */
  isRenamed: boolean;
}

/** Ends a change whose users were resolved before a mapping of one of them was stored. */
class RenamedUser extends Error {}

/** A change of one user's devices. */
interface Changed {
  readonly names: Aliases;
  readonly known: DeviceListRecord | undefined;
  readonly patch: PatchedDevices;
}

/** Patches of one user that wait for the user's lock and will be committed together. */
interface WaitingPatches {
  readonly patches: ((record: DeviceListRecord) => PatchedDevices)[];
  readonly reports: Promise<readonly PatchReport[]>;
}

const checkList = checkOf(DEVICE_LIST, "change devices");

const NOTHING: DeviceReport = Object.freeze({ changed: false, removed: [], isIdentityChange: false });

/**
 * The device lists of users, cached in memory over the store.
 *
 * - **One list per user**, kept under the LID if it is known and found under the phone number too. Results
 *   are JIDs in the namespace of the query.
 * - **Ordering.** A change loads, patches, commits and publishes the list under the lock of the user's
 *   canonical name, which is resolved inside the lock, and again if other code commits a mapping of the user
 *   before the list is committed.
 * - **Atomic.** The list, the sessions and the sender-key marks of a removed device change in one commit.
 *   Memory is updated after it succeeds.
 *
 * @example
 * ```ts
 * import { openAccount, parseJid } from "@holdfast/store";
 * import { directory } from "@holdfast/store/directory";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * const { devices } = directory(account);
 * const user = parseJid("5511999990000@s.whatsapp.net");
 * await devices.update([{ user, devices: [{ deviceId: 0 }, { deviceId: 3, keyIndex: 1 }], timestamp: 1 }]);
 * const [jids] = await devices.getDevicesFor([user]);
 * if (jids?.[1]?.device !== 3) throw new Error("not known");
 * ```
 */
export class DeviceRegistry {
  readonly #parts: DeviceRegistryParts;
  readonly #locks = new KeyedLock();
  readonly #lists: BatchedReads<CachedDevices, Aliases>;
  /** Number of commits of other code that changed lists. */
  #followed = 0;
  readonly #running = new Set<RunningChange>();
  /** By the user part that the callers asked for. */
  readonly #waiting = new Map<string, WaitingPatches>();

  /** Called by `directory`. No subpath exports the class as a value. */
  constructor(parts: DeviceRegistryParts) {
    this.#parts = parts;
    this.#lists = new BatchedReads<CachedDevices, Aliases>({
      cache: parts.cache,
      read: (_names, aliases) => this.#readLists(aliases),
    });
  }

  /**
   * The devices of users, in the order and namespace of `users`. `undefined` for a user whose devices are
   * unknown and must be queried from the server. Reads all missing lists in one query, after one for the
   * names.
   *
   * @throws {RangeError} When there are more than 100,000 users. @throws {StoreError}
   */
  async getDevicesFor(users: readonly Jid[]): Promise<(Jid[] | undefined)[]> {
    const lists = await this.getListsFor(users);
    return users.map((user, index) =>
      lists[index]?.devices.map(({ deviceId, isHosted }) => ({
        user: user.user,
        server: serverOf(user, isHosted === true),
        device: deviceId,
        agent: 0,
      })),
    );
  }

  /** As `getDevicesFor`, with all that is known of each list. A list names its user as it is kept. */
  async getListsFor(users: readonly Jid[]): Promise<(DeviceListRecord | undefined)[]> {
    const aliases = await this.#aliasesOf(users);
    const lists = await this.#cachedLists(aliases);
    return lists.map(listOf);
  }

  /** Whether a device is known. The primary device of a user always is. */
  async hasDevice(jid: Jid): Promise<boolean> {
    requireObject("find device: the JID", jid);
    if (jid.device === PRIMARY_DEVICE) return true;
    const [devices] = await this.getDevicesFor([jid]);
    return devices?.some(({ device }) => device === jid.device) === true;
  }

  /**
   * Stores the answer of a user sync, for all users in one commit. @throws {StoreError} Nothing was changed.
   */
  async update(synced: readonly SyncedDevices[]): Promise<DeviceReport[]> {
    requireObjects("update devices: users", synced);
    for (const { user, devices } of synced) {
      requireObject("update devices: user", user);
      requireObjects("update devices: devices", devices);
    }
    // Later patches must not be applied before this.
    this.#waiting.clear();
    return await this.#locked(
      synced.map(({ user }) => user),
      async (aliases, requireCurrent) => {
        const lists = await this.#cachedLists(aliases);
        const patches = synced.map(({ user: _user, ...list }, index) => {
          const names = aliases[index] as Aliases;
          const known = listOf(lists[index]);
          const patch = replaceDevices(known, { ...list, user: names.canonical });
          return { names, known, patch };
        });
        return await this.#apply(patches, requireCurrent);
      },
    );
  }

  /**
   * Adds a device; see `patchDeviceAdd`. Does nothing for a user whose devices are unknown.
   *
   * @param signedKeyIndexList The encoded `ADVSignedKeyIndexList` of the notification. One that cannot be
   *   decoded is ignored.
   */
  async addDevice(
    user: Jid,
    device: DeviceChange,
    signedKeyIndexList?: Uint8Array | undefined,
  ): Promise<DeviceReport> {
    requireObject("add device: the device", device);
    const list = readKeyIndexList(signedKeyIndexList);
    return await this.#patch(user, (record) => patchDeviceAdd(record, device, list));
  }

  /** Removes devices, with their sessions and sender-key marks in the same commit. */
  async removeDevices(user: Jid, deviceIds: readonly number[]): Promise<DeviceReport> {
    requireList("remove devices: deviceIds", deviceIds);
    return await this.#patch(user, (record) => patchDeviceRemove(record, deviceIds));
  }

  /** Updates a device of the list. */
  async updateDevice(user: Jid, device: DeviceChange): Promise<DeviceReport> {
    requireObject("update device: the device", device);
    return await this.#patch(user, (record) => patchDeviceUpdate(record, device));
  }

  /**
   * Deletes the list of a user in memory and in the store, so that it must be queried from the server again.
   */
  async invalidate(user: Jid): Promise<void> {
    this.#waiting.clear();
    await this.#locked([user], async ([names]) => {
      if (names === undefined) return;
      const users = usersOf(names);
      await forgetElsewhere(this.#lists, users);
      try {
        await this.#parts.commit(users.map((alias): Write => ({ kind: "deviceList.delete", user: alias })));
      } finally {
        await this.#forget(users);
      }
    });
  }

  /**
   * Moves device lists from phone numbers to LIDs under the locks of both.
   *
   * @param commit Commits the writes together with the other writes of the move.
   */
  async moveUsers(
    moved: readonly { readonly pn: string; readonly lid: string }[],
    commit: (writes: readonly Write[]) => Promise<void>,
  ): Promise<void> {
    requireObjects("move device lists: users", moved);
    requireFunction("move device lists: commit", commit);
    const users = moved.flatMap(({ pn, lid }) => [pn, lid]);
    this.#waiting.clear();
    await this.#locks.withKeys(users, async () => {
      const lists = await this.#parts.reads.getDevicesFor(users);
      const gone = moved.flatMap(({ pn }, index): Write[] =>
        lists[2 * index] === undefined ? [] : [{ kind: "deviceList.delete", user: pn }],
      );
      const records = moved.flatMap(({ lid }, index): DeviceListRecord[] => {
        const ofPn = lists[2 * index];
        const ofLid = lists[2 * index + 1];
        if (ofPn === undefined || (ofLid !== undefined && ofLid.devices.length > 0)) return [];
        return [{ ...ofPn, user: lid }];
      });
      // Consecutive writes of one kind need few statements.
      const writes: Write[] = records.length === 0 ? gone : [...gone, { kind: "deviceList.put", records }];
      await forgetElsewhere(this.#lists, users);
      try {
        await commit(writes);
      } finally {
        // Also after a failure: the commit may have been applied although a later step failed or its answer
        // was lost.
        await this.#forget(users);
      }
    });
  }

  /** Drops the cached lists of these names. */
  async #forget(users: readonly string[]): Promise<void> {
    for (const user of users) await this.#lists.invalidate(user);
  }

  /**
   * Patches the list of one user. Patches that wait for the user's lock at the same time are applied in their
   * order and committed together; one that makes the list invalid is left out and rejects alone.
   */
  async #patch(user: Jid, patch: (record: DeviceListRecord) => PatchedDevices): Promise<DeviceReport> {
    const waiting = this.#waiting.get(user.user) ?? this.#waitToPatch(user);
    const index = waiting.patches.push(patch) - 1;
    const report = (await waiting.reports)[index] ?? NOTHING;
    if ("refused" in report) throw report.refused;
    return report;
  }

  /** Takes the user's lock. Patches that are added to the result until it is held are committed. */
  #waitToPatch(user: Jid): WaitingPatches {
    const key = user.user;
    const patches: WaitingPatches["patches"] = [];
    const end = (): void => {
      if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
    };
    const reports = this.#locked([user], async ([names], requireCurrent) => {
      end();
      if (names === undefined) return [];
      const known = listOf(await this.#lists.get(names.canonical, names));
      if (known === undefined) return [];
      const { patch, reports } = patchTogether(known, patches, checkList);
      await this.#apply([{ names, known, patch }], requireCurrent);
      return reports;
    });
    const waiting: WaitingPatches = { patches, reports: reports.finally(end) };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  /**
   * Drops lists that may be outdated, or kept under another name, after a commit of other code. `names` must
   * have followed the writes before. Takes no lock: a running change rereads the store when it ends.
   */
  async follow(writes: readonly Write[]): Promise<void> {
    requireObjects("follow: writes", writes);
    const users = writes.flatMap(usersOfLists);
    // The list has another canonical name now.
    const renamed = writes.flatMap((write) =>
      write.kind === "lidMapping.put"
        ? write.entries.flatMap(({ lid, phoneNumber }) => [lid, phoneNumber])
        : [],
    );
    if (users.length + renamed.length === 0) return;
    this.#followed += 1;
    for (const change of this.#running) change.isRenamed ||= renamed.some((name) => change.names.has(name));
    await this.#forget([...users, ...renamed]);
    if (users.length === 0) return;
    const { names } = this.#parts;
    try {
      // Or the list is cached under the other name.
      const [lids, pns] = await Promise.all([names.getLids(users), names.getPns(users)]);
      await this.#forget([...lids, ...pns].filter((user) => user !== undefined));
    } catch {
      this.#lists.invalidateAll();
    }
  }

  /** Nothing of what was known is stored any more. */
  forgetAll(): void {
    this.#followed += 1;
    this.#lists.invalidateAll();
  }

  /**
   * Commits all changes atomically and updates memory.
   *
   * @param requireCurrent Called immediately before the commit. Throws when the names are outdated.
   */
  async #apply(patches: readonly Changed[], requireCurrent: () => void): Promise<DeviceReport[]> {
    const changed = patches.filter(({ known, patch, names }) => {
      return patch.record !== known || known.user !== names.canonical;
    });
    const gone = await this.#jidsOfGone(changed);
    // The list was found under the phone number, or another reader would find it there first.
    const writes = changed.flatMap(({ names: { pn, canonical } }): Write[] =>
      pn === undefined || pn === canonical ? [] : [{ kind: "deviceList.delete", user: pn }],
    );
    const records = changed.map(({ names, patch }) => ({ ...patch.record, user: names.canonical }));
    if (records.length > 0) writes.push({ kind: "deviceList.put", records });
    if (gone.length > 0) writes.push({ kind: "senderKeyDevices.deleteRows", deviceJids: gone });
    const losing = changed.filter(({ patch }) => patch.isIdentityChange || patch.removed.length > 0);
    const users = changed.flatMap(({ names }) => usersOf(names));
    const followed = this.#followed;
    await forgetElsewhere(this.#lists, users);
    const commit = async (): Promise<void> => {
      const selection = { ...selectionOf(losing), check: requireCurrent };
      if (losing.length > 0) return void (await this.#parts.sessions.deleteSessions(selection, writes));
      requireCurrent();
      if (writes.length > 0) await this.#parts.commit(writes);
    };
    try {
      await (gone.length > 0 ? this.#parts.whileRemoved(gone, commit) : commit());
    } catch (error) {
      // The commit may have been applied: its answer was lost.
      await this.#forget(users);
      throw error;
    }
    if (followed !== this.#followed) await this.#forget(users);
    else for (const record of records) await this.#lists.insert(record.user, record);
    // A list cached under another name would be found again if the user lost this name.
    await this.#forget(changed.flatMap(({ names }) => usersOf(names).slice(1)));
    return patches.map(({ known, patch: { record, removed, isIdentityChange } }) => ({
      changed: record !== known,
      removed,
      isIdentityChange,
    }));
  }

  /**
   * Every JID of the devices whose sender-key marks are removed: devices that left a list, and all companions
   * of a user with another identity, including those known by a session alone.
   */
  async #jidsOfGone(changed: readonly Changed[]): Promise<string[]> {
    const renewed = changed
      .filter(({ patch }) => patch.isIdentityChange)
      .flatMap(({ names }) => usersOf(names));
    const entries = renewed.length === 0 ? [] : await this.#parts.reads.listSignalAddresses(renewed);
    const addresses = entries.flatMap(({ kind, address }) =>
      kind === "session" ? [tryParseSignalAddress(address)] : [],
    );
    return changed.flatMap(({ names, known, patch }) => {
      if (!patch.isIdentityChange) return jidsOf(names, patch.removed);
      const users = usersOf(names);
      const inSessions = addresses.flatMap((address) =>
        address !== undefined && users.includes(address.user) ? [address.device] : [],
      );
      const listed = known?.devices.map(({ deviceId }) => deviceId) ?? [];
      const all = [...listed, ...inSessions, ...patch.removed];
      const companions = new Set(all.filter((id) => id !== PRIMARY_DEVICE));
      return jidsOf(names, [...companions]);
    });
  }

  /**
   * Runs a section under the locks of the users' canonical names. When other code commits a mapping of one of
   * them, `requireCurrent` throws, and the section runs again with the new names.
   */
  async #locked<T>(
    users: readonly Jid[],
    section: (aliases: readonly Aliases[], requireCurrent: () => void) => Promise<T>,
  ): Promise<T> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const locked = new Set((await this.#aliasesOf(users)).flatMap(usersOf));
      const answer = await this.#locks.withKeys([...locked], async () => {
        const change: RunningChange = { names: new Set(users.map(({ user }) => user)), isRenamed: false };
        this.#running.add(change);
        try {
          const aliases = await this.#aliasesOf(users);
          if (aliases.some(({ canonical }) => !locked.has(canonical))) return undefined;
          for (const name of aliases.flatMap(usersOf)) change.names.add(name);
          const requireCurrent = (): void => {
            if (change.isRenamed) throw new RenamedUser();
          };
          return { of: await section(aliases, requireCurrent) };
        } catch (error) {
          if (error instanceof RenamedUser) return undefined;
          throw error;
        } finally {
          this.#running.delete(change);
        }
      });
      if (answer !== undefined) return answer.of;
    }
    throw new LimitError("change devices: the user's name keeps changing");
  }

  async #aliasesOf(users: readonly Jid[]): Promise<Aliases[]> {
    requireObjects("read devices: users", users);
    if (users.length > MAX_USERS) {
      throw new RangeError(`read devices: ${users.length} users, at most ${MAX_USERS} are allowed`);
    }
    const { names } = this.#parts;
    const numbers: string[] = [];
    const lids: string[] = [];
    for (const jid of users) (isOfLid(jid) ? lids : numbers).push(jid.user);
    const [ofNumbers, ofLids] = await Promise.all([
      numbers.length === 0 ? [] : names.getLids(numbers),
      lids.length === 0 ? [] : names.getPns(lids),
    ]);
    let number = 0;
    let lid = 0;
    return users.map((jid) => {
      if (isOfLid(jid)) return { canonical: jid.user, lid: jid.user, pn: ofLids[lid++] };
      const found = ofNumbers[number++];
      return { canonical: found ?? jid.user, lid: found, pn: jid.user };
    });
  }

  #cachedLists(aliases: readonly Aliases[]): Promise<CachedDevices[]> {
    return this.#lists.getMany(
      aliases.map(({ canonical }) => canonical),
      aliases,
    );
  }

  /** Reads lists under their canonical names, else under the other name. One query. */
  async #readLists(aliases: readonly Aliases[]): Promise<CachedDevices[]> {
    const users = aliases.flatMap(usersOf);
    const found = await this.#parts.reads.getDevicesFor(users);
    let at = 0;
    return aliases.map((names) => {
      let list: CachedDevices | undefined;
      for (let left = usersOf(names).length; left > 0; left -= 1) {
        const candidate = found[at++];
        // A list without devices counts as absent.
        if (list === undefined && candidate !== undefined && candidate.devices.length > 0) list = candidate;
      }
      return list ?? ABSENT;
    });
  }
}

/** Names under which a write puts or removes lists. */
function usersOfLists(write: Write): string[] {
  if (write.kind === "deviceList.delete") return [write.user];
  return write.kind === "deviceList.put" ? write.records.map(({ user }) => user) : [];
}

/** All names of a user, the canonical one first. */
function usersOf({ canonical, lid, pn }: Aliases): string[] {
  const users = [canonical];
  if (lid !== undefined && lid !== canonical) users.push(lid);
  if (pn !== undefined && pn !== canonical && pn !== lid) users.push(pn);
  return users;
}

function listOf(cached: CachedDevices | undefined): DeviceListRecord | undefined {
  return cached === undefined || "absent" in cached ? undefined : cached;
}

function isOfLid({ server }: Jid): boolean {
  return server === "lid" || server === "hosted.lid";
}

function serverOf(asker: Jid, isHosted: boolean): JidServer {
  if (isOfLid(asker)) return isHosted ? "hosted.lid" : "lid";
  return isHosted ? "hosted" : "s.whatsapp.net";
}

/** All JIDs of the devices, under every name and server. */
function jidsOf({ lid, pn }: Aliases, deviceIds: readonly number[]): string[] {
  const named = (user: string | undefined, servers: readonly JidServer[]): string[] =>
    user === undefined
      ? []
      : deviceIds.flatMap((device) => servers.map((server) => formatJid({ user, server, device, agent: 0 })));
  return [...named(pn, ["s.whatsapp.net", "hosted"]), ...named(lid, ["lid", "hosted.lid"])];
}

/**
 * The sessions to remove: those of removed devices and, on an identity change, those of all devices but the
 * primary one, with their identity keys.
 */
function selectionOf(losing: readonly Changed[]): Parameters<SessionRemover["deleteSessions"]>[0] {
  const patchOf = new Map(losing.flatMap(({ names, patch }) => usersOf(names).map((user) => [user, patch])));
  return {
    users: [...patchOf.keys()],
    where: ({ user, device }) => {
      const patch = patchOf.get(user);
      if (patch === undefined || device === PRIMARY_DEVICE) return false;
      return patch.isIdentityChange || patch.removed.includes(device);
    },
    identitiesToo: (user) => patchOf.get(user)?.isIdentityChange === true,
  };
}
