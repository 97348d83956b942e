import {
  type DeviceListRecord,
  LEARNING_SOURCES,
  type LidPnMapping,
  type ProtocolReads,
  type SenderKeyDevice,
  type TcTokenEntry,
  type WriteKind,
} from "../../backend/mod.ts";
import { compareText, sameBytes } from "../../bytes/mod.ts";
import type { AccountTables, LidMappingRow } from "./account_tables.ts";
import type { AppliersOf } from "./applier.ts";
import { copyBytes, copyDeviceList, copyTcToken } from "./copies.ts";
import { readable, type Stored } from "./damaged.ts";
import type { MessageReads } from "./message_store.ts";
import type { SegmentReads } from "./segment_store.ts";
import { compoundKey } from "./table.ts";

type ProtocolKind = Extract<
  WriteKind,
  | `senderKeyDevices.${string}`
  | `lidMapping.${string}`
  | `baseKey.${string}`
  | `deviceList.${string}`
  | `groupMetadata.${string}`
  | `tcToken.${string}`
>;

/** How the writes of the protocol store change its tables, except those about messages. */
export const PROTOCOL_APPLIERS: AppliersOf<ProtocolKind> = {
  "senderKeyDevices.set": ({ group, entries }, { tables, transaction }) => {
    let changed = 0;
    for (const [deviceJid, hasKey] of entries) {
      const row = { group, deviceJid, hasKey };
      changed += tables.senderKeyDevices.set(compoundKey(group, deviceJid), row, transaction);
    }
    return changed;
  },
  "senderKeyDevices.clear": ({ group }, { tables, transaction }) =>
    tables.senderKeyDevices.deleteGroup(group, transaction),
  "senderKeyDevices.deleteRows": ({ deviceJids }, { tables, transaction }) => {
    const gone = new Set(deviceJids);
    return tables.senderKeyDevices.deleteWhere((row) => gone.has(row.deviceJid), transaction);
  },
  "senderKeyDevices.clearAll": (_, { tables, transaction }) =>
    tables.senderKeyDevices.deleteWhere(() => true, transaction),
  "lidMapping.put": ({ entries }, { tables, transaction, nextSequence }) => {
    let changed = 0;
    for (const entry of entries) {
      const { lid, phoneNumber, createdAt, updatedAt, learningSource } = entry;
      const row = { lid, phoneNumber, createdAt, updatedAt, learningSource, sequence: nextSequence() };
      changed += tables.lidMappings.set(lid, row, transaction);
    }
    return changed;
  },
  "lidMapping.delete": ({ lids }, { tables, transaction }) => {
    let changed = 0;
    for (const lid of lids) changed += tables.lidMappings.delete(lid, transaction);
    return changed;
  },
  "baseKey.put": ({ address, messageId, key, createdAt }, { tables, transaction }) =>
    tables.baseKeys.set(compoundKey(address, messageId), { key: copyBytes(key), createdAt }, transaction),
  "baseKey.delete": ({ address, messageId }, { tables, transaction }) =>
    tables.baseKeys.delete(compoundKey(address, messageId), transaction),
  "baseKey.expire": ({ cutoff, limit }, { tables, transaction }) =>
    tables.baseKeys.deleteWhere((row) => row.createdAt <= cutoff, transaction, limit),
  "deviceList.put": ({ records }, { tables, transaction }) => {
    let changed = 0;
    for (const record of records)
      changed += tables.deviceLists.set(record.user, copyDeviceList(record), transaction);
    return changed;
  },
  "deviceList.delete": ({ user }, { tables, transaction }) => tables.deviceLists.delete(user, transaction),
  "groupMetadata.put": ({ group, blob }, { tables, transaction }) =>
    tables.groupMetadata.set(group, copyBytes(blob), transaction),
  "groupMetadata.delete": ({ group }, { tables, transaction }) =>
    tables.groupMetadata.delete(group, transaction),
  "tcToken.put": ({ jid, entry }, { tables, transaction }) =>
    tables.tcTokens.set(jid, { jid, ...copyTcToken(entry) }, transaction),
  "tcToken.receive": ({ jid, token, tokenTimestamp }, { tables, transaction }) => {
    const before = tables.tcTokens.get(jid);
    if (before !== undefined && before.tokenTimestamp > tokenTimestamp) return 0;
    const row = {
      jid,
      token: copyBytes(token),
      tokenTimestamp,
      senderTimestamp: before?.senderTimestamp,
    };
    return tables.tcTokens.set(jid, row, transaction);
  },
  "tcToken.touchSender": ({ jid, senderTimestamp }, { tables, transaction }) => {
    const before = tables.tcTokens.get(jid) ?? { jid, token: new Uint8Array(0), tokenTimestamp: 0 };
    if (before.senderTimestamp !== undefined && before.senderTimestamp >= senderTimestamp) return 0;
    return tables.tcTokens.set(jid, { ...before, senderTimestamp }, transaction);
  },
  "tcToken.delete": ({ jid }, { tables, transaction }) => tables.tcTokens.delete(jid, transaction),
  "tcToken.expire": ({ tokenCutoff, senderCutoff, limit }, { tables, transaction }) =>
    tables.tcTokens.deleteWhere(
      ({ tokenTimestamp, senderTimestamp = 0 }) =>
        tokenTimestamp <= tokenCutoff && senderTimestamp <= senderCutoff,
      transaction,
      limit,
    ),
};

/** Reads of the protocol store, except those about messages. */
export function protocolReads(
  tables: () => AccountTables,
): Omit<ProtocolReads, keyof (MessageReads & SegmentReads)> {
  return {
    async getSenderKeyDevices(group: string): Promise<SenderKeyDevice[]> {
      return tables()
        .senderKeyDevices.rowsOf(group)
        .sort((a, b) => compareText(a.deviceJid, b.deviceJid))
        .map((row): SenderKeyDevice => [row.deviceJid, row.hasKey]);
    },
    async getLidMapping(lid: string): Promise<LidPnMapping | undefined> {
      return mappingOf(tables().lidMappings.get(lid));
    },
    async getPnMapping(phoneNumber: string): Promise<LidPnMapping | undefined> {
      return newestOf(tables(), phoneNumber);
    },
    async getLidMappings(lids: readonly string[]): Promise<(LidPnMapping | undefined)[]> {
      const { lidMappings } = tables();
      return lids.map((lid) => mappingOf(lidMappings.get(lid)));
    },
    async getPnMappings(phoneNumbers: readonly string[]): Promise<(LidPnMapping | undefined)[]> {
      const open = tables();
      return phoneNumbers.map((phoneNumber) => newestOf(open, phoneNumber));
    },
    async *getAllLidMappings(): AsyncGenerator<LidPnMapping> {
      // Rows are replaced, never changed, so the list stays as it was when the iteration began.
      for (const row of tables().lidMappings.rows().sort(newestFirst)) yield toMapping(row);
    },
    async hasSameBaseKey(address: string, messageId: string, key: Uint8Array): Promise<boolean> {
      const row = tables().baseKeys.get(compoundKey(address, messageId));
      return row !== undefined && sameBytes(row.key, key);
    },
    async getDevices(user: string): Promise<DeviceListRecord | undefined> {
      return deviceListOf(tables().deviceLists.get(user));
    },
    async getDevicesFor(users: readonly string[]): Promise<(DeviceListRecord | undefined)[]> {
      const { deviceLists } = tables();
      return users.map((user) => deviceListOf(deviceLists.get(user)));
    },
    async getGroupMetadata(group: string): Promise<Uint8Array | undefined> {
      const blob = tables().groupMetadata.get(group);
      return blob === undefined ? undefined : copyBytes(blob);
    },
    async getTcToken(jid: string): Promise<TcTokenEntry | undefined> {
      const row = tables().tcTokens.get(jid);
      return row === undefined ? undefined : copyTcToken(row);
    },
    async getAllTcTokenJids(): Promise<string[]> {
      return tables()
        .tcTokens.rows()
        .map((row) => row.jid)
        .sort(compareText);
    },
  };
}

/** Newest `createdAt` first; of equal ones, the one written last. */
function newestFirst(a: LidMappingRow, b: LidMappingRow): number {
  return b.createdAt - a.createdAt || b.sequence - a.sequence;
}

function newestOf({ lidMappings }: AccountTables, phoneNumber: string): LidPnMapping | undefined {
  return mappingOf(lidMappings.rowsOf(phoneNumber).sort(newestFirst)[0]);
}

function deviceListOf(row: Stored<DeviceListRecord> | undefined): DeviceListRecord | undefined {
  return row === undefined ? undefined : copyDeviceList(readable("get devices", row));
}

function mappingOf(row: LidMappingRow | undefined): LidPnMapping | undefined {
  return row === undefined ? undefined : toMapping(row);
}

function toMapping(row: LidMappingRow): LidPnMapping {
  const learningSource = LEARNING_SOURCES.includes(row.learningSource) ? row.learningSource : "other";
  const { lid, phoneNumber, createdAt, updatedAt } = row;
  return { lid, phoneNumber, createdAt, updatedAt, learningSource };
}
