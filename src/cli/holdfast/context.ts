import type { Command } from "commander";
import { type Logger, systemClock, warningLogger } from "../../ports/mod.ts";
import { Report } from "./report.ts";
import { resolveTarget, type TargetRequest } from "./targets/resolve_target.ts";
import type { Target } from "./targets/target.ts";
import type { Terminal } from "./terminal.ts";

/** What a command runs with. */
export interface Context {
  readonly terminal: Terminal;
  readonly report: Report;
  readonly logger: Logger;
  /** @throws {CommandError} */
  target(text: string, request?: TargetRequest): Target;
}

/** A command adds itself to the program. `run` is called with what the command line says. */
export type AddCommand = (program: Command, run: Runner) => void;

/** Makes an action of the parser: runs it with its context, and keeps the exit code that it returns. */
export type Runner = <Args extends unknown[]>(
  action: (context: Context, ...args: Args) => Promise<number | undefined>,
) => (...args: Args) => Promise<void>;

/** The context of one run. */
export function contextOf(terminal: Terminal, isJson: boolean): Context {
  const logger = warningLogger(systemClock, (line) => terminal.err(`${line}\n`));
  return {
    terminal,
    report: new Report(terminal, isJson),
    logger,
    target: (text, request) => resolveTarget(text, { env: terminal.env, logger, ...request }),
  };
}
