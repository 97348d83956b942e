import { openAccount } from "../../../account/mod.ts";
import { rotateKey } from "../../../sealing/mod.ts";
import { listRetired } from "../../../transfer/mod.ts";
import { CommandError, EXIT } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { type ChangeFlags, claimAccount, confirmLoss } from "../guards.ts";
import { currentKeyName, KEYS_HELP } from "../keys.ts";
import { type AccountOption, withChange } from "../options.ts";
import { ProgressBar } from "../progress_bar.ts";
import { count, things } from "../report.ts";

/** `holdfast rotate-key`: seals an account by another key, or for the first time. */
export const addRotateKey: AddCommand = (program, run) => {
  withChange(program.command("rotate-key"))
    .argument("<target>", "file or database URL")
    .description("seal every value of an account by the key that is named, also for the first time")
    .addHelpText(
      "after",
      `\n${KEYS_HELP}\n\nThe former key is needed until it is done, and for older backups.`,
    )
    .action(run(rotate));
};

async function rotate(
  context: Context,
  text: string,
  flags: AccountOption & ChangeFlags,
): Promise<number | undefined> {
  const { report, terminal, logger } = context;
  if (!terminal.env.HOLDFAST_KEYS)
    throw new CommandError("usage", "rotate key: there are no keys", KEYS_HELP);
  const target = context.target(text, { sealExisting: true });
  const { account } = await claimAccount(target, flags, report);
  const name = JSON.stringify(account);
  await confirmLoss(
    report,
    {
      loss: `Every value of ${name} in ${target.shown} is sealed by the key ${JSON.stringify(currentKeyName(terminal.env))}. Without it the account is lost.`,
      kept: "Kept: everything that is stored. If it is cut off, repeat it with the same keys.",
    },
    flags,
  );
  const opened = await openAccount({
    backend: target.open(account),
    host: { logger },
    saverIntervalMs: "manual",
    housekeeping: false,
  });
  const bar = new ProgressBar(terminal, "rows sealed");
  try {
    const { rows, damaged } = await rotateKey(opened, { onStep: (status) => bar.show(status.rows) });
    bar.end();
    const retired = await listRetired(opened.store);
    report.say(`Sealed ${name}: ${things(rows, "row")}.`);
    report.say(
      retired.length === 0
        ? "The former key is no longer needed for it."
        : `${things(retired.length, "retired account")} of the name ${retired.length === 1 ? "was" : "were"} not sealed anew: keep the key under which it was retired. \`holdfast purge\` deletes what is retired.`,
    );
    if (target.kind === "database")
      report.say(
        "The server may still have former values in free space, in its log and in backups: docs/guide/encrypt.md says what removes them.",
      );
    if (damaged > 0)
      report.say(`${count(damaged)} values cannot be read and stay as they are: run holdfast verify.`);
    report.result({ target: target.shown, account, rows, damaged, retired: retired.length });
    return retired.length === 0 ? undefined : EXIT.found;
  } finally {
    bar.end();
    await opened.close();
  }
}
