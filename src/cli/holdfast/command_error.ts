/**
 * How the program ends. Scripts depend on the numbers: they are listed in docs/design/cli.md and never get
 * another meaning.
 */
export const EXIT = {
  /** Done. `verify` found nothing, `diff` no difference. */
  done: 0,
  /** Done, and there is something to see to: a finding of `verify`, a difference. */
  found: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The file, the account or the backup does not exist. */
  absent: 3,
  /** Refused, nothing was changed: an owner lives, the account exists, the question was answered by no. */
  refused: 4,
  /** What is stored is damaged. */
  damaged: 5,
  /** The database is newer, older or another program's, or a package is missing. */
  incompatible: 6,
  /** Busy, unreachable or not permitted: the same command may work later, or with another token. */
  unavailable: 7,
  /** Anything else. */
  failed: 10,
  /** Ended by a signal, as shells count it. */
  interrupted: 130,
} as const;

/** The name of a way to end. */
export type ExitName = keyof typeof EXIT;

/** A failure of a command that says what to do. The message has the form `action: state`. */
export class CommandError extends Error {
  readonly exit: ExitName;
  /** What to do, as a sentence. */
  readonly advice: string | undefined;

  constructor(exit: ExitName, message: string, advice?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandError";
    this.exit = exit;
    this.advice = advice;
  }
}
