import { Option } from "commander";
import type { Backend } from "../../../backend/mod.ts";
import {
  diskFolder,
  exportBaileysFolder,
  exportWhatsappRust,
  exportWhatsmeow,
  type ForeignReport,
  sqliteFile,
} from "../../../importers/mod.ts";
import { exportAccount, exportAsBackup } from "../../../transfer/mod.ts";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context, Runner } from "../context.ts";
import { writeWhole } from "../files.ts";
import { findAccount } from "../find_account.ts";
import { type AccountOption, withAccount } from "../options.ts";
import { newPassphrase, PASSPHRASE_HELP, type PassphraseFlags } from "../passphrase.ts";
import { ProgressBar } from "../progress_bar.ts";
import { bytes, count, type Report } from "../report.ts";
import type { Target } from "../targets/target.ts";

/** Other clients to which an account can move out. */
const CLIENTS = ["baileys", "whatsmeow", "whatsapp-rust"] as const;

interface ExportFlags extends AccountOption, PassphraseFlags {
  readonly to?: (typeof CLIENTS)[number] | undefined;
}

/** `holdfast export`: the file of an account that is not open. */
export const addExport: AddCommand = (program, run) => {
  withFile(program, run, "export")
    .addOption(
      new Option("--to <client>", "write the state of another client in place of a file").choices(CLIENTS),
    )
    .description("write an account that is stopped into a file; changes nothing")
    .addHelpText(
      "after",
      "\nFor an account that runs, use `holdfast backup`. --to: a new folder for Baileys, else a database that its\nprogram has made; never open the account here again afterwards, see docs/guide/move_out.md.",
    );
};

/** `holdfast backup`: the file of an account that may go on. */
export const addBackup: AddCommand = (program, run) => {
  withFile(program, run, "backup")
    .description("write an account into a file while it runs; changes nothing")
    .addHelpText("after", "\n`holdfast restore` brings it back. See docs/guide/backup_and_restore.md.");
};

function withFile(program: Parameters<AddCommand>[0], run: Runner, kind: "export" | "backup") {
  return withAccount(program.command(kind))
    .argument("<target>", "file, database URL or service URL")
    .argument("<file>", "the file to write")
    .option("--passphrase", "encrypt the file")
    .addHelpText("after", `\n${PASSPHRASE_HELP}`)
    .action(
      run((context: Context, text: string, path: string, flags: ExportFlags) =>
        writeAccount(context, { kind, text, path }, flags),
      ),
    );
}

async function writeAccount(
  context: Context,
  { kind, text, path }: { readonly kind: "export" | "backup"; readonly text: string; readonly path: string },
  flags: ExportFlags,
): Promise<undefined> {
  const { report, terminal } = context;
  const target = context.target(text);
  const movesOut = flags.to !== undefined;
  // Before the look, which a file counts as a user.
  if (movesOut && target.kind === "file") await refuseLivingSource(report, target, flags.account ?? "");
  await using looking = await target.look();
  const { account } = await findAccount(target, looking, flags.account);
  if (movesOut && target.kind !== "file") await refuseLivingSource(report, target, account);
  const reads = await looking.reads(account);
  if (flags.to !== undefined) {
    if (looking.hiddenOwner !== undefined)
      report.note(`${looking.hiddenOwner}. Make sure that nothing has the account open.`);
    await moveOut(context, reads, { account, client: flags.to, path });
    return undefined;
  }
  const passphrase = await newPassphrase(report, flags);
  const bar = new ProgressBar(terminal, "bytes written");
  const made = looking.hiddenOwner === undefined ? kind : "backup";
  if (made !== kind) report.note(`${looking.hiddenOwner}, so this is a backup and no export.`);
  const pieces =
    made === "export"
      ? exportAccount(reads, { account, passphrase })
      : exportAsBackup(reads, { account, passphrase });
  const written = await writeWhole(path, pieces, (done) => bar.show(done));
  bar.end();
  const sealed = passphrase !== undefined;
  report.say(
    `Wrote ${JSON.stringify(account)} to ${path}: ${bytes(written)}${sealed ? ", encrypted" : ""}. The file is a copy: who imports it sets up its conversations anew.`,
  );
  report.result({ target: target.shown, account, kind: made, file: path, bytes: written, encrypted: sealed });
  return undefined;
}

/** An account that goes on here would send with the keys that it has there. */
async function refuseLivingSource(report: Report, target: Target, account: string): Promise<void> {
  const liveness = await target.liveness(account);
  if (liveness.state === "unknown")
    report.note(`${liveness.sentence}. Make sure that nothing uses the account.`);
  if (liveness.state !== "lives") return;
  throw new CommandError(
    "refused",
    `export: ${liveness.sentence}`,
    "Stop that process for good first: both clients would send with the same keys.",
  );
}

async function moveOut(
  { report }: Context,
  reads: Backend,
  {
    account,
    client,
    path,
  }: { readonly account: string; readonly client: NonNullable<ExportFlags["to"]>; readonly path: string },
): Promise<void> {
  const { kinds, skipped, writes } = await writeForeign(client, reads, path);
  report.table(
    ["KIND", "FOUND", "WRITTEN"],
    kinds.map(({ kind, found, converted }) => [kind, count(found), count(converted)]),
  );
  for (const { kind, reason, count: left } of skipped)
    report.say(`  left out: ${count(left)} of ${kind} (${reason})`);
  report.say(
    `Wrote ${JSON.stringify(account)} for ${client} to ${path}. Do not open it here again: retire it.`,
  );
  report.result({
    ...{ account, client, path, writes },
    kinds: kinds.map((kind) => ({ ...kind })),
    skipped: skipped.map((item) => ({ ...item, examples: [...item.examples] })),
  });
}

async function writeForeign(
  client: NonNullable<ExportFlags["to"]>,
  reads: Backend,
  path: string,
): Promise<ForeignReport> {
  if (client === "baileys") return await exportBaileysFolder(reads, diskFolder(path));
  using file = sqliteFile(path, { writable: true });
  return client === "whatsmeow" ? await exportWhatsmeow(reads, file) : await exportWhatsappRust(reads, file);
}
