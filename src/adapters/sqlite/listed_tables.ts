import type {
  LearningSource,
  Lease,
  ListedTable,
  QuarantineReason,
  ROW_KINDS,
  SignalRecordStore,
  WriteOf,
} from "../../backend/mod.ts";
import { bytesOf, type Cell, flagOf, integerOf, optionalOf, type Row, textOf, uint64Of } from "./cell.ts";
import { toDeviceList, toPendingInbound } from "./protocol_reads.ts";

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
   * The write that stores a row again, without its kind. @param row The columns of the key and the further
   * ones. @throws {CorruptError}
   */
  readonly write: (row: Row) => Omit<WriteOf<(typeof ROW_KINDS)[Table]>, "kind">;
}

const LEASED = "record, reserved_until, incarnation, burned";

/** The listing of each table. */
export const LISTINGS: { readonly [Table in Exclude<ListedTable, "syncVersion">]: Listing<Table> } = {
  identity: {
    table: "identity",
    key: "user, address",
    columns: "key",
    write: ([, address, key]) => ({
      address: textOf(address),
      key: bytesOf(key),
    }),
  },
  session: {
    table: "session",
    key: "user, address",
    columns: LEASED,
    write: ([, address, record, ...lease]) => ({
      address: textOf(address),
      record: bytesOf(record),
      lease: leaseOf(lease),
    }),
  },
  preKey: {
    table: "pre_key",
    key: "id",
    columns: "record, uploaded",
    write: ([id, record, uploaded]) => ({
      id: integerOf(id),
      record: bytesOf(record),
      uploaded: flagOf(uploaded),
    }),
  },
  signedPreKey: {
    table: "signed_pre_key",
    key: "id",
    columns: "record",
    write: ([id, record]) => ({
      id: integerOf(id),
      record: bytesOf(record),
    }),
  },
  senderKey: {
    table: "sender_key",
    key: "user, name",
    columns: LEASED,
    write: ([, name, record, ...lease]) => ({
      name: textOf(name),
      record: bytesOf(record),
      lease: leaseOf(lease),
    }),
  },
  quarantine: {
    table: "quarantine",
    key: "address, store",
    columns: "record, reason",
    write: ([address, store, record, reason]) => ({
      store: textOf(store) as SignalRecordStore,
      address: textOf(address),
      record: bytesOf(record),
      reason: textOf(reason) as QuarantineReason,
    }),
  },
  syncKey: {
    table: "sync_key",
    key: "key_id",
    columns: "key_data, fingerprint, timestamp",
    write: ([keyId, keyData, fingerprint, timestamp]) => ({
      keyId: bytesOf(keyId),
      key: {
        keyData: bytesOf(keyData),
        fingerprint: bytesOf(fingerprint),
        timestamp: integerOf(timestamp),
      },
    }),
  },
  mutationMacs: {
    table: "mutation_mac",
    key: "name, index_mac",
    columns: "version, value_mac",
    write: ([name, indexMac, version, valueMac]) => ({
      name: textOf(name),
      version: uint64Of(version),
      macs: [{ indexMac: bytesOf(indexMac), valueMac: bytesOf(valueMac) }],
    }),
  },
  senderKeyDevices: {
    table: "sender_key_device",
    key: "group_jid, device_jid",
    columns: "has_key",
    write: ([group, jid, hasKey]) => ({
      group: textOf(group),
      entries: [[textOf(jid), flagOf(hasKey)]],
    }),
  },
  lidMapping: {
    table: "lid_mapping",
    // No index has this order within the account. The sign keeps SQLite from the one over all accounts.
    key: "+seq",
    columns: "lid, phone_number, created_at, updated_at, learning_source",
    write: ([, lid, phoneNumber, createdAt, updatedAt, learningSource]) => {
      const entry = {
        lid: textOf(lid),
        phoneNumber: textOf(phoneNumber),
        createdAt: integerOf(createdAt),
        updatedAt: integerOf(updatedAt),
        learningSource: textOf(learningSource) as LearningSource,
      };
      return { entries: [entry] };
    },
  },
  baseKey: {
    table: "base_key",
    key: "address, message_id",
    columns: "key, created_at",
    write: ([address, messageId, key, createdAt]) => ({
      address: textOf(address),
      messageId: textOf(messageId),
      key: bytesOf(key),
      createdAt: integerOf(createdAt),
    }),
  },
  deviceList: {
    table: "device_list",
    key: "user",
    columns: "timestamp, phash, raw_id, devices",
    write: (row) => ({ records: [toDeviceList(row)] }),
  },
  groupMetadata: {
    table: "group_metadata",
    key: "group_jid",
    columns: "blob",
    write: ([group, blob]) => ({
      group: textOf(group),
      blob: bytesOf(blob),
    }),
  },
  tcToken: {
    table: "tc_token",
    key: "jid",
    columns: "token, token_timestamp, sender_timestamp",
    write: ([jid, token, tokenTimestamp, senderTimestamp]) => ({
      jid: textOf(jid),
      entry: {
        token: bytesOf(token),
        tokenTimestamp: integerOf(tokenTimestamp),
        senderTimestamp: optionalOf(senderTimestamp, "row", integerOf),
      },
    }),
  },
  sentMessage: {
    table: "sent_message",
    key: "chat, id",
    columns: "payload, created_at",
    write: ([chat, id, payload, createdAt]) => ({
      chat: textOf(chat),
      id: textOf(id),
      payload: bytesOf(payload),
      createdAt: integerOf(createdAt),
    }),
  },
  pendingInbound: {
    table: "pending_inbound",
    key: "received_at, rowid",
    columns: "chat, sender, id, payload, received_at",
    write: ([, , ...row]) => ({ rows: [toPendingInbound(row)] }),
  },
  msgSecret: {
    table: "msg_secret",
    key: "chat, sender, id",
    columns: "secret, expires_at, message_ts",
    write: ([chat, sender, id, secret, expiresAt, messageTs]) => {
      const entry = {
        chat: textOf(chat),
        sender: textOf(sender),
        id: textOf(id),
        secret: bytesOf(secret),
        expiresAt: integerOf(expiresAt),
        messageTs: integerOf(messageTs),
      };
      return { entries: [entry] };
    },
  },
  messageSegment: {
    table: "message_segment",
    key: "log, seq",
    columns: "expires_at, head, payload",
    write: ([log, seq, expiresAt, head, payload]) => {
      const segment = {
        log: textOf(log),
        seq: integerOf(seq),
        expiresAt: integerOf(expiresAt),
        head: bytesOf(head),
        payload: bytesOf(payload),
      };
      return { segments: [segment] };
    },
  },
};

/** The stored lease of a row, which may be malformed. */
function leaseOf([reservedUntil, incarnation, burned]: readonly Cell[]): Lease | undefined {
  if (reservedUntil === null && incarnation === null && burned === null) return undefined;
  return {
    reservedUntil: integerOf(reservedUntil),
    incarnation: textOf(incarnation),
    burned: integerOf(burned),
  };
}
