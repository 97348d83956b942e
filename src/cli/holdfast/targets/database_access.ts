import {
  checkIntegrity,
  openSqliteReader,
  overviewReads,
  type SqlDriver,
} from "../../../adapters/sqlite/mod.ts";
import type { Backend } from "../../../backend/mod.ts";
import { readable } from "./readable.ts";
import type { KeyOptions, Looking } from "./target.ts";

/**
 * Looks at a database through a driver, which is closed with the look, and when it fails.
 *
 * @param shown Its path or URL, for messages.
 * @param hidesOwner Tells `Looking.hidesOwner`.
 */
export async function lookThrough(
  driver: SqlDriver,
  shown: string,
  keys: KeyOptions,
  hidesOwner: () => Promise<boolean>,
): Promise<Looking> {
  try {
    const reader = await openSqliteReader(driver, shown);
    return {
      hidesOwner: await hidesOwner(),
      schema: { version: reader.schemaVersion, newest: reader.newestSchemaVersion },
      accounts: () => reader.listAccounts(),
      overview: overviewReads(driver, reader.schemaVersion),
      reads: async (account) => await readable(reader.account(account, keys.sealing), keys),
      integrity: () => checkIntegrity(driver),
      [Symbol.asyncDispose]: () => driver.close(),
    };
  } catch (error) {
    await driver.close();
    throw error;
  }
}

/** Deletes everything of an account, and closes the backend. */
export async function eraseAccount(backend: Backend, accountId: number): Promise<void> {
  try {
    await backend.deleteAccount(accountId);
  } finally {
    await backend.close();
  }
}
