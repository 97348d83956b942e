import type { Account } from "../../account/mod.ts";
import { isLidServer, type Jid, type JidServer, tryParseSignalAddress } from "../../addresses/mod.ts";
import { type DeviceListEntry, type DeviceListRecord, isText } from "../../backend/mod.ts";
import { PortableCache } from "../../cache/mod.ts";
import { type DeviceRegistry, directory } from "../../directory/mod.ts";
import { requireList, requireObject } from "../../errors/mod.ts";
import { nowSeconds } from "../../ports/mod.ts";
import { bindingOf } from "../binding.ts";
import type { LidMappingLike } from "../library_types.ts";
import { isNumberServer } from "../repository_address.ts";
import type { ToldMappings } from "../told_mappings.ts";
import type { Hook } from "./hook.ts";
import { prefetchSessions } from "./prefetch_sessions.ts";

/**
 * Age from which a list is queried again. Baileys' own cache queries every 5 minutes; the server does not
 * tell every device of everybody.
 */
const MAX_LIST_AGE_MS = 24 * 3_600_000;

/** Limit of users of whom is remembered whether they are named by phone number or by LID. */
const MAX_KINDS = 10_000;

/** Limit of users whose lists are doubtful after a failed commit. One more makes all lists doubtful. */
const MAX_DOUBTFUL = 10_000;

/** Baileys' `WAJIDDomains`. */
const DOMAINS: ReadonlyMap<JidServer, number> = new Map<JidServer, number>([
  ["s.whatsapp.net", 0],
  ["lid", 1],
  ["hosted", 128],
  ["hosted.lid", 129],
]);

const NO_HOLDERS: ReadonlySet<string> = new Set();

/** A device, as Baileys caches it. */
export interface CachedDevice {
  readonly user: string;
  readonly server?: string | undefined;
  readonly device?: number | undefined;
  readonly domainType?: number | undefined;
}

/** Whether a user part is of a phone number or of a LID. */
type UserKind = "lid" | "pn";

/** Kinds by user; `both` where a key names two users. */
type UserKinds = Map<string, UserKind | "both">;

/** The socket option `userDevicesCache`. Its keys are users without server. */
export interface UserDevicesCache {
  get<T>(user: string): Promise<T | undefined>;
  set<T>(user: string, devices: T): Promise<void>;
  del(user: string): Promise<void>;
  flushAll(): void;
  mget<T>(users: string[]): Promise<Record<string, T | undefined>>;
  mset<T>(entries: { key: string; value: T }[]): Promise<void>;
}

/** Remembers the devices of users in the account's device registry, for the option `userDevicesCache`. */
export function userDevices(account: Account): Hook<{ readonly userDevicesCache: UserDevicesCache }> {
  const devices = account.attachments.of(UserDevices, () => new UserDevices(account));
  return {
    options: { userDevicesCache: devices },
    repository: (inner) => {
      devices.lidMapping = inner.lidMapping;
      return inner;
    },
  };
}

/**
 * The devices of users in the registry, with Baileys' keys and values.
 *
 * A key does not say whether it is a phone number or a LID. The mapping of the user does, else the server of
 * the devices that Baileys stored, else the addresses of the user's sessions. Devices of a user of whom
 * nothing tells are unknown, and Baileys queries them.
 */
class UserDevices implements UserDevicesCache {
  readonly #account: Account;
  readonly #devices: DeviceRegistry;
  readonly #told: ToldMappings;
  readonly #kinds: PortableCache<string, UserKind>;
  /** Users whose lists count as unknown, because a change of them failed. */
  readonly #doubtful = new Set<string>();
  /** Lists up to this time count as unknown, in Unix seconds. */
  #flushedAtS = 0;
  /** JIDs of the devices that hold the sender key of the group to which a message is being sent. */
  #holders: ReadonlySet<string> = NO_HOLDERS;
  /** Look-ups of the last socket. */
  lidMapping: LidMappingLike | undefined;

  constructor(account: Account) {
    this.#account = account;
    this.#devices = directory(account).devices;
    this.#kinds = new PortableCache({ capacity: MAX_KINDS, clock: account.host.clock });
    const { told, keys } = bindingOf(account);
    this.#told = told;
    // Baileys sends one message at a time, and reads the holders before the devices.
    keys.holdersRead = (holders) => {
      this.#holders = new Set(holders);
    };
    account.onIdentityChanged(() => this.#kinds.invalidateAll());
  }

  async get<T>(user: string): Promise<T | undefined> {
    return (await this.#read([user]))[user] as T | undefined;
  }

  async mget<T>(users: string[]): Promise<Record<string, T | undefined>> {
    const found = await this.#read(users);
    const isComplete = users.every((user) => found[user] !== undefined);
    await this.#prefetch(Object.values(found).flat(), isComplete);
    return found as Record<string, T | undefined>;
  }

  async set<T>(user: string, devices: T): Promise<void> {
    await this.#store([{ key: user, value: devices }]);
  }

  async mset<T>(entries: { key: string; value: T }[]): Promise<void> {
    const stored = await this.#store(entries);
    await this.#prefetch(stored, true);
  }

  async #read(users: readonly string[]): Promise<Record<string, CachedDevice[]>> {
    requireList("get devices: users", users);
    const known = await this.#known(users);
    const found = [...known].map(([user, { kind, list }]) => [user, this.#devicesOf(user, kind, list)]);
    return Object.fromEntries(found);
  }

  /**
   * Loads the sessions of devices to which Baileys sends next: those that do not hold the group's key.
   *
   * @param isLast Whether no further devices of this message will come.
   */
  async #prefetch(devices: readonly CachedDevice[], isLast: boolean): Promise<void> {
    const jids = devices.map(({ user, server, device = 0 }) =>
      device === 0 ? `${user}@${server}` : `${user}:${device}@${server}`,
    );
    const holders = this.#holders;
    if (isLast) this.#holders = NO_HOLDERS;
    const { lidMapping } = this;
    const without = jids.filter((jid) => !holders.has(jid));
    await prefetchSessions({ account: this.#account, lidMapping }, without);
  }

  /** Stores lists. @returns Their devices. */
  async #store(
    entries: readonly { readonly key: string; readonly value: unknown }[],
  ): Promise<CachedDevice[]> {
    requireList("set devices: entries", entries);
    const synced = entries.map(({ key, value }) => ({ user: key, devices: readDevices(key, value) }));
    for (const { user, devices } of synced) this.#kinds.insert(user, devices.kind);
    const users = synced.map(({ user, devices: { kind } }) => jidOf(user, kind));
    const nowS = Math.max(nowSeconds(this.#account.host.clock), this.#flushedAtS + 1);
    await this.#change(
      synced.map(({ user }) => user),
      async () => {
        const before = await this.#devices.getListsFor(users);
        await this.#devices.update(
          synced.map(({ user, devices }, index) => ({
            user: jidOf(user, devices.kind),
            devices: merged(devices.entries, before[index], (device) => this.#isThisDevice(user, device)),
            timestamp: Math.max(nowS, before[index]?.timestamp ?? 0),
          })),
        );
      },
    );
    return entries.flatMap(({ value }) => value as CachedDevice[]);
  }

  async del(user: string): Promise<void> {
    await this.#change([user], async () => {
      // A key of two users is rare; each of them has a list of its own.
      for (const kind of ["pn", "lid"] as const) {
        const jid = jidOf(user, kind);
        const [list] = await this.#devices.getListsFor([jid]);
        if (list !== undefined) await this.#devices.invalidate(jid);
      }
    });
  }

  flushAll(): void {
    this.#flushedAtS = Math.max(this.#flushedAtS, nowSeconds(this.#account.host.clock));
  }

  /** The lists of users that may be used, by the key. */
  async #known(
    keys: readonly string[],
  ): Promise<Map<string, { readonly kind: UserKind; readonly list: DeviceListRecord }>> {
    const asked = [...new Set(keys)].filter((key) => isText(key) && !this.#doubtful.has(key));
    const kinds = await this.#mappedKinds(asked);
    const users = asked.filter((user) => kinds.get(user) !== "both");
    // A user without mapping has one list, under either server.
    const lists = await this.#devices.getListsFor(
      users.map((user) => jidOf(user, kinds.get(user) === "pn" ? "pn" : "lid")),
    );
    const current = users.flatMap((user, index) => {
      const list = lists[index];
      return list !== undefined && this.#isCurrent(list) ? [{ user, list }] : [];
    });
    const unmapped = current.filter(({ user }) => !kinds.has(user));
    await this.#addStoredKinds(
      kinds,
      unmapped.map(({ user }) => user),
    );
    return new Map(
      current.flatMap(({ user, list }) => {
        const kind = kinds.get(user);
        return kind === undefined || kind === "both" ? [] : [[user, { kind, list }] as const];
      }),
    );
  }

  #isCurrent({ timestamp }: DeviceListRecord): boolean {
    const ageMs = this.#account.host.clock.nowMs() - timestamp * 1_000;
    return timestamp > this.#flushedAtS && ageMs < MAX_LIST_AGE_MS;
  }

  /** What the mappings of users tell, or what Baileys told. */
  async #mappedKinds(users: readonly string[]): Promise<UserKinds> {
    const { lid } = this.#account;
    const pns = await lid.getPns(users);
    // The phone numbers of LIDs are needed where their sessions are located.
    const lids = await lid.getLids([...users, ...pns.filter((pn) => pn !== undefined)]);
    const kinds: UserKinds = new Map();
    for (const [index, user] of users.entries()) {
      const isPn = lids[index] !== undefined;
      const isLid = pns[index] !== undefined;
      const known = this.#kinds.get(user);
      if (isPn && isLid) kinds.set(user, "both");
      else if (isPn || isLid) kinds.set(user, isPn ? "pn" : "lid");
      else if (known !== undefined) kinds.set(user, known);
    }
    return kinds;
  }

  /** Adds what the stored addresses of users tell. */
  async #addStoredKinds(kinds: UserKinds, users: readonly string[]): Promise<void> {
    if (users.length === 0) return;
    for (const { kind, address } of await this.#account.store.listSignalAddresses(users)) {
      const parsed = kind === "session" ? tryParseSignalAddress(address) : undefined;
      if (parsed === undefined) continue;
      const named = isLidServer(parsed.server) ? "lid" : "pn";
      kinds.set(parsed.user, (kinds.get(parsed.user) ?? named) === named ? named : "both");
    }
    for (const user of users) {
      const kind = kinds.get(user);
      if (kind !== undefined && kind !== "both") this.#kinds.insert(user, kind);
    }
  }

  /** A list as Baileys caches it: without this device. */
  #devicesOf(user: string, kind: UserKind, { devices }: DeviceListRecord): CachedDevice[] {
    const others = devices.filter(({ deviceId }) => !this.#isThisDevice(user, deviceId));
    return others.map(({ deviceId: device, isHosted }) => {
      const server = serverOf(kind, isHosted === true);
      return { user, device, domainType: DOMAINS.get(server), server };
    });
  }

  #isThisDevice(user: string, device: number): boolean {
    return this.#told.isOwn(user) && this.#told.isThisDevice(device);
  }

  /** Runs a change of lists. If it fails, they count as unknown until they are stored. */
  async #change(users: readonly string[], change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      for (const user of users) this.#doubtful.add(user);
      if (this.#doubtful.size > MAX_DOUBTFUL) {
        this.#doubtful.clear();
        this.flushAll();
      }
      throw error;
    }
    for (const user of users) this.#doubtful.delete(user);
  }
}

/** The devices in a value of Baileys. @throws {TypeError} When it is malformed. */
function readDevices(
  user: string,
  value: unknown,
): { readonly kind: UserKind; readonly entries: readonly DeviceListEntry[] } {
  const devices = requireList("set devices: the devices of a user", value) as readonly CachedDevice[];
  const servers = new Set<UserKind | undefined>();
  const entries = devices.map((entry): DeviceListEntry => {
    requireObject("set devices: a device", entry);
    const { device = 0, server = "" } = entry;
    if (entry.user !== user) throw new TypeError("set devices: a device is of another user");
    const isLid = isLidServer(server as JidServer);
    servers.add(isLid || isNumberServer(server as JidServer) ? (isLid ? "lid" : "pn") : undefined);
    const isHosted = server === "hosted" || server === "hosted.lid";
    return isHosted ? { deviceId: device, isHosted } : { deviceId: device };
  });
  const [kind, ...more] = servers;
  if (kind === undefined || more.length > 0)
    throw new TypeError("set devices: the devices are not of one kind of server");
  return { kind, entries };
}

/**
 * The list to store: with key indexes that are known, and with this device if it was in the list, since
 * Baileys leaves it out.
 */
function merged(
  devices: readonly DeviceListEntry[],
  before: DeviceListRecord | undefined,
  isThisDevice: (device: number) => boolean,
): DeviceListEntry[] {
  const known = new Map(before?.devices.map((entry) => [entry.deviceId, entry]));
  const listed = devices.map((entry) => {
    const keyIndex = known.get(entry.deviceId)?.keyIndex;
    return keyIndex === undefined ? entry : { ...entry, keyIndex };
  });
  const ours = before?.devices.filter(({ deviceId }) => isThisDevice(deviceId)) ?? [];
  return [...listed, ...ours.filter(({ deviceId }) => !devices.some((entry) => entry.deviceId === deviceId))];
}

function jidOf(user: string, kind: UserKind): Jid {
  return { user, server: serverOf(kind, false), device: 0, agent: 0 };
}

function serverOf(kind: UserKind, isHosted: boolean): "hosted" | "hosted.lid" | "lid" | "s.whatsapp.net" {
  if (kind === "lid") return isHosted ? "hosted.lid" : "lid";
  return isHosted ? "hosted" : "s.whatsapp.net";
}
