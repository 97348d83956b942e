/** Runs Workers in a local workerd, as on Cloudflare. */

import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { type LocalWorkerOptions, miniflareOptions } from "./local_worker_options.ts";

export { COMPATIBILITY_DATE } from "./local_worker_options.ts";

/** Bundles a module into a Worker's script. Modules of the platform (`cloudflare:*`) stay imports. */
export async function bundleWorker(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    external: ["cloudflare:*"],
    format: "esm",
    target: "es2022",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** Starts a Worker. Its `ready` resolves with its address, and `dispose` ends it. */
export function startLocalWorker(options: LocalWorkerOptions): Miniflare {
  return new Miniflare(miniflareOptions(options));
}
