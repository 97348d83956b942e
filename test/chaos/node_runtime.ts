import { memoryChaosBackend } from "./chaos_backend.ts";
import { NodePeerSessions } from "./node_peer.ts";
import { ChaosPeer, RustPeerSessions } from "./peer.ts";
import { RustClient } from "./rust_client.ts";
import { loadRustLibrary, RustEngine } from "./rust_library.ts";
import type { ChaosRuntime } from "./world.ts";

/** Makes what a run needs, for each run anew: databases in memory, under Node. */
export async function nodeRuntimes(): Promise<() => ChaosRuntime> {
  const library = await loadRustLibrary();
  const engine = new RustEngine(library);
  return () => ({
    backend: memoryChaosBackend(),
    makeClient: (account, observer) => new RustClient(engine, account, observer),
    makePeer: (kind) =>
      new ChaosPeer(library, engine, (keys) =>
        kind === "node" ? new NodePeerSessions(keys) : new RustPeerSessions(engine, keys),
      ),
    idle: () => new Promise((resolve) => setImmediate(resolve)),
  });
}
