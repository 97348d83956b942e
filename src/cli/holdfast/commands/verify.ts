import type { IntegrityProblem } from "../../../adapters/sqlite/mod.ts";
import type { AccountSummary } from "../../../backend/mod.ts";
import { CorruptError } from "../../../errors/mod.ts";
import { type Finding, verifyAccount } from "../../../verify/mod.ts";
import { CommandError, EXIT } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { findAccount } from "../find_account.ts";
import { type ChangeFlags, confirmLoss, refuseLivingOwner } from "../guards.ts";
import { type AccountOption, withChange } from "../options.ts";
import { commitAsOwner } from "../owned_commit.ts";
import { ProgressBar } from "../progress_bar.ts";
import { count, type Report, things } from "../report.ts";
import type { Looking, Target } from "../targets/target.ts";

interface VerifyFlags extends AccountOption, ChangeFlags {
  readonly repair?: boolean | undefined;
}

/** What was found of one account; `undefined` for the database. */
interface Verified {
  readonly account: string | undefined;
  readonly findings: readonly Finding[];
  readonly omitted: number;
  readonly rows: number;
}

/** `holdfast verify`: checks stored accounts. */
export const addVerify: AddCommand = (program, run) => {
  withChange(program.command("verify"))
    .argument("<target>", "file, database URL or service URL")
    .option("--repair", "set aside what is set up anew by itself (changes the account; never an identity)")
    .description("check every row, and the database itself; without --repair it changes nothing")
    .action(run(verify));
};

async function verify(context: Context, text: string, flags: VerifyFlags): Promise<number> {
  const { report } = context;
  const target = context.target(text);
  if (flags.repair === true && target.kind === "file")
    await refuseLivingOwner(target, flags.account ?? "", flags, report);
  const verified = await verifyTarget(context, target, flags.account);
  for (const part of verified) sayFindings(report, part);
  const all = verified.flatMap(({ findings }) => findings);
  const omitted = verified.reduce((sum, part) => sum + part.omitted, 0);
  const rows = verified.reduce((sum, part) => sum + part.rows, 0);
  const bad = all.filter(({ severity }) => severity !== "note");
  const verdict = `${things(rows, "row")} checked, ${things(bad.length + omitted, "finding")}`;
  report.say(bad.length === 0 ? report.green(`${verdict}.`) : report.red(`${verdict}.`));
  const repaired = flags.repair === true ? await repair(context, target, verified, flags) : 0;
  report.result({
    target: target.shown,
    rows,
    omitted,
    repaired,
    findings: verified.flatMap(({ account, findings }) =>
      findings.map(({ repair: writes, ...finding }) => ({
        account,
        ...finding,
        repairable: writes !== undefined,
      })),
    ),
  });
  return bad.length + omitted > repaired ? EXIT.found : EXIT.done;
}

async function verifyTarget(context: Context, target: Target, name: string | undefined): Promise<Verified[]> {
  await using looking = await target.look();
  const verified: Verified[] = [];
  if (looking.integrity !== undefined) verified.push(await verifyDatabase(looking));
  const accounts = await accountsOf(target, looking, name, verified);
  for (const { account } of accounts) {
    const bar = new ProgressBar(context.terminal, `rows of ${account}`);
    const reads = await looking.reads(account);
    const report = await verifyAccount(reads, { onProgress: (rows) => bar.show(rows) });
    bar.end();
    verified.push({ account, ...report });
  }
  return verified;
}

/** The accounts to check. A damaged list of accounts is a finding. */
async function accountsOf(
  target: Target,
  looking: Looking,
  name: string | undefined,
  verified: Verified[],
): Promise<readonly AccountSummary[]> {
  try {
    return name === undefined ? await looking.accounts() : [await findAccount(target, looking, name)];
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    const finding: Finding = {
      code: "unlistable",
      severity: "damage",
      table: "database",
      key: undefined,
      what: `The accounts of the database cannot be listed: ${error.message}.`,
      remedy: "Restore a backup. Name an account with --account to check it alone.",
      repair: undefined,
    };
    verified.push({ account: undefined, findings: [finding], omitted: 0, rows: 0 });
    return [];
  }
}

async function verifyDatabase(looking: Looking): Promise<Verified> {
  const problems = (await looking.integrity?.()) ?? [];
  return { account: undefined, findings: problems.map(findingOf), omitted: 0, rows: 0 };
}

function findingOf({ kind, table, detail }: IntegrityProblem): Finding {
  const common = { table: "database" as const, key: table, repair: undefined };
  if (kind === "orphans")
    return {
      ...{ ...common, code: "orphans", severity: "warning" },
      what: `The table ${table} has ${detail} of an account that is not registered: its name was lost, or a deletion was cut off by damage.`,
      remedy: "Restore a backup if an account is missing. Otherwise they take space and do no harm.",
    };
  return {
    ...{ ...common, code: "structure", severity: "damage" },
    what: `SQLite finds the file damaged: ${detail}.`,
    remedy: /index/.test(detail)
      ? "An index differs from its table: run REINDEX with the sqlite3 shell while nothing uses the file, then verify again."
      : "Restore a backup, see docs/guide/damaged_file.md.",
  };
}

function sayFindings(report: Report, { account, findings, omitted }: Verified): void {
  if (findings.length === 0) return;
  report.say(report.bold(account ?? "database"));
  for (const { severity, what, remedy } of findings) {
    report.text(`  ${severity.padEnd(7)} `, what);
    report.text(" ".repeat(10), remedy);
  }
  if (omitted > 0) report.say(`  and ${count(omitted)} more`);
  report.say("");
}

/** Sets aside what can be set aside. @returns The number of findings that are repaired. */
async function repair(
  { report, logger }: Context,
  target: Target,
  verified: readonly Verified[],
  flags: ChangeFlags,
): Promise<number> {
  let repaired = 0;
  for (const { account, findings } of verified) {
    const mended = findings.filter((finding) => finding.repair !== undefined);
    if (account === undefined || mended.length === 0) continue;
    if (findings.some(({ table, severity }) => table === "device" && severity === "damage"))
      throw new CommandError(
        "damaged",
        `repair ${JSON.stringify(account)}: its device is damaged, nothing else is worth repairing`,
        "Restore a backup, see docs/guide/damaged_file.md.",
      );
    if (target.kind !== "file") await refuseLivingOwner(target, account, flags, report);
    await confirmLoss(
      report,
      {
        loss: `${things(mended.length, "finding")} of ${JSON.stringify(account)} are repaired: damaged sessions and sender keys are set aside, other damaged rows removed.`,
        kept: "Kept: the device, every identity, and the bytes of what is set aside (table quarantine).",
      },
      flags,
    );
    const backend = await target.open(account);
    try {
      await commitAsOwner(
        backend,
        mended.flatMap((finding) => finding.repair ?? []),
        logger,
      );
    } finally {
      await backend.close();
    }
    repaired += mended.filter(({ severity }) => severity !== "note").length;
  }
  report.say(`Repaired ${things(repaired, "finding")}.`);
  return repaired;
}
