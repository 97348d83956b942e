/** What the command line asks for. */
export interface CliOptions {
  /** Messages to exchange in this run. */
  readonly messages: number;
  /** Database URL: `file:`, `http:`, `https:`, `libsql:`, `ws:` or `wss:`. */
  readonly db: string;
}

/** What to print when the command line cannot be understood. */
export const USAGE = `Usage: npm start -- [--messages N] [--db URL]

Two accounts exchange encrypted messages over one database. Half way the process that holds them is killed
with SIGKILL and a new one carries on. Running it again continues the same conversation.

  --messages N   messages to exchange in this run, 1 to 1,000,000 (default 400)
  --db URL       where to keep the accounts (default file:holdfast.db)
  --help         print this text`;

/** Most messages of one run. */
const MAX_MESSAGES = 1_000_000;

/**
 * Reads the command line.
 *
 * @throws {TypeError | RangeError} When a flag is unknown, lacks its value, or its value makes no sense.
 */
export function parseOptions(args: readonly string[]): CliOptions | "help" {
  let messages = 400;
  let db = "file:holdfast.db";
  const rest = args.flatMap((arg) =>
    /^--\w+=/.test(arg) ? [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg],
  );
  for (let index = 0; index < rest.length; index += 1) {
    const flag = rest[index];
    if (flag === "--help" || flag === "-h") return "help";
    if (flag !== "--messages" && flag !== "--db") throw new TypeError(`start: unknown flag ${flag}`);
    index += 1;
    const value = rest[index];
    if (value === undefined) throw new TypeError(`start: ${flag} needs a value`);
    if (flag === "--db") db = value;
    else messages = parseCount(value);
  }
  if (/^(?:file:)?:memory:(?:\?|$)/.test(db))
    throw new TypeError("start: the conversation outlives its process, which :memory: does not");
  return { messages, db };
}

function parseCount(text: string): number {
  const count = Number(text.replaceAll(/[,_]/g, ""));
  if (!Number.isInteger(count) || count < 1 || count > MAX_MESSAGES) {
    throw new RangeError(`start: --messages is ${text}, expected an integer from 1 to ${MAX_MESSAGES}`);
  }
  return count;
}
