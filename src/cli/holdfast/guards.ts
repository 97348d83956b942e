import type { AccountSummary } from "../../backend/mod.ts";
import { CommandError } from "./command_error.ts";
import { findAccount } from "./find_account.ts";
import type { AccountOption } from "./options.ts";
import type { Report } from "./report.ts";
import type { Target } from "./targets/target.ts";

/** Options of every command that changes something. */
export interface ChangeFlags {
  /** Answers the question with yes. */
  readonly yes?: boolean | undefined;
  /** Goes on although an owner lives, or may live. */
  readonly takeover?: boolean | undefined;
}

/**
 * Refuses to change an account that a process has open.
 *
 * @throws {CommandError} When an owner lives, or it cannot be known, and `takeover` is not set.
 */
export async function refuseLivingOwner(
  target: Target,
  account: string,
  { takeover }: ChangeFlags,
  report: Report,
): Promise<void> {
  const liveness = await target.liveness(account);
  if (liveness.state === "none") return;
  if (takeover === true) {
    report.note(`Taking over: ${liveness.sentence}.`);
    return;
  }
  const isUnknown = liveness.state === "unknown";
  throw new CommandError(
    "refused",
    `change ${account === "" ? target.shown : JSON.stringify(account)}: ${liveness.sentence}`,
    isUnknown
      ? "Make sure that nothing uses the account, then repeat the command with --takeover."
      : "Stop that process and repeat the command, or pass --takeover: what it has not saved yet is lost.",
  );
}

/**
 * The account that a command changes. No process has it open.
 *
 * @throws {CommandError} When there is no such account, or it may be open.
 */
export async function claimAccount(
  target: Target,
  flags: ChangeFlags & AccountOption,
  report: Report,
): Promise<AccountSummary> {
  // First, since a native library closes the connection of a look only later, and it counts as a user.
  if (target.kind === "file") await refuseLivingOwner(target, flags.account ?? "", flags, report);
  const account = await (async () => {
    await using looking = await target.look();
    return await findAccount(target, looking, flags.account);
  })();
  if (target.kind !== "file") await refuseLivingOwner(target, account.account, flags, report);
  return account;
}

/**
 * Asks before something is changed that cannot be brought back as it was.
 *
 * @param loss What is lost, as a sentence.
 * @param kept What is kept, as a sentence.
 * @throws {CommandError} When the answer is no, or no one can answer.
 */
export async function confirmLoss(
  report: Report,
  { loss, kept }: { readonly loss: string; readonly kept: string },
  { yes }: ChangeFlags,
): Promise<void> {
  if (yes === true) return;
  if (!report.terminal.isInteractive)
    throw new CommandError(
      "refused",
      `ask: ${loss} No one can answer here`,
      "Pass --yes to go on without the question.",
    );
  report.note(loss);
  report.note(kept);
  if (!(await report.terminal.confirm("Go on?")))
    throw new CommandError("refused", "ask: answered with no, nothing was changed");
}
