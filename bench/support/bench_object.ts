import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";

/** The objects of `bench/object/worker.ts`, in a process of workerd. */
export interface BenchObjects {
  ask(path: string): Promise<Response>;
  close(): Promise<void>;
}

/** Starts them. The first part of a path names the object. */
export async function openObject(): Promise<BenchObjects> {
  const miniflare = startLocalWorker({
    script: await bundleWorker("bench/object/worker.ts"),
    durableObjects: { BENCH: "BenchObject" },
  });
  return {
    ask: async (path) => {
      const response = await miniflare.dispatchFetch(`http://bench${path}`);
      if (!response.ok) throw new Error(`bench object: ${await response.text()}`);
      return response as unknown as Response;
    },
    close: () => miniflare.dispose(),
  };
}
