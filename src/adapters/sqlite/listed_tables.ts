import { type ListedTable, ROW_KINDS, WRITES, type WriteOf } from "../../backend/mod.ts";
import { object, type Rule } from "../../rules/mod.ts";
import { bytesOf, CELL_READERS, columnOf, flagOf, type Row, textOf, uint64Of } from "./cell.ts";
import { toDeviceList } from "./protocol_reads.ts";

/** The write that stores a row again, without its kind. */
type StoredRow<Table extends ListedTable> = Omit<WriteOf<(typeof ROW_KINDS)[Table]>, "kind">;

/** How the rows of a table are listed. */
export interface Listing<Table extends ListedTable = ListedTable> {
  readonly table: string;
  /**
   * Columns by which the rows are ordered and pages continue, an index of the table. A comma and a space
   * separate them.
   */
  readonly key: string;
  /** Further columns. */
  readonly columns: string;
  /**
   * Reads a row whose columns do not have the names of the write's members. @param row The columns of the key
   * and the further ones. @throws {CorruptError}
   */
  readonly read?: (row: Row, what: string) => StoredRow<Table>;
}

/** A table whose rows are listed one by one. */
export type RowTable = Exclude<ListedTable, "syncVersion">;

const LEASED = "record, reserved_until, incarnation, burned";

/** The listing of each table. */
export const LISTINGS: { readonly [Table in RowTable]: Listing<Table> } = {
  identity: { table: "identity", key: "user, address", columns: "key" },
  session: { table: "session", key: "user, address", columns: LEASED },
  preKey: { table: "pre_key", key: "id", columns: "record, uploaded" },
  signedPreKey: { table: "signed_pre_key", key: "id", columns: "record" },
  senderKey: { table: "sender_key", key: "user, name", columns: LEASED },
  quarantine: { table: "quarantine", key: "address, store", columns: "record, reason" },
  syncKey: { table: "sync_key", key: "key_id", columns: "key_data, fingerprint, timestamp" },
  mutationMacs: { table: "mutation_mac", key: "name, index_mac", columns: "version, value_mac" },
  senderKeyDevices: {
    table: "sender_key_device",
    key: "group_jid, device_jid",
    columns: "has_key",
    read: ([group, jid, hasKey], what) => ({
      group: textOf(group, what),
      entries: [[textOf(jid, what), flagOf(hasKey, what)]],
    }),
  },
  lidMapping: {
    table: "lid_mapping",
    // No index has this order within the account. The sign keeps SQLite from the one over all accounts.
    key: "+seq",
    columns: "lid, phone_number, created_at, updated_at, learning_source",
  },
  baseKey: { table: "base_key", key: "address, message_id", columns: "key, created_at" },
  deviceList: {
    table: "device_list",
    key: "user",
    columns: "timestamp, phash, raw_id, devices",
    read: (row) => ({ records: [toDeviceList(row)] }),
  },
  groupMetadata: {
    table: "group_metadata",
    key: "group_jid",
    columns: "blob",
    read: ([group, blob], what) => ({ group: textOf(group, what), blob: bytesOf(blob, what) }),
  },
  tcToken: { table: "tc_token", key: "jid", columns: "token, token_timestamp, sender_timestamp" },
  sentMessage: { table: "sent_message", key: "chat, id", columns: "payload, created_at" },
  pendingInbound: {
    table: "pending_inbound",
    key: "received_at, rowid",
    columns: "chat, sender, id, payload",
  },
  msgSecret: { table: "msg_secret", key: "chat, sender, id", columns: "secret, expires_at, message_ts" },
  messageSegment: { table: "message_segment", key: "log, seq", columns: "expires_at, head, payload" },
};

/**
 * Returns what reads the rows of a table: the columns of its key and the further ones, as the write that stores
 * them again, without its kind. It throws `CorruptError` for a damaged row.
 */
export function rowReaderOf(listed: RowTable): (row: Row) => object {
  const { table, key, columns, read }: Listing = LISTINGS[listed];
  if (read !== undefined) return (row) => read(row, table);
  const rule = object(WRITES[ROW_KINDS[listed]].fields as Readonly<Record<string, Rule>>);
  return readerOf(rule, "", { table, columns: `${key}, ${columns}`.split(", ") }) as (row: Row) => object;
}

/** Reads the value of a rule from the columns that are named like its members. */
function readerOf(
  rule: Rule,
  name: string,
  place: { readonly table: string; readonly columns: readonly string[] },
): (row: Row) => unknown {
  const indexOf = (member: string) => place.columns.indexOf(columnOf(member));
  switch (rule.type) {
    case "object": {
      const readers = Object.entries(rule.members).map(
        ([member, part]) => [member, readerOf(part, member, place)] as const,
      );
      return (row) => {
        const value: Record<string, unknown> = {};
        for (const [member, read] of readers) value[member] = read(row);
        return value;
      };
    }
    case "list": {
      const read = readerOf(rule.item, name, place);
      return (row) => [read(row)];
    }
    case "optional": {
      const read = readerOf(rule.rule, name, place);
      const indexes = (rule.rule.type === "object" ? Object.keys(rule.rule.members) : [name]).map(indexOf);
      return (row) => (indexes.every((index) => row[index] === null) ? undefined : read(row));
    }
    default: {
      const read = rule.type === "uint64" ? uint64Of : CELL_READERS[rule.type];
      if (read === undefined) throw new TypeError(`list ${place.table}: no column for ${name}`);
      const index = indexOf(name);
      return (row) => read(row[index], place.table);
    }
  }
}
