import type { AccountSummary } from "../../backend/mod.ts";
import { CommandError } from "./command_error.ts";
import { type ChangeFlags, confirmLoss, refuseLivingOwner } from "./guards.ts";
import type { Report } from "./report.ts";
import type { Target } from "./targets/target.ts";

/** Options of a command that brings an account in. */
export interface ReplaceFlags extends ChangeFlags {
  /** Retires an account of the name first. */
  readonly replace?: boolean | undefined;
}

/** The help text of `--replace`. */
export const REPLACE_HELP = "retire an account that has the name first; `undo` brings it back";

/**
 * What an import does with an account that has the name. Asks before one is retired.
 *
 * @throws {CommandError} When it may be open, or the answer is no.
 */
export async function modeOf(
  target: Target,
  account: string,
  flags: ReplaceFlags,
  report: Report,
): Promise<"new" | "replace"> {
  if (flags.replace !== true) return "new";
  // A look at a file comes after it: see `claimAccount`.
  if (target.kind === "file") await refuseLivingOwner(target, account, flags, report);
  const isThere = (await accountsOf(target)).some((found) => found.account === account);
  if (!isThere && target.kind !== "service") return "replace";
  if (target.kind !== "file") await refuseLivingOwner(target, account, flags, report);
  await confirmLoss(
    report,
    {
      loss: `${JSON.stringify(account)} of ${target.shown} is replaced. It is retired first: its messages, skipped message keys and group metadata are deleted at once.`,
      kept: "Kept for 7 days: its device, identities, LIDs, app state and sessions. `holdfast undo` brings them back after the new one is retired.",
    },
    flags,
  );
  return "replace";
}

/** The accounts of a target; none where it does not exist yet. */
async function accountsOf(target: Target): Promise<readonly AccountSummary[]> {
  if (target.kind === "service") return [];
  try {
    await using looking = await target.look();
    return await looking.accounts();
  } catch (error) {
    if (error instanceof CommandError && error.exit === "absent") return [];
    throw error;
  }
}
