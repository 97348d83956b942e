/** Options of a conversation of two accounts. */
export interface ConversationOptions {
  readonly mode: "conversation";
  /** Messages to exchange in this run. */
  readonly messages: number;
  /** Database URL: `file:`, `http:`, `https:`, `libsql:`, `ws:` or `wss:`. */
  readonly db: string;
}

/** Options of the HTTP service over a database. */
export interface ServeOptions {
  readonly mode: "serve";
  /** Database URL, as above. */
  readonly db: string;
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
}

/** Options of the HTTP service as a local Worker. */
export interface WorkerOptions {
  readonly mode: "worker";
  /** Folder of the Durable Objects. */
  readonly folder: string;
  readonly port: number;
  readonly host: string;
}

/** Options of the command line. */
export type CliOptions = ConversationOptions | ServeOptions | WorkerOptions;

/** The help text. */
export const USAGE = `Usage: npm start -- [--messages N] [--db URL]
       npm start -- --serve [--db URL] [--host ADDRESS] [--port N]
       npm run dev:worker -- [--folder PATH] [--host ADDRESS] [--port N]

Two accounts exchange encrypted messages over one database. Half way the process that holds them is killed
with SIGKILL and a new one carries on. Running it again continues the same conversation.

  --messages N     messages to exchange in this run, 1 to 1,000,000 (default 400)
  --db URL         where to keep the accounts (default file:holdfast.db)

HOLDFAST_DB_TOKEN is the token of a database behind a server, with --serve too. A URL that carries it is refused.

With --serve the accounts of a database are served over HTTP, and dev:worker serves accounts in Durable Objects, in a
Worker on this machine. HOLDFAST_ADMIN_TOKEN sets the admin token (32 characters or more); without it a new one is
made for the run.

  --db URL         where to keep the accounts (default file:holdfast-service.db)
  --folder PATH    where to keep Durable Objects (default .wrangler/holdfast)
  --host ADDRESS   address to listen on (default 127.0.0.1)
  --port N         port to listen on, 0 for a free one (default 8787)
  --help           print this text`;

/** Maximum number of messages of one run. */
const MAX_MESSAGES = 1_000_000;

const MAX_PORT = 65_535;

/** Flags with a value in each mode. */
const FLAGS: Readonly<Record<CliOptions["mode"], readonly string[]>> = {
  conversation: ["--messages", "--db"],
  serve: ["--db", "--host", "--port"],
  worker: ["--folder", "--host", "--port"],
};

/**
 * Reads the command line.
 *
 * @throws {TypeError | RangeError} When a flag is unknown, lacks its value, or its value makes no sense.
 */
export function parseOptions(args: readonly string[]): CliOptions | "help" {
  const rest = args.flatMap((arg) =>
    /^--\w+=/.test(arg) ? [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg],
  );
  if (rest.includes("--help") || rest.includes("-h")) return "help";
  const mode = modeOf(rest);
  const values = valuesOf(mode, rest);
  const address = {
    host: values.get("--host") ?? "127.0.0.1",
    port: parsePort(values.get("--port") ?? "8787"),
  };
  switch (mode) {
    case "worker":
      return { mode, folder: values.get("--folder") ?? ".wrangler/holdfast", ...address };
    case "serve":
      return { mode, db: parseUrl(values.get("--db") ?? "file:holdfast-service.db"), ...address };
    case "conversation": {
      const db = parseUrl(values.get("--db") ?? "file:holdfast.db");
      return { mode, messages: parseCount(values.get("--messages") ?? "400"), db };
    }
  }
}

function modeOf(args: readonly string[]): CliOptions["mode"] {
  const [serve, worker] = [args.includes("--serve"), args.includes("--worker")];
  if (serve && worker) throw new TypeError("start: --serve and --worker exclude each other");
  if (worker) return "worker";
  return serve ? "serve" : "conversation";
}

function valuesOf(mode: CliOptions["mode"], args: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  const flags = args.filter((arg) => arg !== "--serve" && arg !== "--worker");
  for (let index = 0; index < flags.length; index += 2) {
    const flag = flags[index] ?? "";
    if (!FLAGS[mode].includes(flag)) throw new TypeError(`start: unknown flag ${flag}`);
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

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= MAX_PORT)) throw new RangeError(`start: --port is ${text}, expected 0 to ${MAX_PORT}`);
  return port;
}
