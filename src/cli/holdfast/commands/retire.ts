import { type Command, InvalidArgumentError } from "commander";
import { listRetired, purgeRetired, retireAccount, undoRetirement } from "../../../transfer/mod.ts";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { type ChangeFlags, claimAccount, confirmLoss, refuseLivingOwner } from "../guards.ts";
import { type AccountOption, withChange } from "../options.ts";
import { things } from "../report.ts";
import { retiredAccounts } from "../retired_accounts.ts";
import type { Target } from "../targets/target.ts";

/** Longest time for which a retired account is kept, in days: see `retireAccount`. */
const MAX_DAYS = 365;

const MS_PER_S = 1_000;

type RetireFlags = AccountOption & ChangeFlags & { readonly undoDays?: number | undefined };

type IdFlags = AccountOption & ChangeFlags & { readonly id?: string | undefined };

/** `holdfast retire`: an account that can be brought back for some days. */
export const addRetire: AddCommand = (program, run) => {
  withChange(program.command("retire"))
    .argument("<target>", "file, database URL or service URL")
    .option(
      "--undo-days <number>",
      "days for which it can be brought back, 0 to erase it (default: 7)",
      parseDays,
    )
    .description("set an account aside; `undo` brings it back for some days")
    .action(run(retire));
};

/** `holdfast undo`: brings a retired account back. */
export const addUndo: AddCommand = (program, run) => {
  withId(withChange(program.command("undo")))
    .argument("<target>", "file, database URL or service URL")
    .description("bring a retired account back under its name")
    .action(run(undo));
};

/** `holdfast purge`: deletes retired accounts for good. */
export const addPurge: AddCommand = (program, run) => {
  withId(withChange(program.command("purge")))
    .argument("<target>", "file, database URL or service URL")
    .description("delete what `retire` has set aside, for good")
    .action(run(purge));
};

function withId(command: Command): Command {
  return command.option("--id <id>", "which retired account of the name, where there are several");
}

async function retire(context: Context, text: string, flags: RetireFlags): Promise<undefined> {
  const { report } = context;
  const target = context.target(text);
  const { account } = await claimAccount(target, flags, report);
  const name = JSON.stringify(account);
  const isErased = flags.undoDays === 0;
  await confirmLoss(
    report,
    {
      loss: `${name} of ${target.shown} is set aside, and its messages, skipped message keys and group metadata are deleted at once.`,
      kept: isErased
        ? "Kept: nothing, since --undo-days is 0."
        : `Kept for ${flags.undoDays ?? 7} days: the device, identities, LIDs, app state and sessions. \`holdfast undo\` brings them back; the device stays linked.`,
    },
    flags,
  );
  const backend = await target.open(account);
  try {
    const kept = await retireAccount(backend, { undoDays: flags.undoDays });
    report.say(
      kept === undefined
        ? `Erased ${name} from ${target.shown}.`
        : `Retired ${name}. \`holdfast undo\` brings it back until ${dateOf(kept.until)} (id ${kept.id}).`,
    );
    if (kept?.keeps === "identity")
      report.say("Its identity alone is kept: the rest is too large, or cannot be read.");
    report.result({
      ...{ target: target.shown, account, retired: kept !== undefined },
      ...(kept === undefined ? {} : { id: kept.id, until: dateOf(kept.until) }),
    });
  } finally {
    await backend.close();
  }
  return undefined;
}

async function undo(context: Context, text: string, flags: IdFlags): Promise<undefined> {
  const { report } = context;
  const { target, account } = await retiredOf(context, text, flags);
  const backend = await target.open(account);
  try {
    const back = await undoRetirement(backend, flags.id);
    if (back === undefined) throw nothingRetired(target, account, flags.id);
    report.say(
      `Brought ${JSON.stringify(account)} back. Conversations are set up anew with the first message to each device.`,
    );
    report.result({ target: target.shown, account, id: back.id });
  } finally {
    await backend.close();
  }
  return undefined;
}

async function purge(context: Context, text: string, flags: IdFlags): Promise<undefined> {
  const { report } = context;
  const { target, account } = await retiredOf(context, text, flags);
  const backend = await target.open(account);
  try {
    const kept = (await listRetired(backend)).filter(({ id }) => flags.id === undefined || id === flags.id);
    if (kept.length === 0) throw nothingRetired(target, account, flags.id);
    await confirmLoss(
      report,
      {
        loss: `${things(kept.length, "retired account")} named ${JSON.stringify(account)} ${kept.length === 1 ? "is" : "are"} deleted for good. \`undo\` brings none of them back.`,
        kept: "Kept: the account that has the name now, if there is one, and every other account.",
      },
      flags,
    );
    const purged = await purgeRetired(backend, flags.id);
    report.say(`Purged ${things(purged, "retired account")}.`);
    report.result({ target: target.shown, account, purged });
  } finally {
    await backend.close();
  }
  return undefined;
}

/** Where a retired account is. Its name may be free, so it is not looked for. */
async function retiredOf(
  context: Context,
  text: string,
  flags: IdFlags,
): Promise<{ readonly target: Target; readonly account: string }> {
  const target = context.target(text);
  // A look at a file comes after it: see `claimAccount`.
  if (target.kind === "file") await refuseLivingOwner(target, flags.account ?? "", flags, context.report);
  const account = flags.account ?? (await nameOfRetired(target, flags.id));
  if (target.kind !== "file") await refuseLivingOwner(target, account, flags, context.report);
  return { target, account };
}

/** The name of the only retired account, or of the one with the id. */
async function nameOfRetired(target: Target, id: string | undefined): Promise<string> {
  await using looking = await target.look();
  const retired = (await retiredAccounts(looking)).filter((found) => id === undefined || found.id === id);
  const [name, ...others] = new Set(retired.map(({ account }) => account));
  if (name !== undefined && others.length === 0) return name;
  if (name === undefined && target.kind !== "service") {
    const which = id === undefined ? "" : ` with the id ${JSON.stringify(id)}`;
    throw new CommandError("absent", `find retired account: ${target.shown} has none${which}`);
  }
  throw new CommandError(
    "usage",
    `find retired account: ${target.shown} has several, or does not list them`,
    "Choose one with --account.",
  );
}

function nothingRetired(target: Target, account: string, id: string | undefined): CommandError {
  const which = id === undefined ? "" : ` with the id ${JSON.stringify(id)}`;
  return new CommandError(
    "absent",
    `find retired account: ${target.shown} has none named ${JSON.stringify(account)}${which}`,
    "Name it with --account. A retired account is deleted when its time is over.",
  );
}

function dateOf(untilS: number): string {
  return new Date(untilS * MS_PER_S).toISOString();
}

function parseDays(text: string): number {
  const days = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (!(days <= MAX_DAYS)) throw new InvalidArgumentError(`expected 0 to ${MAX_DAYS}.`);
  return days;
}
