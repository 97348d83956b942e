import {
  type CursorPart,
  decodeCursor,
  encodeCursor,
  type ListedTable,
  MAX_PAGE_BYTES,
  malformedCursor,
  type RowPage,
  type RowReads,
  type RowWrite,
} from "../../backend/mod.ts";
import { compareText, hexOf } from "../../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import type { AccountTables } from "./account_tables.ts";
import { collectionPage } from "./collection_listing.ts";
import { copyBytes, copyDeviceList, copyTcToken } from "./copies.ts";
import { columnsOf, readable } from "./damaged.ts";
import { keyParts, type Table } from "./table.ts";

/** A stored row: its key, the size of its values, and the write that stores it again. */
interface ListedRow {
  readonly key: readonly CursorPart[];
  readonly bytes: number;
  /** @throws {CorruptError | WrongLengthError} When the row is damaged. */
  readonly write: () => RowWrite;
}

type Lister = (tables: AccountTables) => ListedRow[];

/** The rows of a table. `of` returns the key and the write of one. */
function lister<V>(
  tableOf: (tables: AccountTables) => Table<V>,
  of: (row: V, key: string) => readonly [key: readonly CursorPart[], write: () => RowWrite],
): Lister {
  return (tables) => {
    const table = tableOf(tables);
    return table.entries().map(([at, row]) => {
      const [key, write] = of(row, at);
      return { key, bytes: table.bytesOf(row), write };
    });
  };
}

/** How the rows of each table are listed. */
const LISTERS: { readonly [Table in Exclude<ListedTable, "syncVersion">]: Lister } = {
  identity: lister(
    (tables) => tables.identities,
    (row) => {
      const { user, address } = columnsOf(row);
      return [
        [user, address],
        () => ({ kind: "identity.put", address, key: copyBytes(readable("list identity", row).key) }),
      ];
    },
  ),
  session: lister(
    (tables) => tables.sessions,
    ({ user, address, record, lease }) => [
      [user, address],
      () => ({ kind: "session.put", address, record: copyBytes(record), lease: lease && { ...lease } }),
    ],
  ),
  preKey: lister(
    (tables) => tables.preKeys,
    ({ id, record, uploaded }) => [
      [id],
      () => ({ kind: "preKey.put", id, record: copyBytes(record), uploaded }),
    ],
  ),
  signedPreKey: lister(
    (tables) => tables.signedPreKeys,
    ({ id, record }) => [[id], () => ({ kind: "signedPreKey.put", id, record: copyBytes(record) })],
  ),
  senderKey: lister(
    (tables) => tables.senderKeys,
    ({ user, address: name, record, lease }) => [
      [user, name],
      () => ({ kind: "senderKey.put", name, record: copyBytes(record), lease: lease && { ...lease } }),
    ],
  ),
  quarantine: lister(
    (tables) => tables.quarantined,
    ({ store, address, record, reason }) => [
      [address, store],
      () => ({ kind: "quarantine.put", store, address, record: copyBytes(record), reason }),
    ],
  ),
  syncKey: lister(
    (tables) => tables.syncKeys,
    (row) => {
      const { keyId } = columnsOf(row);
      return [
        [keyId],
        () => {
          const { keyData, fingerprint, timestamp } = readable("list sync key", row);
          const key = { keyData: copyBytes(keyData), fingerprint: copyBytes(fingerprint), timestamp };
          return { kind: "syncKey.put", keyId: copyBytes(keyId), key };
        },
      ];
    },
  ),
  mutationMacs: lister(
    (tables) => tables.mutationMacs,
    ({ collection: name, indexMac, version, valueMac }) => [
      [name, indexMac],
      () => {
        const macs = [{ indexMac: copyBytes(indexMac), valueMac: copyBytes(valueMac) }];
        return { kind: "mutationMacs.put", name, version, macs };
      },
    ],
  ),
  senderKeyDevices: lister(
    (tables) => tables.senderKeyDevices,
    ({ group, deviceJid, hasKey }) => [
      [group, deviceJid],
      () => ({ kind: "senderKeyDevices.set", group, entries: [[deviceJid, hasKey]] }),
    ],
  ),
  lidMapping: lister(
    (tables) => tables.lidMappings,
    ({ sequence, ...entry }) => [[sequence], () => ({ kind: "lidMapping.put", entries: [entry] })],
  ),
  baseKey: lister(
    (tables) => tables.baseKeys,
    ({ key, createdAt }, at) => {
      const [address = "", messageId = ""] = keyParts(at);
      return [
        [address, messageId],
        () => ({ kind: "baseKey.put", address, messageId, key: copyBytes(key), createdAt }),
      ];
    },
  ),
  deviceList: lister(
    (tables) => tables.deviceLists,
    (row) => [
      [columnsOf(row).user],
      () => ({ kind: "deviceList.put", records: [copyDeviceList(readable("list devices", row))] }),
    ],
  ),
  groupMetadata: lister(
    (tables) => tables.groupMetadata,
    (blob, group) => [[group], () => ({ kind: "groupMetadata.put", group, blob: copyBytes(blob) })],
  ),
  tcToken: lister(
    (tables) => tables.tcTokens,
    (row) => [[row.jid], () => ({ kind: "tcToken.put", jid: row.jid, entry: copyTcToken(row) })],
  ),
  sentMessage: lister(
    (tables) => tables.sentMessages,
    ({ payload, createdAt }, at) => {
      const [chat = "", id = ""] = keyParts(at);
      return [
        [chat, id],
        () => ({ kind: "sentMessage.put", chat, id, payload: copyBytes(payload), createdAt }),
      ];
    },
  ),
  pendingInbound: lister(
    (tables) => tables.pendingInbound,
    ({ sequence, payload, ...rest }) => [
      [rest.receivedAt, sequence],
      () => ({ kind: "pendingInbound.put", rows: [{ ...rest, payload: copyBytes(payload) }] }),
    ],
  ),
  msgSecret: lister(
    (tables) => tables.msgSecrets,
    (row) => {
      const { chat, sender, id } = columnsOf(row);
      return [
        [chat, sender, id],
        () => {
          const entry = readable("list message secret", row);
          return { kind: "msgSecret.put", entries: [{ ...entry, secret: copyBytes(entry.secret) }] };
        },
      ];
    },
  ),
  messageSegment: lister(
    (tables) => tables.messageSegments,
    ({ head, payload, ...rest }) => [
      [rest.log, rest.seq],
      () => ({
        kind: "messageSegment.put",
        segments: [{ ...rest, head: copyBytes(head), payload: copyBytes(payload) }],
      }),
    ],
  ),
};

/** Lists the rows of an account. */
export function rowReads(tables: () => AccountTables): RowReads {
  return {
    async listRows(table: ListedTable, after: string | undefined, limit: number): Promise<RowPage> {
      const cursor = after === undefined ? undefined : decodeCursor(after);
      const open = tables();
      return table === "syncVersion"
        ? collectionPage(open, cursor, limit)
        : pageOf(LISTERS[table](open), cursor, limit);
    },
  };
}

function pageOf(all: ListedRow[], after: readonly CursorPart[] | undefined, limit: number): RowPage {
  const left = all
    .filter(({ key }) => after === undefined || compareKeys(key, after) > 0)
    .sort((a, b) => compareKeys(a.key, b.key));
  const rows: RowWrite[] = [];
  let taken = 0;
  for (let bytes = 0; taken < Math.min(limit, left.length) && bytes < MAX_PAGE_BYTES; taken += 1) {
    const row = left[taken] as ListedRow;
    bytes += row.bytes;
    const write = readableRow(row.write);
    if (write !== undefined) rows.push(write);
  }
  const last = left[taken - 1];
  const next = last !== undefined && taken < left.length ? encodeCursor(last.key) : undefined;
  return { rows, next, unreadable: taken - rows.length };
}

/** `undefined` when the row is damaged. */
function readableRow(write: () => RowWrite): RowWrite | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof CorruptError || error instanceof WrongLengthError) return undefined;
    throw error;
  }
}

function compareKeys(a: readonly CursorPart[], b: readonly CursorPart[]): number {
  if (a.length !== b.length) throw malformedCursor();
  for (const [index, part] of a.entries()) {
    const order = compareParts(part, b[index] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

function compareParts(a: CursorPart, b: CursorPart): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareText(hexOf(a), hexOf(b));
  throw malformedCursor();
}
