import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { withCommon } from "../options.ts";
import { type LimitFlags, withAccountLimits } from "../service/account_limits.ts";
import { LOG_LEVELS } from "../service/request_log.ts";
import { type HttpFlags, runService } from "../service/run_service.ts";
import { type BackupFlags, withBackups } from "../service/scheduled_backups.ts";
import { isStored } from "../targets/target.ts";

const MAX_PORT = 65_535;

/** Where a service listens. */
export interface AddressOptions {
  readonly host: string;
  readonly port: number;
}

/** Adds the address to listen on. */
export function withAddress(command: Command): Command {
  return withCommon(command)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port to listen on, 0 for a free one", parsePort, 8787);
}

/** `holdfast serve`: serves the accounts of a database over HTTP. */
export const addServe: AddCommand = (program, run) => {
  withAccountLimits(withBackups(withAddress(program.command("serve"))))
    .argument("[database]", "file or database URL", "holdfast-service.db")
    .description("serve the accounts of a database over HTTP, until it is stopped")
    .addOption(
      new Option("--log <level>", "least severe lines that are logged; info has a line for each request")
        .choices(LOG_LEVELS)
        .default("warn"),
    )
    .option("--cors <origins...>", "origins whose pages may call the service from a browser")
    .addHelpText(
      "after",
      "\nHOLDFAST_ADMIN_TOKEN sets the admin token (32 characters or more). Without it a new one is made for the run.",
    )
    .action(run(serve));
};

async function serve(
  context: Context,
  text: string,
  options: AddressOptions & BackupFlags & LimitFlags & HttpFlags,
): Promise<number> {
  const target = context.target(text);
  if (!isStored(target))
    throw new CommandError("usage", "serve: a service cannot serve another service, name a database");
  return await runService(context, target, options);
}

/** A port number, 0 for a free one. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= MAX_PORT)) throw new InvalidArgumentError(`expected 0 to ${MAX_PORT}.`);
  return port;
}
