import type { Account } from "../account/mod.ts";
import {
  formatNodeAddress,
  formatNodeSenderKeyName,
  tryParseSenderKeyName,
  tryParseSignalAddress,
} from "../addresses/mod.ts";
import { type ListedTable, listAllRows, type RowWrite } from "../backend/mod.ts";
import { bytesToSyncKeyId, lidMappingIds, TC_TOKEN_INDEX_ID } from "./convert/mod.ts";
import type { KeyType } from "./library_types.ts";

/** Values that are read at a time. */
const VALUES = 100;

/** A collection can have 100,000 mutations. */
const COLLECTIONS = 1;

/** How the ids of a type are listed. */
interface Listing {
  readonly table: ListedTable;
  /** The ids of a row. Rows with the same id follow each other. */
  readonly ids: (row: RowWrite, account: Account) => readonly string[] | Promise<readonly string[]>;
  /** Whether a damaged row is left out, as where it is read it counts as absent. */
  readonly maySkip?: boolean;
  /** The id that there is besides, when there is another. */
  readonly index?: string;
}

type RowOf<K extends RowWrite["kind"]> = Extract<RowWrite, { readonly kind: K }>;

/** Rows of a table have one kind. */
function idsOf<K extends RowWrite["kind"]>(
  _kind: K,
  ids: (row: RowOf<K>, account: Account) => readonly string[] | Promise<readonly string[]>,
): Listing["ids"] {
  return ids as Listing["ids"];
}

const LISTINGS: Readonly<Record<KeyType, Listing>> = {
  "pre-key": { table: "preKey", ids: idsOf("preKey.put", ({ id }) => [String(id)]) },
  session: {
    table: "session",
    ids: idsOf("session.put", ({ address }) => nodeAddresses(address)),
    maySkip: true,
  },
  "sender-key": {
    table: "senderKey",
    ids: idsOf("senderKey.put", ({ name }) => nodeNames(name)),
    maySkip: true,
  },
  "sender-key-memory": {
    table: "senderKeyDevices",
    ids: idsOf("senderKeyDevices.set", ({ group }) => [group]),
  },
  "app-state-sync-key": {
    table: "syncKey",
    ids: idsOf("syncKey.put", ({ keyId }) => [bytesToSyncKeyId(keyId)]),
  },
  "app-state-sync-version": {
    table: "syncVersion",
    // Version 0 reads as absent.
    ids: idsOf("syncVersion.patch", ({ name, patch }) => ((patch.state?.version ?? 0n) > 0n ? [name] : [])),
  },
  "lid-mapping": {
    table: "lidMapping",
    ids: idsOf("lidMapping.put", async ({ entries: [entry] }, account) => {
      if (entry === undefined) return [];
      const [forward, reverse] = lidMappingIds(entry);
      // Of several LIDs of a phone number, one is its own.
      const isOwn = (await account.lid.getLid(entry.phoneNumber)) === entry.lid;
      return isOwn ? [forward, reverse] : [reverse];
    }),
  },
  "device-list": {
    table: "deviceList",
    ids: idsOf("deviceList.put", ({ records }) => records.map(({ user }) => user)),
  },
  tctoken: {
    table: "tcToken",
    ids: idsOf("tcToken.put", ({ jid }) => [jid]),
    index: TC_TOKEN_INDEX_ID,
  },
  "identity-key": {
    table: "identity",
    ids: idsOf("identity.put", ({ address }) => nodeAddresses(address)),
  },
};

/** What a listing needs of the keys. */
export interface ListedKeys {
  readonly account: Account;
  readonly get: (type: KeyType, ids: readonly string[]) => Promise<Record<string, unknown>>;
  /** Whether a value that is stored counts as absent. */
  readonly isGone: (type: KeyType, id: string) => boolean;
}

/**
 * The ids of a type, each once. What is only in memory is made durable first. What changes during the listing
 * may be missing.
 *
 * @throws {CorruptError} At a damaged row, unless it reads as absent.
 */
export async function* listIds(keys: ListedKeys, type: KeyType): AsyncGenerator<string, void, undefined> {
  const { account, isGone } = keys;
  const { table, ids, maySkip, index } = LISTINGS[type];
  await account.flush();
  let latest: string | undefined;
  const options = { tables: [table], ...(maySkip === true ? { onUnreadable: () => {} } : {}) };
  for await (const row of listAllRows(account.store, options)) {
    for (const id of await ids(row, account)) {
      if (id === latest || isGone(type, id)) continue;
      latest = id;
      yield id;
    }
  }
  if (index !== undefined && latest !== undefined) yield index;
}

/** As `listIds`, with the values: those of `get`. */
export async function* listKeys(
  keys: ListedKeys,
  type: KeyType,
): AsyncGenerator<[id: string, value: unknown], void, undefined> {
  const size = type === "app-state-sync-version" ? COLLECTIONS : VALUES;
  let ids: string[] = [];
  for await (const id of listIds(keys, type)) {
    ids.push(id);
    if (ids.length < size) continue;
    yield* Object.entries(await keys.get(type, ids));
    ids = [];
  }
  if (ids.length > 0) yield* Object.entries(await keys.get(type, ids));
}

/** libsignal-node's name of an address; none for one that another client has stored. */
function nodeAddresses(text: string): string[] {
  const address = tryParseSignalAddress(text);
  return address === undefined ? [] : named(() => formatNodeAddress(address));
}

function nodeNames(text: string): string[] {
  const name = tryParseSenderKeyName(text);
  return name === undefined ? [] : named(() => formatNodeSenderKeyName(name));
}

function named(format: () => string): string[] {
  try {
    return [format()];
  } catch (error) {
    if (error instanceof TypeError) return [];
    throw error;
  }
}
