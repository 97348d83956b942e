import { ClosedError, requireObject } from "../errors/mod.ts";
import { requirePassphrase } from "../passphrase/mod.ts";
import type { Host } from "../ports/mod.ts";
import { backupAccount, type ExportReads, exportAsBackup } from "../transfer/mod.ts";
import { type ErrorSummary, logError, summarizeError } from "../write_behind/mod.ts";
import type { BackupStats } from "./account_stats.ts";
import {
  type BackupPolicy,
  dueAfterBackup,
  expiredBackups,
  requireBackupPolicy,
  waitAfterFailures,
} from "./backup_policy.ts";
import type { BackupStore, WriteBytes } from "./backup_store.ts";
import type { LocalAccounts } from "./local_accounts.ts";

/** Accounts that were registered or deleted are noticed within this time, in milliseconds. */
const LOOK_MS = 300_000;

/** Accounts of one page of the registry. */
const PAGE = 1_000;

/** Longest pause between two backups, in milliseconds: a pause is as long as the backup before it. */
const MAX_PAUSE_MS = 60_000;

/** Name of the task. */
const TASK = "service.backups";

/** Options of `ScheduledBackups`. */
export interface ScheduledBackupsOptions extends BackupPolicy {
  readonly accounts: Pick<LocalAccounts, "registry" | "whileOpen">;
  readonly store: BackupStore;
  readonly host: Pick<Host, "clock" | "logger" | "random" | "scheduler">;
  /** Names of accounts of the database, also of those that are not registered with the service. */
  listStored?(): Promise<readonly string[]>;
  /** Opens the reads of an account that is not open in the service. Must not take its ownership. */
  openReads(account: string): Promise<ExportReads & AsyncDisposable>;
  /** Called after each backup of the schedule, with the failure if it failed. It must not throw. */
  readonly onDone?: ((account: string, failure: ErrorSummary | undefined) => void) | undefined;
  /** Seals the backups. Without it they have every key in the clear. */
  readonly passphrase?: string | undefined;
}

/** What is known of an account. */
interface Entry {
  readonly name: string;
  /** `undefined` for an account of the database that the service does not know. */
  readonly registeredAtMs: number | undefined;
  dueAtMs: number;
  stats: BackupStats;
  /** Tries in a row without a backup: failures, and looks at an account without a device. */
  tries: number;
}

/**
 * Backs up every account of a service once in an interval, one account at a time, each at its own place in
 * the interval. An account whose place has passed while the service was down, and one without a backup, is
 * due at once. Opens no account and fences no owner.
 */
export class ScheduledBackups {
  readonly #options: ScheduledBackupsOptions;
  readonly #unregister: () => void;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #lookAtMs: number;
  #running: Promise<void> | undefined;
  /** Settles when the backup that is being made is done. One is made at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  /** @throws {TypeError | RangeError} When the passphrase is too short, or the policy is out of range. */
  constructor(options: ScheduledBackupsOptions) {
    requireObject("schedule backups: options", options);
    requireBackupPolicy(options);
    if (options.passphrase !== undefined) requirePassphrase("passphrase", options.passphrase);
    this.#options = options;
    const { clock, scheduler } = options.host;
    this.#unregister = scheduler.register(TASK, () => {
      this.#running = this.#run();
      return this.#running;
    });
    this.#lookAtMs = clock.nowMs();
    scheduler.schedule(TASK, this.#lookAtMs);
  }

  /** What is known of the backups of an account; `undefined` before it was looked at. */
  stats(account: string): BackupStats | undefined {
    return this.#entries.get(account)?.stats;
  }

  /** When the next backup of an account is due; `undefined` before the account was looked at. */
  dueAtMs(account: string): number | undefined {
    return this.#entries.get(account)?.dueAtMs;
  }

  /**
   * When the backups of an account were made, in ascending order. Those of a former account of its name are
   * left out: they are neither restored into this one nor removed.
   */
  async list(account: string): Promise<readonly number[]> {
    const { registeredAtMs } = await this.#options.accounts.registry.admit(undefined, account);
    return await this.#listOf({ name: account, registeredAtMs });
  }

  /**
   * Backs an account up now, after the backup that is being made.
   *
   * @returns When it was made; `undefined` for an account that has no device yet.
   * @throws {StoreError} When it fails. Nothing of it is left.
   */
  async backUpNow(account: string): Promise<number | undefined> {
    const { registeredAtMs } = await this.#options.accounts.registry.admit(undefined, account);
    const entry = await this.#entryOf(account, registeredAtMs);
    return await this.#inTurn(() => this.#make(entry));
  }

  /** Stops. A running backup is given up, and nothing of it is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unregister();
    await this.#running;
    await this.#turn;
  }

  async #run(): Promise<void> {
    const { host } = this.#options;
    const { clock, logger, scheduler } = host;
    const beganAtMs = clock.nowMs();
    try {
      if (beganAtMs >= this.#lookAtMs) await this.#look(beganAtMs);
      const entry = this.#first();
      if (entry !== undefined && entry.dueAtMs <= beganAtMs) await this.#backUp(entry);
    } catch (error) {
      logError(logger, "backups: the accounts cannot be listed", error);
    }
    if (this.#isStopped) return;
    const nowMs = clock.nowMs();
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(1, nowMs - beganAtMs));
    const dueAtMs = Math.min(this.#lookAtMs, this.#first()?.dueAtMs ?? Number.POSITIVE_INFINITY);
    scheduler.schedule(TASK, Math.max(nowMs + pauseMs, dueAtMs));
  }

  /** Reads which accounts there are. */
  async #look(nowMs: number): Promise<void> {
    const { accounts } = this.#options;
    this.#lookAtMs = nowMs + LOOK_MS;
    const found = new Map<string, Entry>();
    const deleted = new Set<string>();
    let after: string | undefined;
    do {
      const page = await accounts.registry.listAccounts({ after, limit: PAGE });
      for (const { name, createdAtMs, deleting } of page) {
        if (this.#isStopped) return;
        if (deleting) deleted.add(name);
        else found.set(name, await this.#entryOf(name, createdAtMs));
      }
      after = page.length === PAGE ? page.at(-1)?.name : undefined;
    } while (after !== undefined);
    for (const name of (await this.#options.listStored?.()) ?? []) {
      if (this.#isStopped) return;
      if (!found.has(name) && !deleted.has(name)) found.set(name, await this.#entryOf(name, undefined));
    }
    this.#entries = found;
  }

  async #entryOf(name: string, registeredAtMs: number | undefined): Promise<Entry> {
    const known = this.#entries.get(name);
    if (known !== undefined && known.registeredAtMs === registeredAtMs) return known;
    const { everyMs, host } = this.#options;
    const madeAtMs = (await this.#listOf({ name, registeredAtMs })).at(-1);
    const nowMs = host.clock.nowMs();
    const dueAtMs = madeAtMs === undefined ? nowMs : dueAfterBackup(name, Math.min(madeAtMs, nowMs), everyMs);
    const stats = madeAtMs === undefined ? { failures: 0 } : { failures: 0, lastSuccessAtMs: madeAtMs };
    return { name, registeredAtMs, dueAtMs, stats, tries: 0 };
  }

  #first(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries.values())
      if (first === undefined || entry.dueAtMs < first.dueAtMs) first = entry;
    return first;
  }

  async #backUp(entry: Entry): Promise<void> {
    const { clock, logger } = this.#options.host;
    const { everyMs } = this.#options;
    const { name: account } = entry;
    try {
      const madeAtMs = await this.#inTurn(() => this.#make(entry));
      if (madeAtMs !== undefined) this.#options.onDone?.(account, undefined);
    } catch (error) {
      // What was given up, because the service ends or the account is deleted, has not failed.
      if (this.#isStopped) return;
      const lastError = summarizeError(error);
      const failures = entry.stats.failures + 1;
      entry.tries += 1;
      entry.stats = { ...entry.stats, failures, lastFailureAtMs: clock.nowMs(), lastError };
      entry.dueAtMs = clock.nowMs() + waitAfterFailures(entry.tries, everyMs);
      const fields = { account, failures, code: lastError.code, error: lastError.message };
      logger.log("error", "backups: an account was not backed up", fields);
      this.#options.onDone?.(account, lastError);
    }
  }

  /** Makes a backup, and removes those that do not stay. @returns When it was made. */
  async #make(entry: Entry): Promise<number | undefined> {
    const { everyMs, host } = this.#options;
    const { clock, logger } = host;
    const { name: account } = entry;
    const madeAtMs = await this.#write(entry);
    if (madeAtMs === undefined) {
      entry.tries += 1;
      entry.dueAtMs = clock.nowMs() + waitAfterFailures(entry.tries, everyMs);
      return undefined;
    }
    entry.tries = 0;
    entry.dueAtMs = dueAfterBackup(account, clock.nowMs(), everyMs);
    const { lastFailureAtMs, lastError } = entry.stats;
    entry.stats = {
      failures: 0,
      lastSuccessAtMs: madeAtMs,
      ...(lastFailureAtMs === undefined ? {} : { lastFailureAtMs, lastError }),
    };
    logger.log("info", "backups: backed up an account", { account });
    await this.#removeExpired(entry);
    return madeAtMs;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(work);
    this.#turn = run.catch(() => {});
    return await run;
  }

  /** Writes a backup. @returns When it was made; `undefined` for an account that has no device yet. */
  async #write({ name: account, registeredAtMs }: Entry): Promise<number | undefined> {
    const { accounts, host, passphrase, store, openReads } = this.#options;
    const options = { account, passphrase, host };
    // After a clock that stepped back too, the newest backup is the last in the list.
    const newestMs = (await store.list(account)).at(-1) ?? 0;
    const key = { account, madeAtMs: Math.max(host.clock.nowMs(), newestMs + 1, registeredAtMs ?? 0) };
    const isWritten =
      registeredAtMs !== undefined &&
      (await accounts.whileOpen(account, registeredAtMs, async (opened, requireOpen) => {
        await store.write(key, async (write) => {
          const checked = this.#checked(write, requireOpen);
          await backupAccount(opened, { write: checked }, options);
        });
        return true;
      }));
    if (isWritten) return key.madeAtMs;
    await using reads = await openReads(account);
    if ((await reads.load()) === undefined) return undefined;
    await store.write(key, async (write) => {
      const checked = this.#checked(write);
      for await (const piece of exportAsBackup(reads, options)) await checked(piece);
    });
    return key.madeAtMs;
  }

  /** Writes until the service ends, or the account is closed. */
  #checked(write: WriteBytes, requireOpen: () => void = () => {}): WriteBytes {
    return async (bytes) => {
      if (this.#isStopped) throw new ClosedError("back up account: the service ends");
      requireOpen();
      await write(bytes);
    };
  }

  /** The backups of this account, without those of a former one of its name. */
  async #listOf({
    name,
    registeredAtMs = 0,
  }: Pick<Entry, "name" | "registeredAtMs">): Promise<readonly number[]> {
    return (await this.#options.store.list(name)).filter((atMs) => atMs >= registeredAtMs);
  }

  /** Removes what does not stay, after a backup that is whole. A failure is told and tried again. */
  async #removeExpired(entry: Entry): Promise<void> {
    const { everyMs, host, keep, keepForMs, store } = this.#options;
    const { name: account } = entry;
    try {
      const policy = { everyMs, keep, keepForMs, nowMs: host.clock.nowMs() };
      for (const expired of expiredBackups(account, await this.#listOf(entry), policy))
        await store.delete({ account, madeAtMs: expired });
    } catch (error) {
      logError(host.logger, "backups: old backups were not removed", error, { account });
    }
  }
}
