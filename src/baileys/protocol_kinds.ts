import type { LidPnMapping, Write } from "../backend/mod.ts";
import { nowSeconds } from "../ports/mod.ts";
import {
  baileysToHashState,
  baileysToSyncKey,
  deviceListToDevices,
  devicesToDeviceList,
  devicesToSenderKeyMemory,
  entryToTcToken,
  hashStateToBaileys,
  jidsToTcTokenIndex,
  lidMappingIdOf,
  lidMappingToUser,
  senderKeyMemoryToDevices,
  syncKeyIdToBytes,
  syncKeyToBaileys,
  TC_TOKEN_INDEX_ID,
  tcTokenToEntry,
} from "./convert/mod.ts";
import {
  type Entry,
  entriesOf,
  type KeyContext,
  type KeyKind,
  readEach,
  requireId,
  understood,
} from "./key_kind.ts";

/** `sender-key-memory`: who holds our sender key in a group. A `set` replaces the whole group. */
export const senderKeyMemoryKind: KeyKind = {
  read: ({ account }, ids) =>
    readEach(
      ids,
      async (group) => {
        const devices = await account.store.getSenderKeyDevices(group);
        return devices.length === 0 ? undefined : devices;
      },
      devicesToSenderKeyMemory,
    ),
  writes: (_context, entries) =>
    entries.flatMap(([group, value]): Write[] => {
      const clear: Write = { kind: "senderKeyDevices.clear", group };
      if (value === null) return [clear];
      return [clear, { kind: "senderKeyDevices.set", group, entries: senderKeyMemoryToDevices(value) }];
    }),
};

/** `app-state-sync-key` by base64 key id. */
export const syncKeyKind: KeyKind = {
  async read({ account, wrapBytes }, ids) {
    const known = understood(ids, syncKeyIdToBytes);
    const keys = await Promise.all(known.keys.map((keyId) => account.store.getSyncKey(keyId)));
    return entriesOf(known.ids, keys, (key) => syncKeyToBaileys(key, wrapBytes));
  },
  writes: (_context, entries) =>
    entries.map(([id, value]): Write => {
      const keyId = requireId("app-state-sync-key", id, syncKeyIdToBytes);
      if (value === null) return { kind: "syncKey.delete", keyId };
      return { kind: "syncKey.put", keyId, key: baileysToSyncKey(value) };
    }),
};

/** `app-state-sync-version` by name of the collection. */
export const syncVersionKind: KeyKind = {
  read: ({ account, wrapBytes }, ids) =>
    readEach(
      ids,
      async (name) => {
        const state = await account.store.getVersion(name);
        // A collection that was never seen has version 0, which Baileys expects to be absent.
        return state.version === 0n ? undefined : state;
      },
      (state) => hashStateToBaileys(state, wrapBytes),
    ),
  writes: (_context, entries) =>
    entries.map(([name, value]): Write => {
      if (value === null) return { kind: "syncVersion.delete", name };
      return { kind: "syncVersion.put", name, state: baileysToHashState(value) };
    }),
};

/** `lid-mapping`: `<phoneNumber>` ↔ LID and `<lid>_reverse` ↔ phone number, two views of the durable mapping. */
export const lidMappingKind: KeyKind = {
  async read({ account }, ids) {
    const asked = ids.map(lidMappingIdOf);
    const phoneNumbers = asked.flatMap((id) => (id.kind === "lid-of" ? [id.phoneNumber] : []));
    const lids = asked.flatMap((id) => (id.kind === "phone-number-of" ? [id.lid] : []));
    const byPhone = phoneNumbers.length === 0 ? [] : await account.store.getPnMappings(phoneNumbers);
    const byLid = lids.length === 0 ? [] : await account.store.getLidMappings(lids);
    const values = asked.map((id) =>
      id.kind === "lid-of" ? byPhone.shift()?.lid : byLid.shift()?.phoneNumber,
    );
    return entriesOf(ids, values, (user) => user);
  },
  async writes(context, entries) {
    const stored = new Map<string, string>();
    const deleted: string[] = [];
    for (const [text, value] of entries) {
      const id = lidMappingIdOf(text);
      if (value === null) {
        const lid =
          id.kind === "lid-of" ? (await context.account.store.getPnMapping(id.phoneNumber))?.lid : id.lid;
        if (lid !== undefined) deleted.push(lid);
        continue;
      }
      const user = lidMappingToUser(value);
      const [lid, phoneNumber] = id.kind === "lid-of" ? [user, id.phoneNumber] : [id.lid, user];
      stored.set(lid, phoneNumber);
    }
    const writes: Write[] = [];
    if (deleted.length > 0) writes.push({ kind: "lidMapping.delete", lids: deleted });
    if (stored.size > 0) writes.push({ kind: "lidMapping.put", entries: await mappingsOf(context, stored) });
    return writes;
  },
};

/** Mappings by LID, each the newest of its phone number: the clock may stand before that of the one it replaces. */
async function mappingsOf(
  { account }: KeyContext,
  byLid: ReadonlyMap<string, string>,
): Promise<LidPnMapping[]> {
  const now = nowSeconds(account.host.clock);
  const replaced = await account.store.getPnMappings([...byLid.values()]);
  return [...byLid].map(([lid, phoneNumber], index) => {
    const createdAt = Math.max(now, replaced[index]?.createdAt ?? 0);
    return { lid, phoneNumber, createdAt, updatedAt: createdAt, learningSource: "other" };
  });
}

/** `device-list`: device numbers, as texts, by user. */
export const deviceListKind: KeyKind = {
  async read({ account }, ids) {
    return entriesOf(ids, await account.store.getDevicesFor(ids), ({ devices }) =>
      devicesToDeviceList(devices),
    );
  },
  writes: ({ account }, entries) =>
    entries.map(([user, value]): Write => {
      if (value === null) return { kind: "deviceList.delete", user };
      const timestamp = nowSeconds(account.host.clock);
      return { kind: "deviceList.put", records: [{ user, devices: deviceListToDevices(value), timestamp }] };
    }),
};

/** `tctoken` by JID. The list of JIDs that Baileys keeps beside the tokens follows from what is stored. */
export const tcTokenKind: KeyKind = {
  async read(context, ids) {
    const jids = ids.filter((id) => id !== TC_TOKEN_INDEX_ID);
    const { account, wrapBytes } = context;
    const tokens = await readEach(
      jids,
      (jid) => account.store.getTcToken(jid),
      (entry) => entryToTcToken(entry, wrapBytes),
    );
    return jids.length === ids.length ? tokens : [...tokens, ...(await readTcTokenIndex(context))];
  },
  writes: (_context, entries) =>
    entries.flatMap(([jid, value]): Write[] => {
      if (jid === TC_TOKEN_INDEX_ID) return [];
      if (value === null) return [{ kind: "tcToken.delete", jid }];
      return [{ kind: "tcToken.put", jid, entry: tcTokenToEntry(value) }];
    }),
};

async function readTcTokenIndex({ account, wrapBytes }: KeyContext): Promise<Entry[]> {
  const jids = await account.store.getAllTcTokenJids();
  return jids.length === 0 ? [] : [[TC_TOKEN_INDEX_ID, jidsToTcTokenIndex(jids, wrapBytes)]];
}
