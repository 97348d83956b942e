/** `npm run dev:worker`: the deployed Worker on this machine, with Durable Objects in a folder. */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundleWorker, startLocalWorker } from "./local_worker.ts";
import type { WorkerOptions } from "./options.ts";
import { adminToken, serviceGreeting, untilStopped } from "./service_session.ts";

/** Runs the Worker until the program receives a signal to end. */
export async function runDevWorker({ folder, host, port }: WorkerOptions): Promise<void> {
  const admin = await adminToken();
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const worker = startLocalWorker({
    script: await bundleWorker(fileURLToPath(new URL(`../cloudflare/main${extension}`, import.meta.url))),
    durableObjects: { ACCOUNTS: "AccountDurableObject", REGISTRY: "RegistryDurableObject" },
    bindings: { HOLDFAST_ADMIN_TOKEN: admin.token },
    ...{ folder, host, port },
  });
  try {
    const url = (await worker.ready).origin;
    process.stdout.write(serviceGreeting(url, folder, admin));
    await untilStopped();
  } finally {
    await worker.dispose();
  }
}
