import { userOfAddress, userOfSenderKeyName } from "../../addresses/mod.ts";
import type {
  PreKeyRow,
  QuarantinedRecord,
  SignalAddressEntry,
  SignalReads,
  SignalRow,
  SignedPreKeyRow,
} from "../../backend/mod.ts";
import { compareText } from "../../bytes/mod.ts";
import type { AccountTables, KeyRow, RecordRow } from "./account_tables.ts";
import type { AppliersOf } from "./applier.ts";
import { copyBytes } from "./copies.ts";
import { columnsOf, readable } from "./damaged.ts";
import { compoundKey } from "./table.ts";

type SignalKind =
  | "identity.put"
  | "identity.delete"
  | "session.put"
  | "session.delete"
  | "preKey.put"
  | "preKey.markUploaded"
  | "preKey.remove"
  | "signedPreKey.put"
  | "signedPreKey.remove"
  | "senderKey.put"
  | "senderKey.delete"
  | "quarantine.put";

/** How the writes of the Signal store change its tables. */
export const SIGNAL_APPLIERS: AppliersOf<SignalKind> = {
  "identity.put": ({ address, key }, { tables, transaction }) =>
    tables.identities.set(
      address,
      { address, user: userOfAddress(address), key: copyBytes(key) },
      transaction,
    ),
  "identity.delete": ({ address }, { tables, transaction }) => tables.identities.delete(address, transaction),
  "session.put": ({ address, record, lease }, { tables, transaction }) =>
    tables.sessions.set(
      address,
      { address, user: userOfAddress(address), record: copyBytes(record), lease: lease && { ...lease } },
      transaction,
    ),
  "session.delete": ({ address }, { tables, transaction }) => tables.sessions.delete(address, transaction),
  "preKey.put": ({ id, record, uploaded }, { tables, transaction }) =>
    tables.preKeys.set(String(id), { id, record: copyBytes(record), uploaded }, transaction),
  "preKey.markUploaded": ({ ids }, { tables, transaction }) => {
    let changed = 0;
    for (const id of new Set(ids)) {
      const row = tables.preKeys.get(String(id));
      if (row !== undefined)
        changed += tables.preKeys.set(String(id), { ...row, uploaded: true }, transaction);
    }
    return changed;
  },
  "preKey.remove": ({ id }, { tables, transaction }) => tables.preKeys.delete(String(id), transaction),
  "signedPreKey.put": ({ id, record }, { tables, transaction }) =>
    tables.signedPreKeys.set(String(id), { id, record: copyBytes(record), uploaded: false }, transaction),
  "signedPreKey.remove": ({ id }, { tables, transaction }) =>
    tables.signedPreKeys.delete(String(id), transaction),
  "senderKey.put": ({ name, record, lease }, { tables, transaction }) =>
    tables.senderKeys.set(
      name,
      {
        address: name,
        user: userOfSenderKeyName(name),
        record: copyBytes(record),
        lease: lease && { ...lease },
      },
      transaction,
    ),
  "senderKey.delete": ({ name }, { tables, transaction }) => tables.senderKeys.delete(name, transaction),
  "quarantine.put": ({ store, address, record, reason }, { tables, transaction }) =>
    tables.quarantined.set(
      compoundKey(store, address),
      { store, address, record: copyBytes(record), reason },
      transaction,
    ),
};

/** Reads of the Signal store. */
export function signalReads(tables: () => AccountTables): SignalReads {
  return {
    async loadIdentity(address: string): Promise<Uint8Array | undefined> {
      const row = tables().identities.get(address);
      return row === undefined ? undefined : copyBytes(readable("load identity", row).key);
    },
    async loadIdentities(addresses: readonly string[]): Promise<(Uint8Array | undefined)[]> {
      const { identities } = tables();
      return addresses.map((address) => {
        const row = identities.get(address);
        return row === undefined ? undefined : copyBytes(readable("load identity", row).key);
      });
    },
    async getSession(address: string): Promise<Uint8Array | undefined> {
      return copyOf(tables().sessions.get(address)?.record);
    },
    async getSessions(addresses: readonly string[]): Promise<(Uint8Array | undefined)[]> {
      const { sessions } = tables();
      return addresses.map((address) => copyOf(sessions.get(address)?.record));
    },
    async hasSession(address: string): Promise<boolean> {
      return tables().sessions.get(address) !== undefined;
    },
    async hasSignalStateForUser(user: string): Promise<boolean> {
      const { identities, sessions, senderKeys } = tables();
      return [identities, sessions, senderKeys].some((table) => table.rowsOf(user).length > 0);
    },
    async listSignalAddresses(users: readonly string[]): Promise<SignalAddressEntry[]> {
      const { identities, sessions, senderKeys } = tables();
      const entries: SignalAddressEntry[] = [];
      for (const user of new Set(users)) {
        for (const row of identities.rowsOf(user))
          entries.push({ kind: "identity", address: columnsOf(row).address });
        for (const { address } of senderKeys.rowsOf(user)) entries.push({ kind: "senderKey", address });
        for (const { address } of sessions.rowsOf(user)) entries.push({ kind: "session", address });
      }
      return entries.sort((a, b) => compareText(a.address, b.address) || compareText(a.kind, b.kind));
    },
    async loadSessionRow(address: string): Promise<SignalRow | undefined> {
      return rowOf(tables().sessions.get(address));
    },
    async loadSessionRows(addresses: readonly string[]): Promise<(SignalRow | undefined)[]> {
      const { sessions } = tables();
      return addresses.map((address) => rowOf(sessions.get(address)));
    },
    async loadSenderKeyRow(name: string): Promise<SignalRow | undefined> {
      return rowOf(tables().senderKeys.get(name));
    },
    async loadSenderKeyRows(names: readonly string[]): Promise<(SignalRow | undefined)[]> {
      const { senderKeys } = tables();
      return names.map((name) => rowOf(senderKeys.get(name)));
    },
    async listQuarantined(): Promise<QuarantinedRecord[]> {
      return tables()
        .quarantined.rows()
        .map(({ store, address, reason, record }) => ({ store, address, reason, bytes: record.byteLength }))
        .sort((a, b) => compareText(a.address, b.address) || compareText(a.store, b.store));
    },
    async loadPreKey(id: number): Promise<Uint8Array | undefined> {
      return copyOf(tables().preKeys.get(String(id))?.record);
    },
    async loadPreKeys(ids: readonly number[]): Promise<PreKeyRow[]> {
      const { preKeys } = tables();
      return [...new Set(ids)]
        .map((id) => preKeys.get(String(id)))
        .filter((row) => row !== undefined)
        .sort(byId)
        .map(({ id, record, uploaded }) => ({ id, record: copyBytes(record), uploaded }));
    },
    async getMaxPreKeyId(): Promise<number> {
      return tables()
        .preKeys.rows()
        .reduce((max, { id }) => Math.max(max, id), 0);
    },
    async loadSignedPreKey(id: number): Promise<Uint8Array | undefined> {
      return copyOf(tables().signedPreKeys.get(String(id))?.record);
    },
    async loadAllSignedPreKeys(): Promise<SignedPreKeyRow[]> {
      return tables()
        .signedPreKeys.rows()
        .sort(byId)
        .map(({ id, record }) => ({ id, record: copyBytes(record) }));
    },
    async getSenderKey(name: string): Promise<Uint8Array | undefined> {
      return copyOf(tables().senderKeys.get(name)?.record);
    },
  };
}

function rowOf(row: RecordRow | undefined): SignalRow | undefined {
  return row && { record: copyBytes(row.record), lease: row.lease && { ...row.lease } };
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : copyBytes(bytes);
}

function byId(a: KeyRow, b: KeyRow): number {
  return a.id - b.id;
}
