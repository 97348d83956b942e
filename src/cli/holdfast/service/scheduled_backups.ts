import { type Command, InvalidArgumentError } from "commander";
import type { KeptBackups } from "../../../console/mod.ts";
import type { Host } from "../../../ports/mod.ts";
import { type LocalAccounts, ScheduledBackups } from "../../../service/mod.ts";
import { BackupFolder } from "../backup_folder.ts";
import { CommandError } from "../command_error.ts";
import type { Context } from "../context.ts";
import type { Target } from "../targets/target.ts";
import { BackupMetrics } from "./backup_metrics.ts";
import { keptBackups } from "./kept_backups.ts";

/** Options of scheduled backups. */
export interface BackupFlags {
  readonly backups?: string | undefined;
  readonly backupHours?: number | undefined;
  readonly keep?: number | undefined;
  readonly keepDays?: number | undefined;
}

const MS_PER_HOUR = 3_600_000;

const DEFAULT_HOURS = 24;

const DEFAULT_KEEP = 7;

/** Adds scheduled backups. */
export function withBackups(command: Command): Command {
  return command
    .option(
      "--backups <folder>",
      "back every account up into this folder, by HOLDFAST_PASSPHRASE if it is set",
    )
    .option(
      "--backup-hours <number>",
      `time between two backups of an account (default: ${DEFAULT_HOURS})`,
      parseCount,
    )
    .option(
      "--keep <number>",
      `newest backups of an account that are kept (default: ${DEFAULT_KEEP})`,
      parseCount,
    )
    .option("--keep-days <number>", "days for which a backup is kept; the newest one always is", parseCount);
}

type ScheduledBackupsOptions = ConstructorParameters<typeof ScheduledBackups>[0];

/** What begins the backups of a service. */
export interface BackupStarter {
  /** @param onDone Called after each scheduled backup, with the failure if it failed. */
  start(accounts: LocalAccounts, host: Host, onDone: ScheduledBackupsOptions["onDone"]): ScheduledBackups;
  /** The metrics of the backups. */
  readonly metrics: Pick<BackupMetrics, "text">;
  /** The backups as the console uses them. */
  kept(scheduled: ScheduledBackups): KeptBackups;
}

/**
 * How the backups of a service are begun; `undefined` without `--backups`.
 *
 * @throws {CommandError | BackendError} When the options make no sense, or the folder cannot be written to.
 */
export async function backupStarter(
  { report, terminal }: Context,
  target: Target,
  { backups: folder, backupHours, keep, keepDays }: BackupFlags,
): Promise<BackupStarter | undefined> {
  if (folder === undefined) {
    if (backupHours === undefined && keep === undefined && keepDays === undefined) return undefined;
    throw new CommandError("usage", "serve: --backup-hours, --keep and --keep-days need --backups");
  }
  const store = new BackupFolder(folder);
  await store.prepare();
  const passphrase = terminal.env.HOLDFAST_PASSPHRASE || undefined;
  if (passphrase === undefined)
    report.note(
      "The backups are not encrypted: who reads them has the accounts. HOLDFAST_PASSPHRASE seals them.",
    );
  const policy = {
    everyMs: (backupHours ?? DEFAULT_HOURS) * MS_PER_HOUR,
    keep: keep ?? (keepDays === undefined ? DEFAULT_KEEP : undefined),
    keepForMs: keepDays === undefined ? undefined : keepDays * 24 * MS_PER_HOUR,
  };
  const metrics = new BackupMetrics();
  const counted = metrics.counted(store);
  return {
    metrics,
    kept: (scheduled) => keptBackups(scheduled, store, passphrase),
    start: (accounts, host, onDone) =>
      new ScheduledBackups({
        ...{ ...policy, ...readsOf(target), accounts, store: counted, host, passphrase },
        onDone: (account, failure) => {
          if (failure !== undefined) metrics.failed();
          onDone?.(account, failure);
        },
      }),
  };
}

/** How the accounts of a database are read that are not open in the service. */
function readsOf(target: Target): Pick<ScheduledBackupsOptions, "listStored" | "openReads"> {
  return {
    listStored: async () => {
      await using looking = await target.look();
      return (await looking.accounts()).map(({ account }) => account);
    },
    openReads: async (account) => {
      const looking = await target.look();
      try {
        const reads = await looking.reads(account);
        return {
          listRows: (...args) => reads.listRows(...args),
          load: () => reads.load(),
          readOwner: () => reads.readOwner(),
          [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
        };
      } catch (error) {
        await looking[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

function parseCount(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new InvalidArgumentError("expected a number from 1.");
  return value;
}
