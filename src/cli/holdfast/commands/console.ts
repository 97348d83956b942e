import { runConsole } from "../console/run_console.ts";
import type { AddCommand, Context } from "../context.ts";
import { withCommon } from "../options.ts";
import { parsePort } from "./serve.ts";

/** `holdfast console`: accounts in a browser on this machine. */
export const addConsole: AddCommand = (program, run) => {
  withCommon(program.command("console"))
    .argument("<target>", "file, database URL or service URL")
    .option("--port <number>", "port to listen on, 0 for a free one", parsePort, 0)
    .description("show the accounts in a browser on this machine, read-only, until it is stopped")
    .action(run(showConsole));
};

async function showConsole(
  context: Context,
  text: string,
  { port }: { readonly port: number },
): Promise<number> {
  return await runConsole(context, text, port);
}
