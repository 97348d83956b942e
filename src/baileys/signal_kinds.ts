import {
  formatSenderKeyName,
  formatSignalAddress,
  parseNodeAddress,
  parseNodeSenderKeyName,
} from "../addresses/mod.ts";
import type { Write } from "../backend/mod.ts";
import type { CachedChange, CachedKind } from "./cached_kind.ts";
import {
  identityKeyToRaw,
  type NodeRecordJson,
  preKeyIdOf,
  preKeyToRecord,
  rawToIdentityKey,
  recordToPreKey,
  recordToSenderKey,
  senderKeyToRecord,
  toNodeRecord,
} from "./convert/mod.ts";
import { byPlace, type Entry, entriesOf, type KeyKind, requireId, understood } from "./key_kind.ts";
import { NodeSenderKeyRecord } from "./node_sender_key_record.ts";
import { NodeSessionRecord } from "./node_session_record.ts";
import { refuseSenderKeyOf6 } from "./supported_version.ts";

/** `pre-key`: a key pair by decimal id, stored as the standard pre-key record. */
export const preKeyKind: KeyKind = {
  async read({ account, wrapBytes }, ids) {
    const rows = await account.store.loadPreKeys(understood(ids, preKeyIdOf).keys);
    return rows.map(({ id, record }) => [String(id), recordToPreKey(record, wrapBytes)]);
  },
  writes: (_context, entries) =>
    entries.map(([text, value]): Write => {
      const id = requireId("pre-key", text, preKeyIdOf);
      if (value === null) return { kind: "preKey.remove", id };
      return { kind: "preKey.put", id, record: preKeyToRecord(id, value), uploaded: false };
    }),
};

/** `session`: libsignal-node's record by its address, in the cache by Signal address. */
export const sessionKind: CachedKind = {
  storedId: storedAddressOf,
  async read({ cache, isLibrary, places }, ids) {
    const known = understood(ids, (id) => placeOf(places, storedAddressOf(id)));
    const [only, ...more] = known.keys;
    if (only === undefined) return [];
    const records =
      more.length === 0 ? [await cache.sessions.load(only)] : await cache.sessions.loadMany(known.keys);
    return entriesOf(known.ids, records, ({ json }) => (isLibrary ? json : copyOf(json)));
  },
  changes: ({ cache, isLibrary, places }, entries) =>
    placed(entries, places, "session", storedAddressOf).map(({ place: address, value }): CachedChange => {
      if (value === null) return { store: "session", address, value: undefined };
      const json = isLibrary ? (value as NodeRecordJson) : toNodeRecord(value);
      return { store: "session", address, value: NodeSessionRecord.of(json, cache.sessions.peek(address)) };
    }),
};

/**
 * `identity-key`: a public key with its prefix by libsignal-node's address, in the cache 32 bytes by Signal
 * address.
 */
export const identityKind: CachedKind = {
  storedId: storedAddressOf,
  async read({ cache, wrapBytes, places }, ids) {
    const known = understood(ids, (id) => placeOf(places, storedAddressOf(id)));
    const keys = await Promise.all(known.keys.map((address) => cache.identities.load(address)));
    return entriesOf(known.ids, keys, (key) => rawToIdentityKey(key, wrapBytes));
  },
  changes: ({ places }, entries) =>
    placed(entries, places, "identity-key", storedAddressOf).map(
      ({ place: address, value }): CachedChange => {
        return { store: "identity", address, value: value === null ? undefined : identityKeyToRaw(value) };
      },
    ),
};

/** `sender-key`: Baileys' JSON by `group::user::device`, in the cache by sender key name. */
export const senderKeyKind: CachedKind = {
  storedId: storedNameOf,
  async read({ cache, wrapBytes, places }, ids) {
    const known = understood(ids, (id) => placeOf(places, storedNameOf(id)));
    const records = await Promise.all(known.keys.map((name) => cache.senderKeys.load(name)));
    return entriesOf(known.ids, records, ({ bytes }) => wrapBytes(bytes));
  },
  changes: ({ cache, isLibrary, places }, entries) =>
    placed(entries, places, "sender-key", storedNameOf).map(({ place: address, value }): CachedChange => {
      refuseSenderKeyOf6(value);
      const checked = value === null || isLibrary ? value : recordToSenderKey(senderKeyToRecord(value));
      const record =
        checked === null ? undefined : NodeSenderKeyRecord.parse(checked, cache.senderKeys.peek(address));
      // Baileys stores a key without states shortly before the first one; it treats an absent key in the same
      // way.
      return { store: "senderKey", address, value: record?.isEmpty === true ? undefined : record };
    }),
};

function placed(
  entries: readonly Entry[],
  places: ReadonlyMap<string, string>,
  type: string,
  parse: (id: string) => string | undefined,
): { readonly place: string; readonly value: unknown }[] {
  return byPlace(entries, (id) => {
    const named = requireId(type, id, parse);
    return { named, place: placeOf(places, named) };
  });
}

function placeOf<Stored extends string | undefined>(
  places: ReadonlyMap<string, string>,
  stored: Stored,
): Stored | string {
  return stored === undefined ? stored : (places.get(stored) ?? stored);
}

/** The Signal address of libsignal-node's name; `undefined` when it is invalid. */
export function storedAddressOf(id: string): string | undefined {
  return orUndefined(() => formatSignalAddress(parseNodeAddress(id)));
}

/** The sender key name of Baileys' id; `undefined` when it is invalid. */
export function storedNameOf(id: string): string | undefined {
  return orUndefined(() => formatSenderKeyName(parseNodeSenderKeyName(id)));
}

function copyOf(json: NodeRecordJson): NodeRecordJson {
  return JSON.parse(JSON.stringify(json)) as NodeRecordJson;
}

function orUndefined(parse: () => string): string | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
