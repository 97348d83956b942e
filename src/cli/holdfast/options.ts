import type { Command } from "commander";

/** Names of options that commands share. */
export interface AccountOption {
  readonly account?: string | undefined;
}

/** Adds what every command has. */
export function withCommon(command: Command): Command {
  return command.option("--json", "print one document of JSON");
}

/** Adds the choice of an account. */
export function withAccount(command: Command): Command {
  return withCommon(command).option(
    "-a, --account <name>",
    "the account (default: the only one of the target)",
  );
}

/** Adds what every command that changes something has. */
export function withChange(command: Command): Command {
  return withAccount(command)
    .option("-y, --yes", "do not ask")
    .option("--takeover", "go on although the account is open somewhere, or may be");
}
