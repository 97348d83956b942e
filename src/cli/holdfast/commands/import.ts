import { Option } from "commander";
import { memoryBackend } from "../../../adapters/memory/mod.ts";
import type { Backend } from "../../../backend/mod.ts";
import {
  diskFolder,
  type ForeignImportOptions,
  type ForeignReport,
  importBaileysDump,
  importBaileysFolder,
  importBaileysSqlite,
  importWhatsappRust,
  importWhatsmeow,
  importZapo,
  sqliteFile,
} from "../../../importers/mod.ts";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { DEFAULT_ACCOUNT } from "../default_account.ts";
import { readChunks, sortOfFile } from "../files.ts";
import { type AccountOption, withChange } from "../options.ts";
import { modeOf, REPLACE_HELP, type ReplaceFlags } from "../replace.ts";
import { count, type Report, things } from "../report.ts";

/** What an account can come from. */
const FORMATS = ["baileys", "baileys-dump", "baileys-sqlite", "whatsmeow", "whatsapp-rust", "zapo"] as const;

type Format = (typeof FORMATS)[number];

interface ImportFlags extends AccountOption, ReplaceFlags {
  readonly from?: Format | undefined;
  readonly device?: string | undefined;
  readonly originalIsStopped?: boolean | undefined;
  readonly copy?: boolean | undefined;
  readonly skipDamaged?: boolean | undefined;
  readonly skipVersion6?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/** `holdfast import`: an account from another client. */
export const addImport: AddCommand = (program, run) => {
  withChange(program.command("import"))
    .argument("<source>", "folder or file of another client")
    .argument("<target>", "file, database URL or service URL")
    .addOption(new Option("--from <format>", "what the source is").choices(FORMATS))
    .option("--device <id>", "which device of the source, where it has several")
    .option("--replace", REPLACE_HELP)
    .option("--original-is-stopped", "the other client is stopped for good: chains continue")
    .option("--copy", "the source is a copy, or its client may go on: chains are set up anew")
    .option("--skip-damaged", "leave damaged parts out")
    .option("--skip-version-6", "leave out what only Baileys 6 can use")
    .option("--dry-run", "read everything, store nothing, and say what would be left out")
    .description("store an account of another client; the device is not linked again")
    .addHelpText("after", "\nThe source is only read. Stop its client first. See docs/guide/move_in.md.")
    .action(run(importAccount));
};

async function importAccount(
  context: Context,
  source: string,
  text: string,
  flags: ImportFlags,
): Promise<undefined> {
  const { report } = context;
  const format = await formatOf(source, flags.from);
  const target = context.target(text);
  const account = flags.account ?? DEFAULT_ACCOUNT;
  const chain = flags.dryRun === true ? "burn" : await chainOf(context, flags);
  const mode = flags.dryRun === true ? "new" : await modeOf(target, account, flags, report);
  // A dry run makes no file.
  const backend = flags.dryRun === true ? memoryBackend() : await target.open(account);
  let result: ForeignReport;
  try {
    result = await read(format, source, backend, {
      chain,
      mode,
      ...{ dryRun: flags.dryRun, skipDamaged: flags.skipDamaged, skipVersion6: flags.skipVersion6 },
      ...deviceOf(format, flags.device),
    });
  } finally {
    await backend.close();
  }
  sayReport(report, result);
  const where = `${JSON.stringify(account)} in ${target.shown}`;
  report.say(
    result.isDryRun
      ? `Would store ${things(result.writes, "row")} as ${where}. Nothing was stored.`
      : `Stored ${things(result.writes, "row")} as ${where}.`,
  );
  if (!result.isDryRun && chain === "burn")
    report.say("Conversations are set up anew with the first message to each device.");
  report.result({
    ...{ source, format, target: target.shown, account, chain, dryRun: result.isDryRun },
    ...{ pn: result.pn, writes: result.writes },
    kinds: result.kinds.map((kind) => ({ ...kind })),
    skipped: result.skipped.map((skipped) => ({ ...skipped, examples: [...skipped.examples] })),
  });
  return undefined;
}

/** @throws {CommandError} When the source does not exist, or does not say what it is. */
async function formatOf(source: string, from: Format | undefined): Promise<Format> {
  const sort = await sortOfFile(source);
  if (sort === "absent")
    throw new CommandError("absent", `import: there is no file or folder ${JSON.stringify(source)}`);
  if (sort === "transfer" && from === undefined)
    throw new CommandError("usage", "import: the file is one of Holdfast's own", "Use `holdfast restore`.");
  if (from !== undefined) return from;
  if (sort === "folder") return "baileys";
  throw new CommandError(
    "usage",
    `import: ${JSON.stringify(source)} does not say of which client it is`,
    `Name it with --from: ${FORMATS.join(", ")}.`,
  );
}

/** What becomes of the sending chains. A wrong answer costs messages, so it is asked; `--yes` alone burns. */
async function chainOf({ report }: Context, flags: ImportFlags): Promise<ForeignImportOptions["chain"]> {
  if (flags.originalIsStopped === true && flags.copy === true)
    throw new CommandError("usage", "import: --original-is-stopped and --copy exclude each other");
  if (flags.originalIsStopped === true) return "originalIsStopped";
  if (flags.copy === true || flags.yes === true) return "burn";
  if (!report.terminal.isInteractive)
    throw new CommandError(
      "refused",
      "import: it is not said whether the original is stopped",
      "Pass --original-is-stopped if its client never starts on this state again, else --copy.",
    );
  report.note("If the other client ever sends again on this state, message keys are used twice.");
  report.note(
    "With no, conversations are set up anew with the first message to each device, and nothing is lost.",
  );
  const isStopped = await report.terminal.confirm(
    "Is the other client stopped for good, and is this its own state and no copy?",
  );
  return isStopped ? "originalIsStopped" : "burn";
}

async function read(
  format: Format,
  source: string,
  backend: Backend,
  options: ForeignImportOptions,
): Promise<ForeignReport> {
  switch (format) {
    case "baileys":
      return await importBaileysFolder(backend, diskFolder(source), options);
    case "baileys-dump":
      return await importBaileysDump(backend, () => readChunks(source), options);
    case "baileys-sqlite":
    case "whatsmeow":
    case "whatsapp-rust":
    case "zapo": {
      using file = sqliteFile(source);
      if (format === "baileys-sqlite") return await importBaileysSqlite(backend, file, options);
      if (format === "whatsmeow") return await importWhatsmeow(backend, file, options);
      if (format === "zapo") return await importZapo(backend, file, options);
      return await importWhatsappRust(backend, file, options);
    }
  }
}

/** How each format names one of several devices. */
function deviceOf(format: Format, device: string | undefined): object {
  if (device === undefined) return {};
  switch (format) {
    case "whatsmeow":
      return { jid: device };
    case "whatsapp-rust":
      return { deviceId: Number(device) };
    case "zapo":
      return { sessionId: device };
    default:
      throw new CommandError("usage", `import: a source of ${format} has one device, leave --device out`);
  }
}

function sayReport(report: Report, { state, pn, kinds, skipped }: ForeignReport): void {
  report.say(report.bold(`${state}, ${pn ?? "not paired"}`));
  report.table(
    ["KIND", "FOUND", "CONVERTED"],
    kinds.map(({ kind, found, converted }) => [kind, count(found), count(converted)]),
  );
  for (const { kind, reason, count: left, examples } of skipped) {
    const names = examples.length < left ? `${examples.join(", ")}, …` : examples.join(", ");
    report.say(`  left out: ${count(left)} of ${kind} (${reason}): ${names}`);
  }
}
