import type { AccountSummary } from "../../backend/mod.ts";
import { CommandError } from "./command_error.ts";
import type { Looking, Target } from "./targets/target.ts";

/** Names of accounts that an error lists at most. */
const MAX_NAMES = 10;

/**
 * The account that a command is about: the one that is named, or the only one of the target.
 *
 * @throws {CommandError} When there is no such account, or several and none is named.
 */
export async function findAccount(
  target: Target,
  looking: Looking,
  name: string | undefined,
): Promise<AccountSummary> {
  if (target.kind === "service" && name !== undefined) return { accountId: 0, account: name, pn: undefined };
  const accounts = await looking.accounts();
  if (name !== undefined) {
    const found = accounts.find(({ account }) => account === name);
    if (found !== undefined) return found;
    throw new CommandError(
      "absent",
      `find account: ${target.shown} has no account ${JSON.stringify(name)}`,
      accounts.length === 0 ? "It has no account at all." : `It has ${listed(accounts)}.`,
    );
  }
  const [only, ...others] = accounts;
  if (only === undefined) throw new CommandError("absent", `find account: ${target.shown} has no account`);
  if (others.length === 0) return only;
  throw new CommandError(
    "usage",
    `find account: ${target.shown} has ${accounts.length} accounts`,
    `Choose one with --account: ${listed(accounts)}.`,
  );
}

function listed(accounts: readonly AccountSummary[]): string {
  const names = accounts.slice(0, MAX_NAMES).map(({ account }) => JSON.stringify(account));
  return accounts.length > MAX_NAMES ? `${names.join(", ")}, …` : names.join(", ");
}
