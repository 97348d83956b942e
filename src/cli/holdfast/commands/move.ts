import { abortMove, moveAccount, resumeMove } from "../../../transfer/mod.ts";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { type ChangeFlags, claimAccount, confirmLoss } from "../guards.ts";
import { type AccountOption, withChange } from "../options.ts";
import { ProgressBar } from "../progress_bar.ts";
import { things } from "../report.ts";
import type { Target } from "../targets/target.ts";

interface MoveFlags extends AccountOption, ChangeFlags {
  readonly toAccount?: string | undefined;
  readonly resume?: boolean | undefined;
  readonly abort?: boolean | undefined;
  readonly force?: boolean | undefined;
}

/** `holdfast move`: an account from one place to another. */
export const addMove: AddCommand = (program, run) => {
  withChange(program.command("move"))
    .argument("<from>", "file, database URL or service URL")
    .argument("[to]", "the other one; left out with --abort --force alone")
    .option("--to-account <name>", "its name there (default: that of --account)")
    .option("--resume", "finish a move that was interrupted")
    .option("--abort", "end a move that was interrupted: the account stays where it was")
    .option("--force", "with --abort: the target cannot be asked, chains are given up")
    .description("move an account, which goes on exactly; nothing opens on both sides")
    .action(run(move));
};

async function move(
  context: Context,
  from: string,
  to: string | undefined,
  flags: MoveFlags,
): Promise<undefined> {
  requireOneWay(to, flags);
  const source = context.target(from);
  const { account } = await claimAccount(source, flags, context.report);
  const target = to === undefined ? undefined : context.target(to, { role: "to" });
  if (flags.abort === true) await abort(context, { source, account, target }, flags);
  else if (target !== undefined) await carry(context, { source, account, target }, flags);
  return undefined;
}

interface Ends {
  readonly source: Target;
  readonly account: string;
  readonly target: Target | undefined;
}

async function carry(context: Context, { source, account, target }: Ends, flags: MoveFlags): Promise<void> {
  if (target === undefined) return;
  const { report, terminal } = context;
  const there = flags.toAccount ?? account;
  await confirmLoss(
    report,
    {
      loss: `${JSON.stringify(account)} of ${source.shown} moves to ${target.shown} as ${JSON.stringify(there)}, and does not open here any more.`,
      kept: "Kept: the device stays linked, every chain goes on. The rows here stay, and cannot be opened.",
    },
    flags,
  );
  const backend = await source.open(account);
  try {
    const other = await target.open(there);
    const bar = new ProgressBar(terminal, "rows stored");
    try {
      const work = flags.resume === true ? resumeMove : moveAccount;
      const { rows } = await work(backend, other, { onProgress: (done) => bar.show(done) });
      bar.end();
      const stored = Object.values(rows).reduce((sum, table) => sum + table, 0);
      report.say(
        stored === 0
          ? `${JSON.stringify(account)} is at ${target.shown}, with all its rows. Open it there.`
          : `Moved ${JSON.stringify(account)} to ${target.shown}: ${things(stored, "row")}. Open it there.`,
      );
      report.result({ from: source.shown, account, to: target.shown, toAccount: there, rows: stored });
    } finally {
      bar.end();
      await other.close();
    }
  } finally {
    await backend.close();
  }
}

async function abort(
  { report }: Context,
  { source, account, target }: Ends,
  flags: MoveFlags,
): Promise<void> {
  await confirmLoss(
    report,
    {
      loss: `The move of ${JSON.stringify(account)} ends, and what it has stored at the target is deleted.`,
      kept:
        target === undefined
          ? "Kept: the account here. Its chains are given up, since nothing is known of the target."
          : "Kept: the account here, which goes on exactly.",
    },
    flags,
  );
  const backend = await source.open(account);
  try {
    const other = await target?.open(flags.toAccount ?? account);
    try {
      await abortMove(backend, other, { force: flags.force });
    } finally {
      await other?.close();
    }
  } finally {
    await backend.close();
  }
  report.say(`Aborted: ${JSON.stringify(account)} stays in ${source.shown}.`);
  report.result({ from: source.shown, account, aborted: true });
}

function requireOneWay(to: string | undefined, { resume, abort: aborts, force }: MoveFlags): void {
  if (resume === true && aborts === true)
    throw new CommandError("usage", "move: --resume and --abort exclude each other");
  if (force === true && aborts !== true) throw new CommandError("usage", "move: --force goes with --abort");
  if (to === undefined && !(aborts === true && force === true))
    throw new CommandError("usage", "move: name the target", "Only --abort --force does without it.");
}
