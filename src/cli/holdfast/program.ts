import { Command, CommanderError } from "commander";
import { CommandError, EXIT } from "./command_error.ts";
import { addAccounts } from "./commands/accounts.ts";
import { addCompletion } from "./commands/completion.ts";
import { addConsole } from "./commands/console.ts";
import { addDev } from "./commands/dev.ts";
import { addDiff } from "./commands/diff.ts";
import { addErase } from "./commands/erase.ts";
import { addBackup, addExport } from "./commands/export.ts";
import { addImport } from "./commands/import.ts";
import { addInit } from "./commands/init.ts";
import { addLimits } from "./commands/limits.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addMove } from "./commands/move.ts";
import { addRestore } from "./commands/restore.ts";
import { addPurge, addRetire, addUndo } from "./commands/retire.ts";
import { addRotateKey } from "./commands/rotate_key.ts";
import { addServe } from "./commands/serve.ts";
import { addShow } from "./commands/show.ts";
import { addSnapshot } from "./commands/snapshot.ts";
import { addVerify } from "./commands/verify.ts";
import { type AddCommand, contextOf, type Runner } from "./context.ts";
import { describeError } from "./describe_error.ts";
import { KEYS_HELP } from "./keys.ts";
import { Report } from "./report.ts";
import { TARGET_HELP } from "./targets/resolve_target.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** The commands, in the order of the help text. */
const COMMANDS: readonly { readonly heading: string; readonly commands: readonly AddCommand[] }[] = [
  {
    heading: "Look (writes nothing, disturbs no owner):",
    commands: [addAccounts, addShow, addVerify, addDiff, addExport, addBackup, addSnapshot, addConsole],
  },
  {
    heading: "Change (refuses while an owner lives):",
    commands: [
      addImport,
      addRestore,
      addMove,
      addRetire,
      addUndo,
      addErase,
      addPurge,
      addRotateKey,
      addMigrate,
    ],
  },
  { heading: "Serve:", commands: [addServe, addDev, addLimits] },
  { heading: "Begin:", commands: [addInit] },
  { heading: "Shell:", commands: [addCompletion] },
];

const EXIT_HELP = `Exit codes: 0 done, 1 something was found, 2 wrong command line, 3 absent, 4 refused, 5 damaged,
6 incompatible, 7 unavailable, 10 failed, 130 interrupted. docs/design/cli.md says more.`;

/** Messages quote arguments, also a URL with a password at a place that takes no URL. */
function withoutPasswords(message: string): string {
  return message.replace(/:\/\/.*@/s, "://…@");
}

/**
 * Runs the program with its arguments, without the names of runtime and script.
 *
 * @returns The exit code.
 */
export async function runHoldfast(args: readonly string[], terminal: Terminal): Promise<number> {
  const isJson = args.includes("--json");
  let exitCode: number = EXIT.done;
  const runner: Runner =
    (action) =>
    async (...given) => {
      exitCode = (await action(contextOf(terminal, isJson), ...given)) ?? EXIT.done;
    };
  try {
    await programOf(terminal, runner).parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return tellError(error, terminal, isJson);
  }
}

/** The parser with all commands. */
function programOf(terminal: Terminal, runner: Runner): Command {
  const program = new Command("holdfast");
  program
    .description(
      "Looks after the stored state of WhatsApp accounts: backups, moves, checks, and the service.",
    )
    .addHelpText("after", `\n${TARGET_HELP}\n\n${KEYS_HELP}\n\n${EXIT_HELP}`)
    .helpOption("-h, --help", "print a help text")
    .helpCommand("help [command]", "print the help text of a command")
    .version(VERSION, "-V, --version", "print the version")
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(withoutPasswords(text)),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      getOutHasColors: () => terminal.hasColor,
      getErrHasColors: () => terminal.hasColor,
    });
  for (const { heading, commands } of COMMANDS) {
    program.commandsGroup(heading);
    for (const add of commands) add(program, runner);
  }
  return program;
}

/** Reports a failure. @returns The exit code. */
function tellError(error: unknown, terminal: Terminal, isJson: boolean): number {
  // The parser has printed its own message, or a help text.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const { exit, code, message: said, advice } = describeError(error);
  const message = withoutPasswords(said);
  if (isJson)
    terminal.out(`${JSON.stringify({ error: { code, exit: EXIT[exit], message, advice } }, undefined, 2)}\n`);
  else {
    const report = new Report(terminal, false);
    report.note(message);
    if (advice !== undefined) for (const line of advice.split("\n")) report.note(line);
  }
  if (terminal.env.HOLDFAST_DEBUG && error instanceof Error && !(error instanceof CommandError))
    terminal.err(`${error.stack}\n`);
  return EXIT[exit];
}
