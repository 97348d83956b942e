import type { AddCommand, Context } from "../context.ts";
import { limitWords } from "../limit_words.ts";
import { withCommon } from "../options.ts";
import { things } from "../report.ts";
import { retiredAccounts } from "../retired_accounts.ts";

import type { ListedAccount } from "../targets/service_target.ts";

const MS_PER_S = 1_000;

/** `holdfast accounts`: the accounts of a database or a service. */
export const addAccounts: AddCommand = (program, run) => {
  withCommon(program.command("accounts"))
    .argument("<target>", "file, database URL or service URL")
    .description("list the accounts; changes nothing")
    .action(run(listAccounts));
};

async function listAccounts(context: Context, text: string): Promise<undefined> {
  const { report } = context;
  const target = context.target(text);
  await using looking = await target.look();
  const accounts = await looking.accounts();
  if (target.kind === "service") {
    const limits = accounts.map((account: ListedAccount) => limitWords(account.limits).join(", "));
    const isLimited = limits.some((words) => words !== "");
    report.table(
      ["ACCOUNT", ...(isLimited ? ["LIMITS"] : [])],
      accounts.map(({ account }, index) => [account, ...(isLimited ? [limits[index] || "none"] : [])]),
    );
  } else
    report.table(
      ["ACCOUNT", "PHONE NUMBER"],
      accounts.map(({ account, pn }) => [account, pn ?? "not paired"]),
    );
  const { schema } = looking;
  const retired = await retiredAccounts(looking);
  for (const { account, until, id } of retired)
    report.say(`${account}  retired, \`undo --id ${id}\` brings it back until ${dateOf(until)}`);
  const layout = schema === undefined ? "" : `, schema ${schema.version}`;
  report.say(report.dim(`${things(accounts.length, "account")} in ${target.shown}${layout}`));
  report.result({
    target: target.shown,
    kind: target.kind,
    schemaVersion: schema?.version,
    accounts: accounts.map(({ account, pn, limits }: ListedAccount) => ({ account, pn, limits })),
    retired: retired.map(({ account, id, until }) => ({ account, id, until: dateOf(until) })),
  });
  return undefined;
}

function dateOf(untilS: number): string {
  return new Date(untilS * MS_PER_S).toISOString();
}
