import type {
  AccountSummary,
  DatabaseSnapshot,
  Device,
  DeviceReads,
  SetAsideAccount,
  TableSummary,
} from "../../backend/mod.ts";
import { type AccountTables, clearNotKept, clearTables, createTables } from "./account_tables.ts";
import type { AppliersOf } from "./applier.ts";
import { copyBytes, copyDevice } from "./copies.ts";
import { readable } from "./damaged.ts";
import type { MemoryAccount, MemoryAccounts } from "./memory_accounts.ts";

/** The layout has one version, since the database ends with the process. */
const SCHEMA_VERSION = 1;

type AccountWrite = "clear" | "delete" | "setAside" | "bringBack" | "expireSetAside";

/** How the writes of the device store change its tables. */
export const DEVICE_APPLIERS: AppliersOf<"device.save" | `account.${AccountWrite}`> = {
  "device.save": ({ device }, { tables, transaction }) =>
    tables.device.set("", copyDevice(device), transaction),
  "account.clear": (_write, { tables, transaction }) => clearTables(tables, transaction),
  "account.delete": ({ accountId }, { accounts, transaction }) => accounts.delete(accountId, transaction),
  "account.setAside": (write, { accounts, name, tables, transaction }) =>
    clearNotKept(tables, write.keeps, transaction) + accounts.setAside(name, write, transaction),
  "account.bringBack": (write, { accounts, name, transaction }) =>
    accounts.bringBack(name, write, transaction),
  "account.expireSetAside": ({ cutoff }, { accounts, transaction }) =>
    accounts.expireSetAside(cutoff, transaction),
};

/** Reads of the device store. `account` returns the open account, `undefined` when it is not registered. */
export function deviceReads(
  name: string,
  accounts: MemoryAccounts,
  account: () => MemoryAccount | undefined,
): DeviceReads {
  return {
    async load(): Promise<Device | undefined> {
      const row = account()?.tables.device.get("");
      return row === undefined ? undefined : copyDevice(readable("load device", row));
    },
    async exists(): Promise<boolean> {
      return account()?.tables.device.get("") !== undefined;
    },
    async listAccounts(): Promise<AccountSummary[]> {
      account();
      return accounts.list();
    },
    async listSetAside(): Promise<SetAsideAccount[]> {
      account();
      return accounts.listSetAside(name);
    },
    async snapshotDb(snapshot: string, extra?: Uint8Array): Promise<DatabaseSnapshot> {
      const open = account();
      return {
        name: snapshot,
        account: name,
        // An account that is not registered has neither rows nor an account id.
        accountId: open?.accountId ?? 0,
        schemaVersion: SCHEMA_VERSION,
        tables: summarize(open?.tables ?? createTables()),
        extra: extra === undefined ? undefined : copyBytes(extra),
      };
    },
  };
}

function summarize(tables: AccountTables): TableSummary[] {
  const entries: [string, { readonly size: number; readonly bytes: number }][] = Object.entries(tables);
  return entries.map(([table, { size, bytes }]) => ({ table, rows: size, bytes }));
}
