import type { Write } from "../backend/mod.ts";
import { directory } from "../directory/mod.ts";
import {
  baileysToHashState,
  baileysToSyncKey,
  devicesToSenderKeyMemory,
  senderKeyMemoryToDevices,
  syncKeyIdToBytes,
  syncKeyToBaileys,
} from "./convert/mod.ts";
import { type CollectionKind, entriesOf, type KeyKind, readEach, requireId, understood } from "./key_kind.ts";

/**
 * `sender-key-memory`: the devices that have our sender key of a group. A `set` replaces the whole group.
 * Baileys sets all devices with each message, so only changed marks are written.
 */
export const senderKeyMemoryKind: KeyKind = {
  read: ({ account }, ids) =>
    readEach(
      ids,
      async (group) => {
        const marks = await directory(account).senderKeyDevices.marks(group);
        return marks.length === 0 ? undefined : marks;
      },
      devicesToSenderKeyMemory,
    ),
  async writes({ account }, entries) {
    const { senderKeyDevices } = directory(account);
    const writes: Write[] = [];
    for (const [group, value] of entries) {
      const clear: Write = { kind: "senderKeyDevices.clear", group };
      if (value === null) {
        writes.push(clear);
        continue;
      }
      const marks = senderKeyMemoryToDevices(value);
      const known = new Map(await senderKeyDevices.marks(group));
      const changed = marks.filter(([device, hasKey]) => known.get(device) !== hasKey);
      const isKept = known.size === marks.length - marks.filter(([device]) => !known.has(device)).length;
      if (!isKept) writes.push(clear, { kind: "senderKeyDevices.set", group, entries: marks });
      else if (changed.length > 0) writes.push({ kind: "senderKeyDevices.set", group, entries: changed });
    }
    return writes;
  },
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

/** `app-state-sync-version` by name of the collection. Version 0 reads as absent, as Baileys expects. */
export const syncVersionKind: CollectionKind = {
  read: ({ collections }, ids) =>
    readEach(
      ids,
      (name) => collections.read(name),
      (state) => state,
    ),
  collections: (entries) =>
    entries.map(([name, value]) => {
      return { name, state: value === null ? undefined : baileysToHashState(value) };
    }),
};
