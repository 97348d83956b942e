import { importAccount, readTransferFile, type TransferHeader } from "../../../transfer/mod.ts";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { DEFAULT_ACCOUNT } from "../default_account.ts";
import { readChunks, sortOfFile } from "../files.ts";
import { type AccountOption, withChange } from "../options.ts";
import { knownPassphrase, PASSPHRASE_HELP, type PassphraseFlags } from "../passphrase.ts";
import { ProgressBar } from "../progress_bar.ts";
import { modeOf, REPLACE_HELP, type ReplaceFlags } from "../replace.ts";
import { count, things } from "../report.ts";

interface RestoreFlags extends AccountOption, PassphraseFlags, ReplaceFlags {
  readonly originalIsStopped?: boolean | undefined;
}

/** `holdfast restore`: an account from a file of `export` or `backup`. */
export const addRestore: AddCommand = (program, run) => {
  withChange(program.command("restore"))
    .argument("<file>", "a file of `holdfast backup` or `holdfast export`")
    .argument("<target>", "file, database URL or service URL")
    .option("--replace", REPLACE_HELP)
    .option("--passphrase", "ask for the passphrase of the file")
    .option("--original-is-stopped", "of an export: its account is closed and never opened again")
    .description("store the account of a backup or an export, by default under the name that it had")
    .addHelpText("after", `\n${PASSPHRASE_HELP}`)
    .action(run(restore));
};

async function restore(
  context: Context,
  path: string,
  text: string,
  flags: RestoreFlags,
): Promise<undefined> {
  const { report, terminal } = context;
  await requireTransferFile(path);
  const target = context.target(text);
  const passphrase = await knownPassphrase(report, flags);
  const found = await checkFile(path, passphrase);
  const account = flags.account ?? found?.account ?? DEFAULT_ACCOUNT;
  const mode = await modeOf(target, account, flags, report);
  const backend = await target.open(account);
  const bar = new ProgressBar(terminal, "rows stored");
  try {
    const { header, totals, rows } = await importAccount(backend, readChunks(path), {
      mode,
      originalIsStopped: flags.originalIsStopped,
      passphrase,
      onProgress: (done) => bar.show(done),
    });
    bar.end();
    const unreadable = Object.values(totals.unreadable).reduce((sum, table) => sum + table, 0);
    const stored = Object.values(rows).reduce((sum, table) => sum + table, 0);
    const made = new Date(header.createdAtMs).toISOString();
    report.say(
      `Stored the ${header.kind} of ${made} as ${JSON.stringify(account)} in ${target.shown}: ${things(stored, "row")}.`,
    );
    report.say(
      flags.originalIsStopped === true
        ? "Conversations go on where they were."
        : "It is a copy: conversations are set up anew with the first message to each device.",
    );
    if (unreadable > 0) report.say(`The file leaves out ${count(unreadable)} rows that were damaged.`);
    report.result({
      ...{ file: path, kind: header.kind, createdAt: made, pn: header.pn },
      ...{ target: target.shown, account, rows: stored, unreadable },
    });
  } finally {
    bar.end();
    await backend.close();
  }
  return undefined;
}

/** Reads the whole file, before anything is changed: what is torn is refused here. */
async function checkFile(path: string, passphrase: string | undefined): Promise<TransferHeader | undefined> {
  let header: TransferHeader | undefined;
  for await (const record of readTransferFile(readChunks(path), { passphrase }))
    if (record.kind === "header") header = record.header;
  return header;
}

async function requireTransferFile(path: string): Promise<void> {
  const sort = await sortOfFile(path);
  if (sort === "transfer") return;
  const name = JSON.stringify(path);
  if (sort === "absent") throw new CommandError("absent", `restore: there is no file ${name}`);
  if (sort === "sqlite")
    throw new CommandError(
      "usage",
      `restore: ${name} is a database and no file of holdfast backup`,
      "Put it in place of the other one, with its -wal, while nothing runs: see docs/guide/restored_copy.md.",
    );
  throw new CommandError(
    "usage",
    `restore: ${name} is no file of holdfast backup or export`,
    "Use `holdfast import` for other clients.",
  );
}
