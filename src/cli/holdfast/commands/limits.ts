import type { AccountStats } from "../../../service/mod.ts";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { findAccount } from "../find_account.ts";
import { limitWords, usedWords } from "../limit_words.ts";
import { type AccountOption, withAccount } from "../options.ts";
import { bytes, count, type Json, type Report } from "../report.ts";
import { accountLimitsOf, type LimitFlags, withAccountLimits } from "../service/account_limits.ts";
import { ServiceTarget } from "../targets/service_target.ts";

interface LimitsFlags extends AccountOption, LimitFlags {
  /** Removes the limits of the account. */
  readonly clear?: boolean | undefined;
}

/** `holdfast limits`: the limits of one account of a service, and what is used of them. */
export const addLimits: AddCommand = (program, run) => {
  withAccountLimits(withAccount(program.command("limits")), "")
    .argument("<service>", "service URL")
    .option("--clear", "remove the account's own limits: those of the service hold")
    .description("show what an account of a service uses of its limits, or replace them")
    .addHelpText(
      "after",
      "\nWith a limit or --clear it replaces the account's own limits: what is not named is that of the service.",
    )
    .action(run(limitAccount));
};

async function limitAccount(context: Context, text: string, options: LimitsFlags): Promise<undefined> {
  const { report } = context;
  const limits = accountLimitsOf(options) ?? {};
  const isChange = options.clear === true || Object.keys(limits).length > 0;
  if (options.clear === true && Object.keys(limits).length > 0)
    throw new CommandError("usage", "limits: --clear removes every limit, name none beside it");
  const target = context.target(text);
  if (!(target instanceof ServiceTarget))
    throw new CommandError("usage", "limits: only accounts of a service have limits, name its URL");
  const account = await (async () => {
    await using looking = await target.look();
    return (await findAccount(target, looking, options.account)).account;
  })();
  if (isChange) await target.limit(account, limits);
  const stats = await target.stats(account);
  if (isChange) report.note(`Replaced the limits of ${JSON.stringify(account)}.`);
  sayLimits(report, account, stats);
  const { stored, refusedBy } = stats;
  report.result({
    ...{ target: target.shown, account },
    limits: (stats.limits ?? {}) as Json,
    stored: stored as Json,
    refusedBy,
  });
  return undefined;
}

function sayLimits(report: Report, account: string, { limits = {}, stored, refusedBy }: AccountStats): void {
  const { maxBytes, maxRows, requestsPerMinute } = limits;
  report.say(report.bold(account));
  if (limitWords(limits).length === 0) report.say("  no limits");
  if (maxBytes !== undefined) report.say(`  bytes      ${usedWords(stored?.bytes, maxBytes, bytes)}`);
  if (maxRows !== undefined) report.say(`  rows       ${usedWords(stored?.rows, maxRows, count)}`);
  if (requestsPerMinute !== undefined) report.say(`  requests   ${count(requestsPerMinute)} a minute`);
  if (refusedBy !== undefined)
    report.text("  ", report.red(`At its limit (${refusedBy}): commits that store more are refused.`));
}
