import {
  type Backend,
  type BackendCore,
  type Capabilities,
  type CommitOptions,
  createBackend,
  KEY_CHECK,
  type OwnerGuard,
  type OwnerState,
  requireAccountName,
  type Sealing,
  type ValueTransform,
  type Write,
} from "../../backend/mod.ts";
import { ClosedError, FencedError, RefusedError, requireFunction, requireObject } from "../../errors/mod.ts";
import type { Clock } from "../../ports/mod.ts";
import { AccountLookup } from "./account_lookup.ts";
import { appSyncReads } from "./app_sync_reads.ts";
import { integerOf, optionalOf, textOf } from "./cell.ts";
import { deviceReads } from "./device_reads.ts";
import { type FarOpening, openFarBackend } from "./far_opening.ts";
import { migrate } from "./migrate.ts";
import { planWrites } from "./plan_writes.ts";
import { protocolReads } from "./protocol_reads.ts";
import { ReadScope, SCOPE } from "./read_scope.ts";
import { rowReads } from "./row_listing.ts";
import { MIGRATIONS } from "./schema.ts";
import { signalReads } from "./signal_reads.ts";
import type { SqlDriver, SqlStatement } from "./sql_driver.ts";
import type { WritePlan } from "./write_plan.ts";

/** The owner, and whether the account is sealed. */
const READ_OWNER =
  "SELECT owner, epoch, EXISTS (SELECT 1 FROM message_segment s " +
  `WHERE s.device_id = a.device_id AND s.log = '${KEY_CHECK.log}' AND s.seq = ${KEY_CHECK.seq}) ` +
  `FROM account a WHERE a.device_id = ${SCOPE}`;

/** Default name of the account. */
const DEFAULT_ACCOUNT = "default";

/** Options of `openSqliteBackend`. */
export interface SqliteBackendOptions {
  /**
   * Name of the account whose rows are read and written. Defaults to `default`. Rows of other accounts are
   * never returned.
   */
  readonly account?: string | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Changes stored values on their way in and out. */
  readonly values?: ValueTransform | undefined;
  /** Encrypts stored values: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
}

/**
 * Opens one account of a SQLite database behind any driver: brings the layout up to date and returns the
 * backend.
 *
 * The driver belongs to the backend from this call on: closing the backend closes it, and so does a failure
 * to open. The account is registered by its first commit.
 *
 * @throws {TypeError} When the account's name is empty or longer than 1,024 characters.
 * @throws {IncompatibleError} When the database is newer than this release, no database, or another
 * application's. Nothing was changed.
 * @throws {CorruptError | BusyError | BackendError}
 *
 * @example
 * ```ts
 * import { openSqliteBackend, type SqlDriver } from "@holdfast/store/sqlite";
 *
 * async function countAccounts(driver: SqlDriver): Promise<number> {
 *   const backend = await openSqliteBackend(driver, { account: "alice" });
 *   const accounts = await backend.listAccounts();
 *   await backend.close();
 *   return accounts.length;
 * }
 * ```
 */
export async function openSqliteBackend(
  driver: SqlDriver,
  options: SqliteBackendOptions = {},
): Promise<Backend> {
  requireObject("options", options);
  if (driver?.queryTogether === undefined) return await openScrubbedBackend(driver, options);
  const { account = DEFAULT_ACCOUNT } = options;
  try {
    requireAccountName(account);
    return await openFarBackend({
      ...options,
      driver: driver as FarOpening["driver"],
      account,
      migrations: MIGRATIONS,
      coreOver: (over) => createCore(new OpenDriver(over), account),
    });
  } catch (error) {
    await driver.close();
    throw error;
  }
}

/** As `openSqliteBackend`, over a database from which `scrub` removes what rows have left in it. */
export async function openScrubbedBackend(
  driver: SqlDriver,
  { account = DEFAULT_ACCOUNT, clock, values, sealing }: SqliteBackendOptions,
  scrub?: () => Promise<void>,
): Promise<Backend> {
  const core = await openSqliteCore(driver, account);
  return createBackend(sealing?.sealed(core, { account, scrub }) ?? core, { clock, values });
}

/**
 * As `openSqliteBackend`, without the checks in front of the core.
 *
 * @param version The version of the layout, if the caller has read it.
 */
export async function openSqliteCore(
  driver: SqlDriver,
  account: string = DEFAULT_ACCOUNT,
  version?: unknown,
): Promise<BackendCore> {
  requireFunction("driver.batch", driver?.batch);
  try {
    requireAccountName(account);
    if (version !== MIGRATIONS.length) await migrate(driver, MIGRATIONS);
  } catch (error) {
    await driver.close();
    throw error;
  }
  return createCore(new OpenDriver(driver), account);
}

/** The core over a driver whose database has the newest layout. */
export function createCore(driver: OpenDriver, account: string): BackendCore {
  const scope = new ReadScope(driver, account);
  const lookup = new AccountLookup(driver, account);
  return {
    ...signalReads(scope),
    ...appSyncReads(scope),
    ...protocolReads(scope),
    ...deviceReads(scope, driver),
    ...rowReads(scope),
    capabilities: capabilitiesOf(driver),
    create() {
      // Another process may have deleted the account since its id was read.
      lookup.forget();
      return lookup.findOrRegister();
    },
    commit: (writes, commitOptions) => commit({ driver, lookup, account }, writes, commitOptions),
    async readOwner(): Promise<OwnerState | undefined> {
      const row = await scope.first(READ_OWNER, []);
      const owner = optionalOf(row?.[0], "owner", textOf);
      if (owner === undefined) return undefined;
      const state = { owner, epoch: integerOf(row?.[1], "owner epoch") };
      return row?.[2] === 1 ? { ...state, sealed: true } : state;
    },
    close: () => driver.close(),
  };
}

function capabilitiesOf(driver: SqlDriver): Capabilities {
  return {
    atomicCommit: true,
    fencing: true,
    durableOnResolve: driver.durable,
    maxValueBytes: driver.limits.maxValueBytes,
    maxParameters: driver.limits.maxParameters,
    tellsSealed: true,
  };
}

/** What a commit works with. */
interface CommitContext {
  readonly driver: OpenDriver;
  readonly lookup: AccountLookup;
  readonly account: string;
}

async function commit(
  context: CommitContext,
  writes: readonly Write[],
  options: CommitOptions | undefined,
): Promise<number[]> {
  const guard = options?.guard;
  const { driver, lookup } = context;
  driver.requireOpen("commit");
  if (writes.length === 0 && guard === undefined) return [];
  // An owned account was registered. If it is not there, it was deleted since.
  const find = (): Promise<number | undefined> =>
    guard?.owner === undefined ? lookup.findOrRegister() : lookup.find();
  const accountId = await find();
  if (accountId === undefined) throw fenced();
  try {
    return await send(context, accountId, writes, guard);
  } catch (error) {
    if (!(error instanceof FencedError)) throw error;
    // Another process may have deleted the account and registered its name anew after its id was read. The
    // guard decides again whether the commit belongs to the new account.
    lookup.forget();
    const current = await find();
    if (current === undefined || current === accountId) throw error;
    return await send(context, current, writes, guard);
  }
}

async function send(
  { driver, lookup, account }: CommitContext,
  accountId: number,
  writes: readonly Write[],
  guard: OwnerGuard | undefined,
): Promise<number[]> {
  const plan = planWrites(writes, { accountId, limits: driver.limits }, account);
  const before = guardStatements(accountId, account, guard);
  try {
    // A change of the owner has a transaction of its own: also that of an account whose last answer was lost.
    const results = await driver.batch([...before, ...plan.statements()], before.length === 1);
    if (writes.some((write) => leavesName(write, accountId))) lookup.forget();
    return plan.changed(results.slice(before.length));
  } catch (error) {
    // A driver's own error of the guard has a cause. Without one it says something else, such as a file that
    // was replaced.
    if (error instanceof FencedError) throw error.cause === undefined ? error : fenced();
    if (error instanceof RefusedError) throw refused(error, plan, before.length);
    throw error;
  }
}

/** Whether the name of the account may belong to another account id after a write. */
function leavesName(write: Write, accountId: number): boolean {
  if (write.kind === "account.delete") return write.accountId === accountId;
  return write.kind === "account.setAside" || write.kind === "account.bringBack";
}

/**
 * The check that fails the transaction unless the account exists and has the owner of the guard, and the
 * change of the owner. SQLite has no statement that aborts, so the check calls a function that fails. It
 * writes no row.
 */
function guardStatements(accountId: number, name: string, guard: OwnerGuard | undefined): SqlStatement[] {
  if (guard === undefined) {
    const sql =
      "SELECT CASE WHEN EXISTS (SELECT 1 FROM account WHERE device_id = ? AND name = ?) " +
      "THEN 1 ELSE json('fenced') END";
    return [{ sql, params: [accountId, name], onlyFirst: true }];
  }
  const check = {
    sql:
      "SELECT CASE WHEN (SELECT owner IS ? AND epoch BETWEEN ? AND ? FROM account WHERE device_id = ?4 " +
      "AND (? OR NOT EXISTS (SELECT 1 FROM device WHERE device_id = ?4))) THEN 1 ELSE json('fenced') END",
    params: [
      guard.owner ?? null,
      guard.minEpoch,
      guard.maxEpoch,
      accountId,
      guard.withoutDevice === true ? 0 : 1,
    ],
    onlyFirst: true,
  };
  if (guard.next === undefined) return [check];
  const { owner, epoch } = guard.next;
  return [
    check,
    { sql: "UPDATE account SET owner = ?, epoch = ? WHERE device_id = ?", params: [owner, epoch, accountId] },
  ];
}

function fenced(): FencedError {
  return new FencedError("commit: another owner has opened the account");
}

/** The driver names the statement; the caller needs the write. */
function refused(error: RefusedError, plan: WritePlan, skipped: number): RefusedError {
  const writeIndex = error.writeIndex === undefined ? undefined : plan.writeOf(error.writeIndex - skipped);
  return new RefusedError(error.message, { cause: error.cause, writeIndex });
}

/** A driver that rejects calls after it is closed. */
export class OpenDriver implements SqlDriver {
  readonly #driver: SqlDriver;
  #closed = false;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  get limits(): SqlDriver["limits"] {
    return this.#driver.limits;
  }

  get durable(): boolean {
    return this.#driver.durable;
  }

  /** @throws {ClosedError} */
  requireOpen(action: string): void {
    if (this.#closed) throw new ClosedError(`${action}: the backend is closed`);
  }

  async query(...args: Parameters<SqlDriver["query"]>): ReturnType<SqlDriver["query"]> {
    this.requireOpen("read");
    return await this.#driver.query(...args);
  }

  async batch(...args: Parameters<SqlDriver["batch"]>): ReturnType<SqlDriver["batch"]> {
    this.requireOpen("commit");
    return await this.#driver.batch(...args);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#driver.close();
  }
}
