/**
 * The Worker in workerd, as Cloudflare would run it: no Node API, a persistent folder, and a process that can
 * be killed.
 */

import { readdir, readFile } from "node:fs/promises";
import type { Miniflare } from "miniflare";
import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";
import { ADMIN_TOKEN } from "../kit/service.ts";

/** How a Worker is started. */
export interface WorkerOptions {
  /** Folder of the objects. Defaults to memory. */
  readonly folder?: string | undefined;
  /** The module to run. Exports the classes of the two bindings. Defaults to the deployed module. */
  readonly entryPoint?: string | undefined;
  /** Additional text bindings of the module. */
  readonly bindings?: Readonly<Record<string, string>> | undefined;
  /** Folder of static files. */
  readonly assets?: string | undefined;
}

/** A running Worker. */
export interface RunningWorker extends WorkerdProcess {
  /** Sends a request to a path of the Worker, over a real connection. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

const bundles = new Map<string, Promise<string>>();

/** Bundles a module with its imports, as deployed. Modules of the platform stay external. */
export function bundleOf(entryPoint: string): Promise<string> {
  const known = bundles.get(entryPoint);
  if (known !== undefined) return known;
  const bundle = bundleWorker(entryPoint);
  bundles.set(entryPoint, bundle);
  return bundle;
}

/** Starts the Worker and resolves when it answers. */
export async function startWorker({
  folder,
  entryPoint = "src/cloudflare/main.ts",
  bindings = {},
  assets,
}: WorkerOptions = {}): Promise<RunningWorker> {
  const script = await bundleOf(entryPoint);
  const workerd = await ownProcess(() =>
    startLocalWorker({
      script,
      durableObjects: { ACCOUNTS: "AccountDurableObject", REGISTRY: "RegistryDurableObject" },
      bindings: { HOLDFAST_ADMIN_TOKEN: ADMIN_TOKEN, ...bindings },
      ...{ folder, assets },
      // Keeps the Worker's log out of the test's output.
      onLog: () => {},
    }),
  );
  return { ...workerd, fetch: (path, init) => fetch(`${workerd.url}${path}`, init) };
}

/** A process of workerd. */
export interface WorkerdProcess extends AsyncDisposable {
  readonly miniflare: Miniflare;
  /** Without a trailing slash. */
  readonly url: string;
  /** Kills it with SIGKILL. It no longer answers. Stop it, and start another over the same folder. */
  kill(): Promise<void>;
  /** Stops it gracefully. */
  stop(): Promise<void>;
}

/** Starts Miniflare and resolves when it answers, with the process of workerd that it has started. */
export async function ownProcess(start: () => Miniflare): Promise<WorkerdProcess> {
  const before = await workerdChildren();
  const miniflare = start();
  const url = (await miniflare.ready).origin;
  const own = (await workerdChildren()).filter((pid) => !before.includes(pid));
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= miniflare.dispose();
    return stopping;
  };
  return {
    miniflare,
    url,
    async kill() {
      if (own.length === 0) throw new Error("kill workerd: it was not found");
      for (const pid of own) process.kill(pid, "SIGKILL");
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Ids of the workerd processes that this process has started. */
async function workerdChildren(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (parent === process.pid && /workerd/.test(stat)) found.push(Number(name));
  }
  return found;
}
