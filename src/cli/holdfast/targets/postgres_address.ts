import { CommandError } from "../command_error.ts";

/** Where the tables of a PostgreSQL database are. */
export interface PostgresAddress {
  /** What `pg` connects to. May have a password. */
  readonly connectionString: string;
  /** The schema of the tables; `undefined` for the default. */
  readonly schema: string | undefined;
  /** The URL without user, password and options. */
  readonly shown: string;
}

/** The schemes of URLs of PostgreSQL. */
export const POSTGRES_SCHEMES: readonly string[] = ["postgres", "postgresql"];

const SCHEMA_OPTION = "schema";

/**
 * Reads a URL of PostgreSQL. Its option `schema` names the schema of the tables, all others are for `pg`.
 *
 * @throws {CommandError} When it is malformed. The message does not repeat it.
 */
export function postgresAddress(text: string): PostgresAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A password with `/`, `?` or `#` in it that is not encoded would be taken for something else, and shown.
  if (url === undefined || url.hash !== "" || /@/.test(url.pathname + url.search))
    throw new CommandError(
      "usage",
      "read target: the URL of PostgreSQL is malformed",
      "Write postgres://user@host:5432/database. Encode special characters of a password, @ as %40, / as %2F, " +
        "? as %3F and # as %23, or leave it out and set PGPASSWORD.",
    );
  const schema = url.searchParams.get(SCHEMA_OPTION) ?? undefined;
  url.searchParams.delete(SCHEMA_OPTION);
  return {
    connectionString: url.href,
    schema,
    shown: `${url.protocol}//${url.host}${url.pathname}`,
  };
}
