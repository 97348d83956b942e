import { miniflareOptions } from "../../local_worker_options.ts";
import { adminToken, serviceGreeting } from "../../service_session.ts";
import { CommandError, EXIT } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { readProgramFile } from "../files.ts";
import { type AddressOptions, withAddress } from "./serve.ts";

/** The Worker of this package as one module: tools/build.mjs writes it beside the program. */
const WORKER = "./holdfast_worker.mjs";

/** `holdfast dev`: the deployed Worker on this machine, with Durable Objects in a folder. */
export const addDev: AddCommand = (program, run) => {
  withAddress(program.command("dev"))
    .argument("[folder]", "folder of the Durable Objects", ".wrangler/holdfast")
    .description(
      "serve accounts in Durable Objects on this machine, until it is stopped; needs the package miniflare",
    )
    .action(run(dev));
};

async function dev(context: Context, folder: string, { host, port }: AddressOptions): Promise<number> {
  const { terminal, report } = context;
  const admin = await adminToken(terminal.env);
  const { HOLDFAST_ACCOUNT_LIMITS: limits } = terminal.env;
  const { Miniflare } = await import("miniflare").catch(() => {
    throw new CommandError(
      "incompatible",
      "dev: the package miniflare is not installed",
      "Run: npm install --save-dev miniflare",
    );
  });
  const options = miniflareOptions({
    script: await readProgramFile(new URL(WORKER, import.meta.url)),
    durableObjects: { ACCOUNTS: "AccountDurableObject", REGISTRY: "RegistryDurableObject" },
    bindings: {
      HOLDFAST_ADMIN_TOKEN: admin.token,
      ...(limits === undefined ? {} : { HOLDFAST_ACCOUNT_LIMITS: limits }),
    },
    ...{ folder, host, port },
  });
  const worker = new Miniflare(options);
  try {
    const url = (await worker.ready).origin;
    report.say(serviceGreeting(url, folder, admin));
    report.result({ url, folder, ...(admin.isNew ? { adminToken: admin.token } : {}) });
    await terminal.untilStopped();
    return EXIT.done;
  } finally {
    await worker.dispose();
  }
}
