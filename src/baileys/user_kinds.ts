/**
 * Baileys' keys of a user: each is stored under the LID if it is known, and can also be read by the phone
 * number.
 */
import type { Account } from "../account/mod.ts";
import { formatJid, isLidServer, tryParseJid } from "../addresses/mod.ts";
import type { DeviceListEntry, DeviceListRecord, Write } from "../backend/mod.ts";
import { nowSeconds } from "../ports/mod.ts";
import {
  deviceListToDevices,
  devicesToDeviceList,
  entryToTcToken,
  jidsToTcTokenIndex,
  lidMappingIdOf,
  lidMappingToUser,
  TC_TOKEN_INDEX_ID,
  tcTokenToEntry,
} from "./convert/mod.ts";
import { byPlace, type Entry, entriesOf, type KeyContext, type KeyKind, readEach } from "./key_kind.ts";
import { isNumberServer } from "./repository_address.ts";
import type { ToldMappings, UserPair } from "./told_mappings.ts";

/**
 * `lid-mapping`: `<phoneNumber>` to LID and `<lid>_reverse` to phone number, two views of one mapping.
 * `writes` does not store mappings: they are learned, with the state that they move (`pairsIn`).
 */
export const lidMappingKind: KeyKind = {
  async read({ account: { lid } }, ids) {
    const asked = ids.map(lidMappingIdOf);
    const users = await Promise.all(
      asked.map((id) => (id.kind === "lid-of" ? lid.getLid(id.phoneNumber) : lid.getPn(id.lid))),
    );
    return entriesOf(ids, users, (user) => user);
  },
  async writes({ account }, entries) {
    const deleted: string[] = [];
    for (const [text, value] of entries) {
      if (value !== null) continue;
      const id = lidMappingIdOf(text);
      const lid = id.kind === "lid-of" ? await account.lid.getLid(id.phoneNumber) : id.lid;
      if (lid !== undefined) deleted.push(lid);
    }
    return deleted.length === 0 ? [] : [{ kind: "lidMapping.delete", lids: deleted }];
  },
};

/** The mappings in values of `lid-mapping`. @throws {CorruptError} When a value is malformed. */
export function pairsIn(values: Readonly<Record<string, unknown>> = {}): UserPair[] {
  const phoneNumbers = new Map<string, string>();
  for (const [text, value] of Object.entries(values)) {
    if (value === null || value === undefined) continue;
    const id = lidMappingIdOf(text);
    const user = lidMappingToUser(value);
    if (id.kind === "lid-of") phoneNumbers.set(user, id.phoneNumber);
    else phoneNumbers.set(id.lid, user);
  }
  return [...phoneNumbers].map(([lid, phoneNumber]) => ({ lid, phoneNumber }));
}

/** `device-list`: device numbers, as texts, by user. A list of the devices that are stored is no write. */
export const deviceListKind: KeyKind = {
  async read({ account }, ids) {
    const stored = await readLists(account, ids);
    return entriesOf(
      ids,
      stored.map(({ lists }) => lists[0]?.devices),
      devicesToDeviceList,
    );
  },
  async writes({ account, told }, entries) {
    const timestamp = nowSeconds(account.host.clock);
    const users = entries.map(([user]) => user);
    const stored = await readLists(account, users);
    const byUser = new Map(users.map((user, index) => [user, stored[index] as StoredLists]));
    const byCanonical = new Map(stored.map((lists) => [lists.canonical, lists]));
    const writes: Write[] = [];
    for (const { canonical, lists } of byCanonical.values()) {
      for (const { user } of lists) if (user !== canonical) writes.push({ kind: "deviceList.delete", user });
    }
    for (const { place: user, value } of byPlace(entries, (id) => ({
      named: id,
      place: byUser.get(id)?.canonical ?? id,
    }))) {
      const known = byCanonical.get(user)?.lists[0];
      if (value === null) {
        if (known?.user === user) writes.push({ kind: "deviceList.delete", user });
        continue;
      }
      const before = known?.devices ?? [];
      const devices = unchanged(mergeLogin(told, user, deviceListToDevices(value), before), before);
      if (devices !== before || known?.user !== user)
        writes.push({ kind: "deviceList.put", records: [{ user, devices, timestamp }] });
    }
    return writes;
  },
};

/** The stored lists of a user. */
interface StoredLists {
  /** The name under which a list is kept: the LID if it is known. */
  readonly canonical: string;
  /** The one under the canonical name comes first. */
  readonly lists: readonly DeviceListRecord[];
}

/** The lists of each user, under any of its names, by one query. */
async function readLists(account: Account, users: readonly string[]): Promise<StoredLists[]> {
  const names = await namesOf(account, users);
  const all = [...new Set(names.flat())];
  const lists = await account.store.getDevicesFor(all);
  const byName = new Map(all.map((name, index) => [name, lists[index]]));
  return names.map((ofUser, index) => ({
    canonical: ofUser[0] ?? users[index] ?? "",
    lists: ofUser.flatMap((name) => byName.get(name) ?? []),
  }));
}

/** The names of each user, the canonical one first. */
async function namesOf({ lid }: Account, users: readonly string[]): Promise<string[][]> {
  const [lids, phoneNumbers] = await Promise.all([lid.getLids(users), lid.getPns(users)]);
  return users.map((user, index) =>
    [lids[index], user, phoneNumbers[index]].filter((name) => name !== undefined),
  );
}

/**
 * The device list to store. At login Baileys stores a list of only this device, which must be added to our
 * other devices.
 */
function mergeLogin(
  told: ToldMappings,
  user: string,
  devices: readonly DeviceListEntry[],
  known: readonly DeviceListEntry[],
): readonly DeviceListEntry[] {
  const [device, ...more] = devices;
  if (device === undefined || more.length > 0 || device.deviceId === 0) return devices;
  if (!told.isOwn(user) || !told.isThisDevice(device.deviceId)) return devices;
  return known.some(({ deviceId }) => deviceId === device.deviceId) ? known : [...known, device];
}

/** The known list if it has the same devices, of which it may tell more. */
function unchanged(
  devices: readonly DeviceListEntry[],
  known: readonly DeviceListEntry[],
): readonly DeviceListEntry[] {
  const numbers = new Set(known.map(({ deviceId }) => deviceId));
  const isSame = devices.length === known.length && devices.every(({ deviceId }) => numbers.has(deviceId));
  return isSame ? known : devices;
}

/** `tctoken` by JID. Baileys' index of JIDs is derived from the stored tokens. */
export const tcTokenKind: KeyKind = {
  async read(context, ids) {
    const { account, told, wrapBytes } = context;
    const jids = ids.filter((id) => id !== TC_TOKEN_INDEX_ID);
    await told.moveLeftovers(await phoneNumbersOf(account, jids));
    const places = await tokenPlaces(account, jids);
    const tokens = await readEach(
      jids,
      (jid) => account.store.getTcToken(places.get(jid) ?? jid),
      (entry) => entryToTcToken(entry, wrapBytes),
    );
    return jids.length === ids.length ? tokens : [...tokens, ...(await readTcTokenIndex(context))];
  },
  async writes({ account }, entries) {
    const tokens = entries.filter(([id]) => id !== TC_TOKEN_INDEX_ID);
    const jids = tokens.map(([jid]) => jid);
    const places = await tokenPlaces(account, jids);
    const placed = byPlace(tokens, (jid) => ({ named: jid, place: places.get(jid) ?? jid }));
    return placed.map(({ place: jid, value }): Write => {
      if (value === null) return { kind: "tcToken.delete", jid };
      return { kind: "tcToken.put", jid, entry: tcTokenToEntry(value) };
    });
  },
};

/** Phone numbers under which writes store tokens. */
export function tokenNumbersIn(writes: readonly Write[]): string[] {
  return writes.flatMap((write) => {
    const jid = write.kind === "tcToken.put" ? tryParseJid(write.jid) : undefined;
    return jid !== undefined && isNumberServer(jid.server) ? [jid.user] : [];
  });
}

/** The known phone numbers of JIDs. */
async function phoneNumbersOf({ lid }: Account, jids: readonly string[]): Promise<string[]> {
  const numbers = await Promise.all(
    jids.map(async (text) => {
      const jid = tryParseJid(text);
      if (jid === undefined) return undefined;
      if (isNumberServer(jid.server)) return jid.user;
      return isLidServer(jid.server) ? await lid.getPn(jid.user) : undefined;
    }),
  );
  return numbers.filter((number) => number !== undefined);
}

/** The canonical JID of each token: the LID's if it is known. */
async function tokenPlaces({ lid }: Account, jids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  await Promise.all(
    jids.map(async (text) => {
      const jid = tryParseJid(text);
      const place =
        jid === undefined || !isNumberServer(jid.server) ? undefined : await lid.swapNamespace(jid);
      if (place !== undefined) places.set(text, formatJid(place));
    }),
  );
  return places;
}

async function readTcTokenIndex({ account, wrapBytes }: KeyContext): Promise<Entry[]> {
  const jids = await account.store.getAllTcTokenJids();
  return jids.length === 0 ? [] : [[TC_TOKEN_INDEX_ID, jidsToTcTokenIndex(jids, wrapBytes)]];
}
