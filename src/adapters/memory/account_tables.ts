import {
  type Device,
  type DeviceListRecord,
  type Lease,
  type LidPnMapping,
  type ListedTable,
  type MessageSegment,
  type MsgSecretEntry,
  type OwnerState,
  type PendingInbound,
  type QuarantineReason,
  SEALING_LOG,
  type SetAsideScope,
  type SignalRecordStore,
  type SyncKey,
  type SyncVersion,
  type TcTokenEntry,
  tablesNotKept,
} from "../../backend/mod.ts";
import { columnsOf, type Stored } from "./damaged.ts";
import { compoundKey, Table } from "./table.ts";
import type { Transaction } from "./transaction.ts";

/** An identity key. */
export interface IdentityRow {
  readonly address: string;
  readonly user: string;
  readonly key: Uint8Array;
}

/** A session, or a sender key under its name. */
export interface RecordRow {
  readonly address: string;
  readonly user: string;
  readonly record: Uint8Array;
  readonly lease: Lease | undefined;
}

/** A record that was set aside. */
export interface QuarantineRow {
  readonly store: SignalRecordStore;
  readonly address: string;
  readonly record: Uint8Array;
  readonly reason: QuarantineReason;
}

/** A one-time pre-key, or a signed one, which does not use `uploaded`. */
export interface KeyRow {
  readonly id: number;
  readonly record: Uint8Array;
  readonly uploaded: boolean;
}

/** An app-state sync key with its id. */
export interface SyncKeyRow extends SyncKey {
  readonly keyId: Uint8Array;
}

/** State of an app-state collection. It is absent where only the number of a generation has to stay. */
export interface SyncVersionRow {
  readonly state: SyncVersion | undefined;
  readonly current: number | undefined;
  readonly started: number;
  /** Grows with every change of the collection. */
  readonly revision: number;
}

/** The value MAC of one mutation that belongs to a collection's state. */
export interface SyncValueRow {
  readonly collection: string;
  readonly generation: number;
  readonly index: string;
  readonly value: Uint8Array;
}

/** The MAC of one mutation. */
export interface MutationMacRow {
  readonly collection: string;
  readonly indexMac: Uint8Array;
  readonly version: bigint;
  readonly valueMac: Uint8Array;
}

/** Whether a device holds our sender key. */
export interface SenderKeyDeviceRow {
  readonly group: string;
  readonly deviceJid: string;
  readonly hasKey: boolean;
}

/** A LID↔PN mapping and when it was written, relative to all other writes. */
export interface LidMappingRow extends LidPnMapping {
  readonly sequence: number;
}

/** A base key of a message. */
export interface BaseKeyRow {
  readonly key: Uint8Array;
  readonly createdAt: number;
}

/** A trusted-contact token and its JID. */
export interface TcTokenRow extends TcTokenEntry {
  readonly jid: string;
}

/** A sent message. */
export interface SentMessageRow {
  readonly payload: Uint8Array;
  readonly createdAt: number;
}

/** A pending inbound message and when it was first stored, relative to all other writes. */
export interface PendingInboundRow extends PendingInbound {
  readonly sequence: number;
}

/** Everything that is stored for one account. */
export interface AccountTables {
  readonly owner: Table<OwnerState>;
  readonly identities: Table<Stored<IdentityRow>>;
  readonly sessions: Table<RecordRow>;
  readonly preKeys: Table<KeyRow>;
  readonly signedPreKeys: Table<KeyRow>;
  readonly senderKeys: Table<RecordRow>;
  readonly quarantined: Table<QuarantineRow>;
  readonly syncKeys: Table<Stored<SyncKeyRow>>;
  readonly syncVersions: Table<Stored<SyncVersionRow>>;
  readonly syncValues: Table<SyncValueRow>;
  readonly mutationMacs: Table<MutationMacRow>;
  readonly senderKeyDevices: Table<SenderKeyDeviceRow>;
  readonly lidMappings: Table<LidMappingRow>;
  readonly baseKeys: Table<BaseKeyRow>;
  readonly deviceLists: Table<Stored<DeviceListRecord>>;
  readonly groupMetadata: Table<Uint8Array>;
  readonly tcTokens: Table<TcTokenRow>;
  readonly sentMessages: Table<SentMessageRow>;
  readonly pendingInbound: Table<PendingInboundRow>;
  readonly msgSecrets: Table<Stored<MsgSecretEntry>>;
  readonly messageSegments: Table<MessageSegment>;
  readonly device: Table<Stored<Device>>;
}

/** Bytes that a number counts for in a snapshot. */
const NUMBER_BYTES = 8;

/** The empty tables of a new account. */
export function createTables(): AccountTables {
  return {
    owner: new Table({ bytesOf: (row) => row.owner.length }),
    identities: new Table({
      bytesOf: (row) => columnsOf(row).key.byteLength,
      groupOf: (row) => columnsOf(row).user,
    }),
    sessions: new Table({ bytesOf: (row) => row.record.byteLength, groupOf: (row) => row.user }),
    preKeys: new Table({ bytesOf: (row) => row.record.byteLength }),
    signedPreKeys: new Table({ bytesOf: (row) => row.record.byteLength }),
    senderKeys: new Table({ bytesOf: (row) => row.record.byteLength, groupOf: (row) => row.user }),
    quarantined: new Table({ bytesOf: (row) => row.record.byteLength }),
    syncKeys: new Table({ bytesOf: (row) => columnsOf(row).keyData.byteLength }),
    syncVersions: new Table({ bytesOf: (row) => columnsOf(row).state?.hash.byteLength ?? 0 }),
    syncValues: new Table({
      bytesOf: (row) => row.value.byteLength,
      groupOf: (row) => compoundKey(row.collection, String(row.generation)),
    }),
    mutationMacs: new Table({ bytesOf: (row) => row.valueMac.byteLength, groupOf: (row) => row.collection }),
    senderKeyDevices: new Table({ bytesOf: (row) => row.deviceJid.length, groupOf: (row) => row.group }),
    lidMappings: new Table({
      bytesOf: (row) => row.lid.length + row.phoneNumber.length,
      groupOf: (row) => row.phoneNumber,
    }),
    baseKeys: new Table({ bytesOf: (row) => row.key.byteLength }),
    deviceLists: new Table({ bytesOf: (row) => columnsOf(row).devices.length * NUMBER_BYTES }),
    groupMetadata: new Table({ bytesOf: (row) => row.byteLength }),
    tcTokens: new Table({ bytesOf: (row) => row.token.byteLength }),
    sentMessages: new Table({ bytesOf: (row) => row.payload.byteLength }),
    pendingInbound: new Table({ bytesOf: (row) => row.payload.byteLength }),
    msgSecrets: new Table({ bytesOf: (row) => columnsOf(row).secret.byteLength }),
    messageSegments: new Table({
      bytesOf: (row) => row.head.byteLength + row.payload.byteLength,
      groupOf: (row) => row.log,
    }),
    device: new Table({ bytesOf: (row) => extraBytes(columnsOf(row)) }),
  };
}

/** Removes every row but the owner and the device. @returns Rows changed. */
export function clearTables(
  { owner: _owner, device: _device, ...tables }: AccountTables,
  transaction: Transaction,
): number {
  return Object.values(tables).reduce((rows, table: Table<unknown>) => rows + table.clear(transaction), 0);
}

/** The tables of rows that are listed under one name. */
const TABLES: Readonly<Record<ListedTable, readonly (keyof AccountTables)[]>> = {
  identity: ["identities"],
  session: ["sessions"],
  preKey: ["preKeys"],
  signedPreKey: ["signedPreKeys"],
  senderKey: ["senderKeys"],
  quarantine: ["quarantined"],
  syncKey: ["syncKeys"],
  syncVersion: ["syncVersions", "syncValues"],
  mutationMacs: ["mutationMacs"],
  senderKeyDevices: ["senderKeyDevices"],
  lidMapping: ["lidMappings"],
  baseKey: ["baseKeys"],
  deviceList: ["deviceLists"],
  groupMetadata: ["groupMetadata"],
  tcToken: ["tcTokens"],
  sentMessage: ["sentMessages"],
  pendingInbound: ["pendingInbound"],
  msgSecret: ["msgSecrets"],
  messageSegment: ["messageSegments"],
};

/** Removes the rows that an account does not keep when it is set aside. @returns Rows changed. */
export function clearNotKept(tables: AccountTables, keeps: SetAsideScope, transaction: Transaction): number {
  const [segments, ...others] = [
    tables.messageSegments.deleteWhere(({ log }) => log !== SEALING_LOG, transaction),
    ...tablesNotKept(keeps)
      .filter((table) => table !== "messageSegment")
      .flatMap((table) => TABLES[table as ListedTable])
      .map((name) => (tables[name] as Table<unknown>).clear(transaction)),
  ];
  return others.reduce((rows, cleared) => rows + cleared, segments ?? 0);
}

function extraBytes(device: Device): number {
  let bytes = 0;
  for (const value of device.extra.values()) bytes += value.byteLength;
  return bytes;
}
