import { pathOfFileUrl } from "../../../adapters/libsql/file_url.ts";
import type { Logger } from "../../../ports/mod.ts";
import { CommandError } from "../command_error.ts";
import { sealingOf } from "../keys.ts";
import type { Terminal } from "../terminal.ts";
import { DatabaseTarget } from "./database_target.ts";
import { FileTarget } from "./file_target.ts";
import { POSTGRES_SCHEMES } from "./postgres_address.ts";
import { PostgresTarget } from "./postgres_target.ts";
import { ServiceTarget } from "./service_target.ts";
import type { Target } from "./target.ts";

/** What a command says of a target. */
export interface TargetRequest {
  /** Whether it is the first or the second one of the command: each may have a token of its own. */
  readonly role?: "only" | "to" | undefined;
  /** Whether an account that is not sealed may be opened with keys. */
  readonly sealExisting?: boolean | undefined;
}

/** What targets are made with. */
export interface TargetContext {
  readonly env: Terminal["env"];
  readonly logger: Logger;
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;

const CREDENTIALS = /^[^:]*:\/\/[^/?#]*@/;

const DATABASE_SCHEMES: readonly string[] = ["libsql", "ws", "wss"];

const SERVICE_SCHEMES: readonly string[] = ["http", "https"];

/** How a target is written, for help texts. */
export const TARGET_HELP = `A target is one of:
  bot.db, file:bot.db      a database in a file
  libsql://host            a database behind a libSQL server (libsql://host?tls=0 without TLS)
  postgres://user@host/db  a PostgreSQL database, through the package pg, whose password is that of
                           PGPASSWORD or ~/.pgpass; ?schema=name where the tables are not in holdfast
  https://host             a Holdfast service

Tokens come from the environment alone, since every user of a machine can read command lines:
  HOLDFAST_DB_TOKEN        of a database server
  HOLDFAST_TOKEN           of a service (HOLDFAST_ADMIN_TOKEN if it is not set)
  HOLDFAST_TO_TOKEN        of the second target of a command, if that needs another one`;

/**
 * Finds out what a target is.
 *
 * @throws {CommandError} When it is malformed, carries a secret, or its token is missing. The message does
 * not repeat a URL.
 */
export function resolveTarget(
  text: string,
  { env, logger, role = "only", sealExisting = false }: TargetContext & TargetRequest,
): Target {
  const keys = { sealing: sealingOf(env, sealExisting) };
  const own = role === "to" ? env.HOLDFAST_TO_TOKEN || undefined : undefined;
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (text === "" || text === ":memory:" || text.startsWith("file::memory:"))
    throw new CommandError("usage", "read target: a database in memory does not outlive its process");
  // Behind a space or a quotation mark, a URL with a password would be taken for a path, and shown.
  if (scheme === undefined && text.includes("://"))
    throw new CommandError(
      "usage",
      "read target: the URL does not begin with a scheme",
      "Leave out spaces and quotation marks around it.",
    );
  if (scheme === undefined) return new FileTarget(text, logger, keys);
  if (scheme === "file") return new FileTarget(pathOfFileUrl(text), logger, keys);
  if (POSTGRES_SCHEMES.includes(scheme)) return new PostgresTarget(text, logger, keys);
  refuseSecrets(text);
  if (DATABASE_SCHEMES.includes(scheme))
    return new DatabaseTarget(text, own ?? (env.HOLDFAST_DB_TOKEN || undefined), logger, keys);
  if (SERVICE_SCHEMES.includes(scheme)) {
    const token = own ?? (env.HOLDFAST_TOKEN || env.HOLDFAST_ADMIN_TOKEN);
    if (!token)
      throw new CommandError(
        "usage",
        "read target: a service needs a token",
        "Set HOLDFAST_TOKEN. A libSQL server over HTTP is written as libsql://host?tls=0.",
      );
    return new ServiceTarget(text, token, logger, keys);
  }
  throw new CommandError(
    "usage",
    `read target: the scheme ${JSON.stringify(scheme)} is not known`,
    "Write a path, libsql://…, postgres://… or https://…",
  );
}

function refuseSecrets(url: string): void {
  const query = /\?([^#]*)/.exec(url)?.[1];
  const names = [...new URLSearchParams(query).keys()];
  const isSecret = CREDENTIALS.test(url) || names.some((name) => /token|secret|password/i.test(name));
  if (isSecret)
    throw new CommandError(
      "usage",
      "read target: the URL carries a secret, and every user of this machine can read command lines",
      "Set HOLDFAST_DB_TOKEN or HOLDFAST_TOKEN instead.",
    );
}
