/** Options of a conversation of two accounts. */
export interface ConversationOptions {
  /** Messages to exchange in this run. */
  readonly messages: number;
  /** Database URL: `file:`, `http:`, `https:`, `libsql:`, `ws:` or `wss:`. */
  readonly db: string;
  /** The one part to run; both if absent. */
  readonly only?: Part;
}

const PARTS = ["conversation", "comparison"] as const;

/** The conversation that goes on with each run, and the same kill over Baileys' files and over Holdfast. */
export type Part = (typeof PARTS)[number];

/** The help text. */
export const USAGE = `Usage: npm start -- [--messages N] [--db URL] [--only conversation|comparison]

Two accounts exchange encrypted messages over one database. Half way the process that holds them is killed
with SIGKILL and a new one carries on. Running it again continues the same conversation.

Then a conversation with the same kill runs twice in a temporary folder: over Baileys' own files and over
Holdfast.

  --messages N     messages of each conversation, 1 to 1,000,000 (default 400)
  --db URL         where to keep the accounts (default file:holdfast.db)
  --only PART      conversation or comparison
  --help           print this text

HOLDFAST_DB_TOKEN is the token of a database behind a server. A URL that carries it is refused.

A service over a database, a Worker on this machine, and everything else that is done with stored accounts:
npm run holdfast -- --help`;

/** Maximum number of messages of one run. */
const MAX_MESSAGES = 1_000_000;

/** Flags with a value. */
const FLAGS: readonly string[] = ["--messages", "--db", "--only"];

/**
 * Reads the command line.
 *
 * @throws {TypeError | RangeError} When a flag is unknown, lacks its value, or its value makes no sense.
 */
export function parseOptions(args: readonly string[]): ConversationOptions | "help" {
  const rest = args.flatMap((arg) =>
    /^--\w+=/.test(arg) ? [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg],
  );
  if (rest.includes("--help") || rest.includes("-h")) return "help";
  const values = valuesOf(rest);
  const db = parseUrl(values.get("--db") ?? "file:holdfast.db");
  const only = values.get("--only");
  return {
    messages: parseCount(values.get("--messages") ?? "400"),
    db,
    ...(only !== undefined && { only: parsePart(only) }),
  };
}

function parsePart(text: string): Part {
  const part = PARTS.find((name) => name === text);
  if (part === undefined) throw new TypeError(`start: --only is ${text}, expected ${PARTS.join(" or ")}`);
  return part;
}

function valuesOf(flags: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (let index = 0; index < flags.length; index += 2) {
    const flag = flags[index] ?? "";
    if (!FLAGS.includes(flag)) throw new TypeError(`start: unknown flag ${flag}`);
    const value = flags[index + 1];
    if (value === undefined) throw new TypeError(`start: ${flag} needs a value`);
    values.set(flag, value);
  }
  return values;
}

/** User and password before a host. */
const CREDENTIALS = /^[^:]*:\/\/[^/?#]*@/;

/**
 * Rejects URLs with secrets, because every user of the machine can read the command line. Messages do not
 * contain the URL.
 */
function parseUrl(db: string): string {
  const query = /\?([^#]*)/.exec(db)?.[1];
  const names = [...new URLSearchParams(query).keys()];
  if (names.some((name) => name.toLowerCase() === "authtoken"))
    throw new TypeError("start: the URL of --db carries a token, set HOLDFAST_DB_TOKEN to it instead");
  if (CREDENTIALS.test(db))
    throw new TypeError("start: the URL of --db has a user name, set HOLDFAST_DB_TOKEN to a token instead");
  if (/^(?:file:)?:memory:(?:\?|$)/.test(db))
    throw new TypeError("start: :memory: does not outlive its process");
  return db;
}

function parseCount(text: string): number {
  const count = Number(text.replaceAll(/[,_]/g, ""));
  if (!Number.isInteger(count) || count < 1 || count > MAX_MESSAGES) {
    throw new RangeError(`start: --messages is ${text}, expected an integer from 1 to ${MAX_MESSAGES}`);
  }
  return count;
}
