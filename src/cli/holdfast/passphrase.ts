import { requirePassphrase } from "../../passphrase/mod.ts";
import { CommandError } from "./command_error.ts";
import { type Report, things } from "./report.ts";

/** Options of a command that writes or reads a sealed file. */
export interface PassphraseFlags {
  /** Asks for a passphrase, where the environment has none. */
  readonly passphrase?: boolean | undefined;
}

/** How a passphrase is given, for help texts. */
export const PASSPHRASE_HELP = "HOLDFAST_PASSPHRASE is the passphrase of the file; --passphrase asks for it.";

/** The passphrase for a new file: of the environment, or asked for twice. `undefined` for a plain file. */
export async function newPassphrase(report: Report, flags: PassphraseFlags): Promise<string | undefined> {
  const known = report.terminal.env.HOLDFAST_PASSPHRASE;
  if (known) {
    requireLength(known);
    return known;
  }
  if (flags.passphrase !== true) {
    report.note("The file is not encrypted: anyone who reads it has the account. --passphrase seals it.");
    return undefined;
  }
  const first = await ask(report, "Passphrase of the file");
  requireLength(first);
  if ((await ask(report, "The same again")) !== first)
    throw new CommandError("usage", "read passphrase: the two differ");
  return first;
}

/** The passphrase of a file that is read. */
export async function knownPassphrase(report: Report, flags: PassphraseFlags): Promise<string | undefined> {
  const known = report.terminal.env.HOLDFAST_PASSPHRASE;
  return known || flags.passphrase !== true
    ? known || undefined
    : await ask(report, "Passphrase of the file");
}

/** Before it is asked for again. @throws {CommandError} */
function requireLength(passphrase: string): void {
  try {
    requirePassphrase("passphrase", passphrase);
  } catch (cause) {
    throw new CommandError(
      "usage",
      `read passphrase: it has ${things(passphrase.length, "character")}, expected 8 to 1,024`,
      "Several words are a good passphrase. Nothing was written.",
      { cause },
    );
  }
}

async function ask(report: Report, question: string): Promise<string> {
  if (!report.terminal.isInteractive)
    throw new CommandError(
      "refused",
      "read passphrase: no one can answer here",
      "Set HOLDFAST_PASSPHRASE instead of passing --passphrase.",
    );
  return await report.terminal.secret(question);
}
