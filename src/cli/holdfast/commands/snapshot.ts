import {
  type Backend,
  listAllRows,
  type RedactedRow,
  redactDevice,
  redactRow,
} from "../../../backend/mod.ts";
import { systemClock } from "../../../ports/mod.ts";
import { exportAsBackup, snapshotFolder } from "../../../transfer/mod.ts";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { readWhole, writeWhole } from "../files.ts";
import { findAccount } from "../find_account.ts";
import { type AccountOption, withAccount } from "../options.ts";
import { newPassphrase, PASSPHRASE_HELP, type PassphraseFlags } from "../passphrase.ts";
import { ProgressBar } from "../progress_bar.ts";

interface SnapshotFlags extends AccountOption, PassphraseFlags {
  readonly name: string;
  readonly extra?: string | undefined;
  readonly secrets?: boolean | undefined;
}

/** `holdfast snapshot`: every row of an account, without secrets, to be looked at. */
export const addSnapshot: AddCommand = (program, run) => {
  withAccount(program.command("snapshot"))
    .argument("<target>", "file, database URL or service URL")
    .argument("<folder>", "where the file goes, which is made if it is absent")
    .option("--name <name>", "beginning of the file's name", "snapshot")
    .option("--extra <file>", "a file that is kept beside it")
    .option("--secrets", "with everything: a backup, see `holdfast restore`")
    .option("--passphrase", "encrypt it, with --secrets")
    .description("write every row of an account with lengths in place of secrets; changes nothing")
    .addHelpText("after", `\n${PASSPHRASE_HELP}`)
    .action(run(snapshot));
};

async function snapshot(
  context: Context,
  text: string,
  folder: string,
  flags: SnapshotFlags,
): Promise<undefined> {
  const { report } = context;
  const target = context.target(text);
  await using looking = await target.look();
  const { account } = await findAccount(target, looking, flags.account);
  const reads = await looking.reads(account);
  const takenAtMs = systemClock.nowMs();
  const extra = flags.extra === undefined ? undefined : await readWhole(flags.extra);
  const rows =
    flags.secrets === true
      ? await writeBackup(context, reads, { path: `${folder}/${flags.name}-${takenAtMs}.holdfast`, flags })
      : await writeRedacted(context, reads, { folder, name: flags.name, takenAtMs, extra });
  report.say(
    `Wrote a snapshot of ${JSON.stringify(account)} to ${folder}${flags.secrets === true ? ", with everything" : ", without secrets"}.`,
  );
  report.result({
    target: target.shown,
    account,
    folder,
    name: flags.name,
    takenAtMs,
    secrets: flags.secrets === true,
    rows,
  });
  return undefined;
}

interface RedactedParts {
  readonly folder: string;
  readonly name: string;
  readonly takenAtMs: number;
  readonly extra: Uint8Array | undefined;
}

/** @returns The number of rows. */
async function writeRedacted(
  { terminal }: Context,
  reads: Backend,
  { folder, name, takenAtMs, extra }: RedactedParts,
): Promise<number> {
  const device = await reads.load();
  if (device === undefined) throw new CommandError("absent", "snapshot: the account has no device");
  const bar = new ProgressBar(terminal, "rows written");
  let count = 0;
  async function* rows(): AsyncGenerator<RedactedRow> {
    for await (const row of listAllRows(reads, { onUnreadable: () => {} })) {
      count += 1;
      bar.show(count);
      yield redactRow(row);
    }
  }
  const database = await reads.snapshotDb(name, extra);
  await snapshotFolder(folder)({
    name,
    takenAtMs,
    device: redactDevice(device),
    database,
    rows: rows(),
    extra,
  });
  bar.end();
  return count;
}

async function writeBackup(
  { report }: Context,
  reads: Backend,
  { path, flags }: { readonly path: string; readonly flags: PassphraseFlags },
): Promise<undefined> {
  const passphrase = await newPassphrase(report, flags);
  await writeWhole(path, exportAsBackup(reads, { passphrase }));
  return undefined;
}
