import {
  type IntegrityProblem,
  openSqliteReader,
  overviewReads,
  type SqlDriver,
} from "../../../adapters/sqlite/mod.ts";
import type { Backend } from "../../../backend/mod.ts";
import { readable } from "./readable.ts";
import type { KeyOptions, Liveness, Looking } from "./target.ts";

/** What a look through a driver is made of. */
export interface LookOptions {
  readonly driver: SqlDriver;
  /** The path or URL of the database, for messages. */
  readonly shown: string;
  readonly keys: KeyOptions;
  /** Tells `Looking.hiddenOwner`. */
  readonly hiddenOwner: () => Promise<string | undefined>;
  /** Checks the database itself. */
  readonly integrity: (driver: SqlDriver) => Promise<readonly IntegrityProblem[]>;
}

/** Looks at a database through a driver, which is closed with the look, and when it fails. */
export async function lookThrough({
  driver,
  shown,
  keys,
  hiddenOwner,
  integrity,
}: LookOptions): Promise<Looking> {
  try {
    const reader = await openSqliteReader(driver, shown);
    return {
      hiddenOwner: await hiddenOwner(),
      schema: { version: reader.schemaVersion, newest: reader.newestSchemaVersion },
      accounts: () => reader.listAccounts(),
      overview: overviewReads(driver, reader.schemaVersion),
      reads: async (account) => await readable(reader.account(account, keys.sealing), keys),
      integrity: () => integrity(driver),
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

/** What a database server tells of the owner of an account: whether there ever was one. */
export async function serverLiveness(look: () => Promise<Looking>, account: string): Promise<Liveness> {
  await using looking = await look();
  const isThere = (await looking.accounts()).some((found) => found.account === account);
  const owner = isThere ? await ownerOf(looking, account) : undefined;
  if (owner === undefined) return { state: "none" };
  return {
    state: "unknown",
    sentence:
      "the account was opened before, and a database server does not tell whether its owner still runs",
  };
}

async function ownerOf(looking: Looking, account: string): Promise<unknown> {
  if (looking.schema !== undefined && looking.schema.version < looking.schema.newest)
    return "an older layout";
  return await (await looking.reads(account)).readOwner();
}
