import type { AccountSummary } from "../../backend/mod.ts";
import { columnsOf, Damaged, type MemoryDamage, type Stored } from "./damaged.ts";
import { accountsOf } from "./memory_accounts.ts";
import type { Table } from "./table.ts";

/** Stored values that a test can damage. */
export type MemoryDamageTarget =
  | "identity"
  | "syncKey"
  | "syncVersion"
  | "deviceList"
  | "msgSecret"
  | "device";

/**
 * The storage of memory backends, for any number of accounts. Outlives the backends that are opened on it:
 * every resolved commit is kept when a backend is closed or dropped. Ends with the process.
 *
 * @example
 * ```ts
 * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
 *
 * const database = new MemoryDatabase();
 * const first = memoryBackend({ database, account: "alice" });
 * await first.putSession("5511999990000@c.us.0", new Uint8Array([1]));
 * await first.close();
 *
 * const second = memoryBackend({ database, account: "alice" });
 * if (!(await second.hasSession("5511999990000@c.us.0"))) throw new Error("lost");
 * ```
 */
export class MemoryDatabase {
  /** All accounts, in ascending order of account id. */
  listAccounts(): AccountSummary[] {
    return accountsOf(this).list();
  }

  /** Damages a kind of stored value in every row of an account, as a failing disk would. For tests. */
  damage(account: string, target: MemoryDamageTarget, how: MemoryDamage): void {
    const tables = accountsOf(this).account(account)?.tables;
    if (tables === undefined) throw new TypeError("damage: the account is not registered");
    const table = {
      identity: tables.identities,
      syncKey: tables.syncKeys,
      syncVersion: tables.syncVersions,
      deviceList: tables.deviceLists,
      msgSecret: tables.msgSecrets,
      device: tables.device,
    }[target] as Table<Stored<object>>;
    table.replaceEach((row) => new Damaged(how, columnsOf(row)));
  }
}
