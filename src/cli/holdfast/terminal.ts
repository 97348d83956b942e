import process from "node:process";
import { createInterface } from "node:readline/promises";
import { CommandError } from "./command_error.ts";

/** One of the answers to a question. */
export interface Choice {
  readonly name: string;
  readonly about: string;
}

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
  /** Asks for one of some choices. @returns Its name. */
  choose(question: string, choices: readonly Choice[]): Promise<string>;
  /** Asks for a text. @returns The default for an empty answer. */
  ask(question: string, defaultText: string): Promise<string>;
  /** Resolves when the program receives a signal to end. */
  untilStopped(): Promise<void>;
}

const STOPPED = "stopped: nothing was changed";

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
    choose: (question, choices) => (isPlain ? choosePlainly : chooseWithClack)(question, choices),
    ask: (question, defaultText) => (isPlain ? askPlainly : askWithClack)(question, defaultText),
    untilStopped: () =>
      new Promise((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
      }),
  };
}

/** The prompt library colors what it writes, whatever NO_COLOR says on some versions of Node. */
async function confirmPlainly(question: string): Promise<boolean> {
  return /^y(?:es)?$/i.test(await readLine(`${question} [y/N] `));
}

async function readLine(prompt: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(prompt)).trim();
  } finally {
    lines.close();
  }
}

async function askPlainly(question: string, defaultText: string): Promise<string> {
  return (await readLine(`${question} [${defaultText}] `)) || defaultText;
}

async function choosePlainly(question: string, choices: readonly Choice[]): Promise<string> {
  for (const { name, about } of choices) process.stderr.write(`  ${name}: ${about}\n`);
  return await askPlainly(question, choices[0]?.name ?? "");
}

async function chooseWithClack(question: string, choices: readonly Choice[]): Promise<string> {
  const { select, isCancel } = await import("@clack/prompts");
  const options = choices.map(({ name, about }) => ({ value: name, label: name, hint: about }));
  const answer = await select({ message: question, options, output: process.stderr });
  if (isCancel(answer)) throw new CommandError("interrupted", STOPPED);
  return answer;
}

async function askWithClack(question: string, defaultText: string): Promise<string> {
  const { text, isCancel } = await import("@clack/prompts");
  const answer = await text({
    message: question,
    placeholder: defaultText,
    defaultValue: defaultText,
    output: process.stderr,
  });
  if (isCancel(answer)) throw new CommandError("interrupted", STOPPED);
  return answer;
}

async function confirmWithClack(question: string): Promise<boolean> {
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
  if (isCancel(answer)) throw new CommandError("interrupted", STOPPED);
  return answer;
}

async function secretWithClack(question: string): Promise<string> {
  const { password, isCancel } = await import("@clack/prompts");
  const answer = await password({ message: question, output: process.stderr });
  if (isCancel(answer)) throw new CommandError("interrupted", STOPPED);
  return answer ?? "";
}
