/** `npm run dev:worker`: the deployed Worker on this machine, with Durable Objects in a folder. */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import type { WorkerOptions } from "./options.ts";
import { adminToken, serviceGreeting, untilStopped } from "./service_session.ts";

/** As wrangler.toml has it. */
const COMPATIBILITY_DATE = "2026-04-21";

/** Runs the Worker until the program is asked to end. */
export async function runDevWorker({ folder, host, port }: WorkerOptions): Promise<void> {
  const admin = await adminToken();
  const worker = new Miniflare({
    modules: true,
    script: await bundle(),
    compatibilityDate: COMPATIBILITY_DATE,
    durableObjects: {
      ACCOUNTS: { className: "AccountDurableObject", useSQLite: true },
      REGISTRY: { className: "RegistryDurableObject", useSQLite: true },
    },
    durableObjectsPersist: folder,
    bindings: { HOLDFAST_ADMIN_TOKEN: admin.token },
    ...{ host, port },
  });
  try {
    const url = (await worker.ready).origin;
    process.stdout.write(serviceGreeting(url, folder, admin));
    await untilStopped();
  } finally {
    await worker.dispose();
  }
}

async function bundle(): Promise<string> {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../worker/main${extension}`, import.meta.url))],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}
