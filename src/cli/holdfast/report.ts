import type { Terminal } from "./terminal.ts";

/** Values that JSON has, in a result. Bytes never are. */
export type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [name: string]: Json };

/** Columns below which texts are not broken between words. */
const MIN_WRAPPED = 30;

/** How a command tells its result: for people, or as one document of JSON for programs. */
export class Report {
  readonly terminal: Terminal;
  readonly isJson: boolean;

  constructor(terminal: Terminal, isJson: boolean) {
    this.terminal = terminal;
    this.isJson = isJson;
  }

  /** Prints a line for people, broken between words where it goes to a terminal. */
  say(text: string): void {
    this.#print(wrapped(text, "", this.terminal.outColumns));
  }

  /** Prints a line on standard error, in both cases: a warning, or what is going on. */
  note(text: string): void {
    this.terminal.err(`${wrapped(text, "", this.#liveColumns)}\n`);
  }

  /** Prints a text for people behind an indentation, broken between words where a terminal is narrow. */
  text(indent: string, text: string): void {
    this.#print(`${indent}${wrapped(text, " ".repeat(indent.length), this.#liveColumns)}`);
  }

  /** Prints the result for programs. Called once, at the end. */
  result(value: Json): void {
    if (this.isJson) this.terminal.out(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** Prints rows in columns. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = head.map((name, column) =>
      Math.max(name.length, ...rows.map((row) => (row[column] ?? "").length)),
    );
    const line = (cells: readonly string[]): string =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd();
    this.#print(this.dim(line(head)));
    for (const row of rows) this.#print(line(row));
  }

  bold(text: string): string {
    return this.#styled(text, 1, 22);
  }

  dim(text: string): string {
    return this.#styled(text, 2, 22);
  }

  red(text: string): string {
    return this.#styled(text, 31, 39);
  }

  yellow(text: string): string {
    return this.#styled(text, 33, 39);
  }

  green(text: string): string {
    return this.#styled(text, 32, 39);
  }

  get #liveColumns(): number | undefined {
    const { columns, isLive } = this.terminal;
    return isLive ? columns : undefined;
  }

  #print(text: string): void {
    if (!this.isJson) this.terminal.out(`${text}\n`);
  }

  #styled(text: string, on: number, off: number): string {
    return this.terminal.hasColor && !this.isJson ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}

/** A line that is broken between words; as it is without columns, and where they are few. Several lines stay. */
function wrapped(text: string, indent: string, columns: number | undefined): string {
  const width = (columns ?? 0) - indent.length - 1;
  if (width < MIN_WRAPPED || text.length <= width || text.includes("\n")) return text;
  const [lead = ""] = /^ */.exec(text) ?? [];
  const lines = [""];
  for (const word of text.slice(lead.length).split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > width - lead.length) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lead + lines.join(`\n${indent}${lead}`);
}

/** A count with thousands separated. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A number of things: `1 row`, `2 rows`. */
export function things(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Bytes in a readable unit. */
export function bytes(value: number): string {
  if (value < 1_024) return `${value} B`;
  if (value < 1_048_576) return `${(value / 1_024).toFixed(1)} KiB`;
  return `${(value / 1_048_576).toFixed(1)} MiB`;
}
