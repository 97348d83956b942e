import process from "node:process";
import { createInterface } from "node:readline/promises";
import { CommandError } from "./command_error.ts";

/** What a command uses of the terminal, so that a test can take its place. */
export interface Terminal {
  /** Writes to standard output: results alone. */
  out(text: string): void;
  /** Writes to standard error: errors, progress, warnings. */
  err(text: string): void;
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a person can be asked. */
  readonly isInteractive: boolean;
  /** Whether progress may be drawn over itself. */
  readonly isLive: boolean;
  readonly hasColor: boolean;
  /** Width in columns. */
  readonly columns: number;
  /** Width of standard output in columns, where that is a terminal. */
  readonly outColumns?: number | undefined;
  /** Asks a question that is answered by yes or no. */
  confirm(question: string): Promise<boolean>;
  /** Asks for a text that is not shown. */
  secret(question: string): Promise<string>;
  /** Resolves when the program receives a signal to end. */
  untilStopped(): Promise<void>;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { env, stdin, stdout, stderr } = process;
  const isPlain = Boolean(env.NO_COLOR) || env.TERM === "dumb";
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    env,
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
    isLive: stderr.isTTY === true && env.TERM !== "dumb",
    hasColor: stdout.isTTY === true && !isPlain,
    columns: stderr.columns || 80,
    outColumns: stdout.isTTY === true ? stdout.columns : undefined,
    confirm: (question) => (isPlain ? confirmPlainly(question) : confirmWithClack(question)),
    secret: secretWithClack,
    untilStopped: () =>
      new Promise((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
      }),
  };
}

/** The prompt library colors what it writes, whatever NO_COLOR says on some versions of Node. */
async function confirmPlainly(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

async function confirmWithClack(question: string): Promise<boolean> {
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
  if (isCancel(answer)) throw new CommandError("interrupted", "stopped: nothing was changed");
  return answer;
}

async function secretWithClack(question: string): Promise<string> {
  const { password, isCancel } = await import("@clack/prompts");
  const answer = await password({ message: question, output: process.stderr });
  if (isCancel(answer)) throw new CommandError("interrupted", "stopped: nothing was changed");
  return answer ?? "";
}
