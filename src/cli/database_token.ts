import process from "node:process";

/**
 * The token of `HOLDFAST_DB_TOKEN` for a database server, if set. It is an environment variable, which the
 * worker inherits, because every user of a machine can read the command lines of all processes.
 */
export function databaseToken(): string | undefined {
  return process.env.HOLDFAST_DB_TOKEN || undefined;
}
