import type {
  LearningSource,
  Lease,
  ListedTable,
  QuarantineReason,
  RowWrite,
  SignalRecordStore,
} from "../../backend/mod.ts";
import { bytesOf, type Cell, flagOf, integerOf, optionalOf, type Row, textOf, uint64Of } from "./cell.ts";
import { toDeviceList, toPendingInbound } from "./protocol_reads.ts";

/** How the rows of a table are listed. */
export interface Listing {
  readonly table: string;
  /** Columns by which the rows are ordered and pages continue, an index of the table. */
  readonly key: readonly string[];
  /** Further columns. */
  readonly columns: string;
  /**
   * The write that stores a row again. @param row The columns of the key and the further ones. @throws
   * {CorruptError}
   */
  readonly write: (row: Row) => RowWrite;
}

const LEASED = "record, reserved_until, incarnation, burned";

/** The listing of each table. */
export const LISTINGS: { readonly [Table in Exclude<ListedTable, "syncVersion">]: Listing } = {
  identity: {
    table: "identity",
    key: ["user", "address"],
    columns: "key",
    write: ([, address, key]) => ({
      kind: "identity.put",
      address: textOf(address, "identity"),
      key: bytesOf(key, "identity key"),
    }),
  },
  session: {
    table: "session",
    key: ["user", "address"],
    columns: LEASED,
    write: ([, address, record, ...lease]) => ({
      kind: "session.put",
      address: textOf(address, "session"),
      record: bytesOf(record, "session"),
      lease: leaseOf(lease),
    }),
  },
  preKey: {
    table: "pre_key",
    key: ["id"],
    columns: "record, uploaded",
    write: ([id, record, uploaded]) => ({
      kind: "preKey.put",
      id: integerOf(id, "pre-key id"),
      record: bytesOf(record, "pre-key"),
      uploaded: flagOf(uploaded, "pre-key upload mark"),
    }),
  },
  signedPreKey: {
    table: "signed_pre_key",
    key: ["id"],
    columns: "record",
    write: ([id, record]) => ({
      kind: "signedPreKey.put",
      id: integerOf(id, "signed pre-key id"),
      record: bytesOf(record, "signed pre-key"),
    }),
  },
  senderKey: {
    table: "sender_key",
    key: ["user", "name"],
    columns: LEASED,
    write: ([, name, record, ...lease]) => ({
      kind: "senderKey.put",
      name: textOf(name, "sender key"),
      record: bytesOf(record, "sender key"),
      lease: leaseOf(lease),
    }),
  },
  quarantine: {
    table: "quarantine",
    key: ["address", "store"],
    columns: "record, reason",
    write: ([address, store, record, reason]) => ({
      kind: "quarantine.put",
      store: textOf(store, "store of a quarantined record") as SignalRecordStore,
      address: textOf(address, "address"),
      record: bytesOf(record, "quarantined record"),
      reason: textOf(reason, "reason of a quarantine") as QuarantineReason,
    }),
  },
  syncKey: {
    table: "sync_key",
    key: ["key_id"],
    columns: "key_data, fingerprint, timestamp",
    write: ([keyId, keyData, fingerprint, timestamp]) => ({
      kind: "syncKey.put",
      keyId: bytesOf(keyId, "sync key id"),
      key: {
        keyData: bytesOf(keyData, "sync key"),
        fingerprint: bytesOf(fingerprint, "sync key fingerprint"),
        timestamp: integerOf(timestamp, "sync key timestamp"),
      },
    }),
  },
  mutationMacs: {
    table: "mutation_mac",
    key: ["name", "index_mac"],
    columns: "version, value_mac",
    write: ([name, indexMac, version, valueMac]) => ({
      kind: "mutationMacs.put",
      name: textOf(name, "collection"),
      version: uint64Of(version, "version of a mutation MAC"),
      macs: [{ indexMac: bytesOf(indexMac, "index MAC"), valueMac: bytesOf(valueMac, "mutation MAC") }],
    }),
  },
  senderKeyDevices: {
    table: "sender_key_device",
    key: ["group_jid", "device_jid"],
    columns: "has_key",
    write: ([group, jid, hasKey]) => ({
      kind: "senderKeyDevices.set",
      group: textOf(group, "group"),
      entries: [[textOf(jid, "device JID"), flagOf(hasKey, "sender key mark")]],
    }),
  },
  lidMapping: {
    table: "lid_mapping",
    // No index has this order within the account. The sign keeps SQLite from the one over all accounts.
    key: ["+seq"],
    columns: "lid, phone_number, created_at, updated_at, learning_source",
    write: ([, lid, phoneNumber, createdAt, updatedAt, learningSource]) => {
      const entry = {
        lid: textOf(lid, "mapping LID"),
        phoneNumber: textOf(phoneNumber, "mapping phone number"),
        createdAt: integerOf(createdAt, "mapping time"),
        updatedAt: integerOf(updatedAt, "mapping time"),
        learningSource: textOf(learningSource, "mapping source") as LearningSource,
      };
      return { kind: "lidMapping.put", entries: [entry] };
    },
  },
  baseKey: {
    table: "base_key",
    key: ["address", "message_id"],
    columns: "key, created_at",
    write: ([address, messageId, key, createdAt]) => ({
      kind: "baseKey.put",
      address: textOf(address, "base key"),
      messageId: textOf(messageId, "base key"),
      key: bytesOf(key, "base key"),
      createdAt: integerOf(createdAt, "base key"),
    }),
  },
  deviceList: {
    table: "device_list",
    key: ["user"],
    columns: "timestamp, phash, raw_id, devices",
    write: (row) => ({ kind: "deviceList.put", records: [toDeviceList(row)] }),
  },
  groupMetadata: {
    table: "group_metadata",
    key: ["group_jid"],
    columns: "blob",
    write: ([group, blob]) => ({
      kind: "groupMetadata.put",
      group: textOf(group, "group"),
      blob: bytesOf(blob, "group metadata"),
    }),
  },
  tcToken: {
    table: "tc_token",
    key: ["jid"],
    columns: "token, token_timestamp, sender_timestamp",
    write: ([jid, token, tokenTimestamp, senderTimestamp]) => ({
      kind: "tcToken.put",
      jid: textOf(jid, "trusted-contact JID"),
      entry: {
        token: bytesOf(token, "trusted-contact token"),
        tokenTimestamp: integerOf(tokenTimestamp, "trusted-contact token"),
        senderTimestamp: optionalOf(senderTimestamp, "trusted-contact token", integerOf),
      },
    }),
  },
  sentMessage: {
    table: "sent_message",
    key: ["chat", "id"],
    columns: "payload, created_at",
    write: ([chat, id, payload, createdAt]) => ({
      kind: "sentMessage.put",
      chat: textOf(chat, "sent message"),
      id: textOf(id, "sent message"),
      payload: bytesOf(payload, "sent message"),
      createdAt: integerOf(createdAt, "sent message"),
    }),
  },
  pendingInbound: {
    table: "pending_inbound",
    key: ["received_at", "rowid"],
    columns: "chat, sender, id, payload, received_at",
    write: ([, , ...row]) => ({ kind: "pendingInbound.put", rows: [toPendingInbound(row)] }),
  },
  msgSecret: {
    table: "msg_secret",
    key: ["chat", "sender", "id"],
    columns: "secret, expires_at, message_ts",
    write: ([chat, sender, id, secret, expiresAt, messageTs]) => {
      const entry = {
        chat: textOf(chat, "message secret"),
        sender: textOf(sender, "message secret"),
        id: textOf(id, "message secret"),
        secret: bytesOf(secret, "message secret"),
        expiresAt: integerOf(expiresAt, "message secret"),
        messageTs: integerOf(messageTs, "message time"),
      };
      return { kind: "msgSecret.put", entries: [entry] };
    },
  },
  messageSegment: {
    table: "message_segment",
    key: ["log", "seq"],
    columns: "expires_at, head, payload",
    write: ([log, seq, expiresAt, head, payload]) => {
      const segment = {
        log: textOf(log, "message segment"),
        seq: integerOf(seq, "message segment"),
        expiresAt: integerOf(expiresAt, "message segment"),
        head: bytesOf(head, "message segment"),
        payload: bytesOf(payload, "message segment"),
      };
      return { kind: "messageSegment.put", segments: [segment] };
    },
  },
};

/** The stored lease of a row, which may be malformed. */
function leaseOf([reservedUntil, incarnation, burned]: readonly Cell[]): Lease | undefined {
  if (reservedUntil === null && incarnation === null && burned === null) return undefined;
  return {
    reservedUntil: integerOf(reservedUntil, "lease"),
    incarnation: textOf(incarnation, "lease"),
    burned: integerOf(burned, "lease"),
  };
}
