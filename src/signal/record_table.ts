import { formatJid, tryParseSenderKeyName } from "../addresses/mod.ts";
import type { Lease, SignalCacheReads, SignalRecordStore, SignalRow, Write } from "../backend/mod.ts";

/** Reads and writes of one of the two record tables. */
export interface RecordTable {
  readonly store: SignalRecordStore;
  /** Rows in the order of the keys. */
  read(keys: readonly string[]): Promise<readonly (SignalRow | undefined)[]>;
  put(address: string, record: Uint8Array, lease: Lease | undefined): Write;
  remove(address: string): Write;
  /** Writes for the loss of a record that we send with. */
  lost(address: string): readonly Write[];
}

/** The sessions of a backend. */
export function sessionTable(reads: SignalCacheReads): RecordTable {
  return {
    store: "session",
    read: async (keys) => {
      const [key, ...more] = keys;
      if (key === undefined) return [];
      return more.length === 0 ? [await reads.loadSessionRow(key)] : await reads.loadSessionRows(keys);
    },
    put: (address, record, lease) => ({ kind: "session.put", address, record, lease }),
    remove: (address) => ({ kind: "session.delete", address }),
    lost: () => [],
  };
}

/** The sender keys of a backend. */
export function senderKeyTable(reads: SignalCacheReads): RecordTable {
  return {
    store: "senderKey",
    read: async (keys) => {
      const [key, ...more] = keys;
      if (key === undefined) return [];
      return more.length === 0 ? [await reads.loadSenderKeyRow(key)] : await reads.loadSenderKeyRows(keys);
    },
    put: (name, record, lease) => ({ kind: "senderKey.put", name, record, lease }),
    remove: (name) => ({ kind: "senderKey.delete", name }),
    lost: (name) => {
      const parsed = tryParseSenderKeyName(name);
      return parsed === undefined ? [] : [{ kind: "senderKeyDevices.clear", group: formatJid(parsed.group) }];
    },
  };
}
