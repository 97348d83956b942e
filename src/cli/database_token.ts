import process from "node:process";

/**
 * The token of `HOLDFAST_DB_TOKEN` for a database behind a server, if there is one. It comes from the
 * environment, which the worker inherits: every user of a machine can read the command lines of all
 * processes.
 */
export function databaseToken(): string | undefined {
  return process.env.HOLDFAST_DB_TOKEN || undefined;
}
