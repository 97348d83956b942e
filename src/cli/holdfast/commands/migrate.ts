import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { DEFAULT_ACCOUNT } from "../default_account.ts";
import { type ChangeFlags, confirmLoss, refuseLivingOwner } from "../guards.ts";
import { withCommon } from "../options.ts";

/** `holdfast migrate`: brings the layout of a database up to date. */
export const addMigrate: AddCommand = (program, run) => {
  withCommon(program.command("migrate"))
    .argument("<target>", "file or database URL")
    .option("-y, --yes", "do not ask")
    .option("--takeover", "go on although the database is in use, or may be")
    .description("bring the layout of a database up to date with this release")
    .action(run(migrate));
};

async function migrate(context: Context, text: string, flags: ChangeFlags): Promise<undefined> {
  const { report } = context;
  const target = context.target(text);
  if (target.kind === "service")
    throw new CommandError("usage", "migrate: a service migrates its own database when it starts");
  await refuseLivingOwner(target, DEFAULT_ACCOUNT, flags, report);
  const { version, newest } = await (async () => {
    await using looking = await target.look();
    return looking.schema ?? { version: 0, newest: 0 };
  })();
  if (version >= newest) {
    report.say(`Schema ${version} is up to date.`);
    report.result({ target: target.shown, from: version, to: version });
    return undefined;
  }
  await confirmLoss(
    report,
    {
      loss: `The schema of ${target.shown} goes from ${version} to ${newest}. Older releases may be unable to open it afterwards.`,
      kept: "Kept: every account with everything that is stored of it. Make a backup first if you may go back.",
    },
    flags,
  );
  await (await target.open(DEFAULT_ACCOUNT)).close();
  report.say(`Migrated ${target.shown} from schema ${version} to ${newest}.`);
  report.result({ target: target.shown, from: version, to: newest });
  return undefined;
}
