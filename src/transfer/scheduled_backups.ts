import type { Account } from "../account/mod.ts";
import {
  ArgumentTypeError,
  IncompatibleError,
  requireFunction,
  requireIntegerWithin,
  requireObject,
} from "../errors/mod.ts";
import { logError } from "../write_behind/mod.ts";
import { type BackupReport, backupAccount } from "./backup_account.ts";
import { type HostFiles, hostFiles } from "./host_modules.ts";
import { whole, writeNew } from "./new_files.ts";
import { requireMethods } from "./require_parts.ts";

/** Pause between two backups, in seconds: a day. */
const INTERVAL_S = 86_400;

/** Longest pause between two backups: a year. */
const MAX_INTERVAL_S: number = 366 * 86_400;

/** Backups that are kept. */
const KEPT_BACKUPS = 7;

const MAX_KEPT_BACKUPS = 10_000;

/** Permissions: only the user may read keys. */
const FOLDER_MODE = 0o700;

/** Name of a backup: the time at which it was begun, in milliseconds. */
const BACKUP_NAME = /^backup-(\d{1,16})\.holdfast$/;

/** Options of `scheduleBackups`. */
export interface ScheduledBackupsOptions {
  /** A folder of this account alone, on this machine (Node, Bun, Deno). */
  readonly folder: string;
  /** Seconds between two backups. Defaults to a day. */
  readonly intervalS?: number | undefined;
  /** Backups that are kept: older ones are deleted after each new one. Defaults to 7. */
  readonly keep?: number | undefined;
  /** Seals the backups: 8 to 1,024 characters. Without it they have every key in the clear. */
  readonly passphrase?: string | undefined;
  /** Called after each backup with its path. */
  readonly onBackup?: ((path: string, report: BackupReport) => void) | undefined;
}

/**
 * Backs an open account up again and again, until it closes. The first backup is due an interval after the
 * newest one in the folder, at once where there is none. One that fails is logged, leaves no file, and is
 * tried again at the next interval; the older ones stay.
 *
 * @returns Stops it. A backup that is under way goes on.
 * @throws {IncompatibleError} When the runtime has no files.
 * @throws {TypeError | RangeError} When an option is malformed.
 *
 * @example
 * ```ts
 * import type { Account } from "@holdfast/store";
 * import { scheduleBackups } from "@holdfast/store/transfer";
 *
 * async function protect(account: Account) {
 *   await scheduleBackups(account, { folder: "backups/bot-1", passphrase: "correct horse battery" });
 * }
 * ```
 */
export async function scheduleBackups(
  account: Account,
  options: ScheduledBackupsOptions,
): Promise<() => void> {
  requireMethods("schedule backups: the account", account, ["flush", "followCommits", "onClosing"]);
  requireObject("options", options);
  const { folder, intervalS = INTERVAL_S, keep = KEPT_BACKUPS, passphrase, onBackup } = options;
  if (typeof folder !== "string" || folder === "")
    throw new ArgumentTypeError("schedule backups: folder is not a path");
  requireIntegerWithin("schedule backups: intervalS", intervalS, 1, MAX_INTERVAL_S);
  requireIntegerWithin("schedule backups: keep", keep, 1, MAX_KEPT_BACKUPS);
  if (onBackup !== undefined) requireFunction("schedule backups: onBackup", onBackup);
  const files = hostFiles();
  if (files === undefined) throw new IncompatibleError("schedule backups: the runtime has no files");
  await whole(files.mkdir(folder, { recursive: true, mode: FOLDER_MODE }));
  const { clock, scheduler, logger } = account.host;
  const name = `${account.taskPrefix}backup`;
  let isStopped = false;
  const run = async (): Promise<void> => {
    const startedAtMs = clock.nowMs();
    try {
      const path = `${folder}/backup-${startedAtMs}.holdfast`;
      let report: BackupReport | undefined;
      await writeNew(files, path, async (file) => {
        report = await backupAccount(account, { write: (bytes) => file.writeFile(bytes) }, { passphrase });
      });
      await removeOlder(files, folder, keep);
      if (report !== undefined) onBackup?.(path, report);
    } catch (error) {
      logError(logger, "back up account: failed, tried again at the next interval", error);
    }
    if (!isStopped) scheduler.schedule(name, startedAtMs + intervalS * 1_000);
  };
  const unregister = scheduler.register(name, run);
  const stop = (): void => {
    isStopped = true;
    unregister();
  };
  account.onClosing(stop);
  const newest = (await timesOf(files, folder)).at(-1);
  scheduler.schedule(name, newest === undefined ? clock.nowMs() : newest + intervalS * 1_000);
  return stop;
}

/** Times of the backups in a folder, in ascending order. Other files are not ours. */
async function timesOf(files: HostFiles, folder: string): Promise<number[]> {
  const names = await whole(files.readdir(folder));
  const times = names.flatMap((name) => {
    const [, time] = BACKUP_NAME.exec(name) ?? [];
    return time === undefined ? [] : [Number(time)];
  });
  return times.sort((a, b) => a - b);
}

async function removeOlder(files: HostFiles, folder: string, keep: number): Promise<void> {
  for (const time of (await timesOf(files, folder)).slice(0, -keep))
    await whole(files.unlink(`${folder}/backup-${time}.holdfast`));
}
