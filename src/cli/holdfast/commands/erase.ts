import type { AddCommand, Context } from "../context.ts";
import { type ChangeFlags, claimAccount, confirmLoss } from "../guards.ts";
import { type AccountOption, withChange } from "../options.ts";

/** `holdfast erase`: deletes everything of an account. */
export const addErase: AddCommand = (program, run) => {
  withChange(program.command("erase"))
    .argument("<target>", "file, database URL or service URL")
    .description("delete everything of an account, for good (`retire` can be undone)")
    .action(run(eraseAccount));
};

async function eraseAccount(
  context: Context,
  text: string,
  options: AccountOption & ChangeFlags,
): Promise<undefined> {
  const { report } = context;
  const target = context.target(text);
  const account = await claimAccount(target, options, report);
  const name = JSON.stringify(account.account);
  await confirmLoss(
    report,
    {
      loss: `Everything of ${name} in ${target.shown} is deleted for good: its device, its sessions, its messages. The phone has to link it anew.`,
      kept: "Kept: every other account. A deleted account is not in free pages for long, but may be in backups.",
    },
    options,
  );
  await target.erase(account);
  report.say(`Erased ${name} from ${target.shown}.`);
  report.result({ target: target.shown, account: account.account, erased: true });
  return undefined;
}
