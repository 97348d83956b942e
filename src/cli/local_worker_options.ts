import type { MiniflareOptions } from "miniflare";

/** The same date as in wrangler.toml. */
export const COMPATIBILITY_DATE = "2026-10-01";

/** A Worker to run in a local workerd. */
export interface LocalWorkerOptions {
  /** One ES module, including its imports: see `bundleWorker`. */
  readonly script: string;
  /** Class names of the Durable Objects by binding. All of them use SQLite. */
  readonly durableObjects: Readonly<Record<string, string>>;
  /** Texts by binding. */
  readonly bindings?: Readonly<Record<string, string>> | undefined;
  /** Folder of static files, which are answered before the Worker is asked. */
  readonly assets?: string | undefined;
  /** Folder of the Durable Objects' databases. Defaults to memory. */
  readonly folder?: string | undefined;
  /** Defaults to 127.0.0.1. */
  readonly host?: string | undefined;
  /** Defaults to a free port. */
  readonly port?: number | undefined;
  /** Called with each line of the Worker's log. Defaults to printing it. */
  readonly onLog?: ((line: string) => void) | undefined;
}

/** The options of the package miniflare, without `nodejs_compat`. That package is not imported here. */
export function miniflareOptions(options: LocalWorkerOptions): MiniflareOptions {
  const { script, durableObjects, bindings = {}, assets, folder, host, port, onLog } = options;
  return {
    ...{ host, port },
    ...(onLog && { handleStructuredLogs: ({ message }: { message: string }) => onLog(message) }),
    resourcePersistencePath: folder,
    workers: [
      {
        config: {
          name: WORKER,
          compatibilityDate: COMPATIBILITY_DATE,
          ...(assets === undefined ? {} : { assets: { directory: assets, hasUserWorker: true } }),
          manifest: {
            mainModule: "worker.mjs",
            modules: { "worker.mjs": { type: "esm", contents: script } },
          },
          env: {
            ...mapValues(bindings, (value) => ({ type: "text" as const, value })),
            ...mapValues(durableObjects, (exportName) => ({
              type: "durable-object" as const,
              worker: WORKER,
              exportName,
            })),
          },
          exports: Object.fromEntries(
            Object.values(durableObjects).map((className) => [
              className,
              { type: "durable-object" as const, storage: "sqlite" as const },
            ]),
          ),
        },
      },
    ],
  };
}

const WORKER = "worker";

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
