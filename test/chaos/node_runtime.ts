import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { BaileysClient } from "./baileys_client.ts";
import { memoryChaosBackend } from "./chaos_backend.ts";
import type { ChaosClientFactory } from "./client.ts";
import { NodePeerSessions } from "./node_peer.ts";
import { ChaosPeer, RustPeerSessions } from "./peer.ts";
import { RustClient } from "./rust_client.ts";
import { loadRustLibrary, RustEngine } from "./rust_library.ts";
import type { ChaosRuntime } from "./world.ts";

/** What the account under test is used by: the Rust library over standard records, or Baileys over libsignal-node's. */
export const CHAOS_CLIENTS = ["rust", "baileys"] as const;
export type ChaosClientKind = (typeof CHAOS_CLIENTS)[number];

/** The client of a seed, unless it is said otherwise. */
export function clientOf(seed: number): ChaosClientKind {
  return seed % 2 === 0 ? "baileys" : "rust";
}

/** Makes what a run needs, for each run anew: databases in memory, under Node. */
export async function nodeRuntimes(): Promise<(client: ChaosClientKind) => ChaosRuntime> {
  const library = await loadRustLibrary();
  const engine = new RustEngine(library);
  const clients: Readonly<Record<ChaosClientKind, ChaosClientFactory>> = {
    rust: (account, observer) => new RustClient(engine, account, observer),
    baileys: (account, observer) => new BaileysClient(makeLibSignalRepository, account, observer),
  };
  return (client) => ({
    backend: memoryChaosBackend(),
    makeClient: clients[client],
    sharesQueues: client === "baileys",
    makePeer: (kind) =>
      new ChaosPeer(library, engine, (keys) =>
        kind === "node" ? new NodePeerSessions(keys) : new RustPeerSessions(engine, keys),
      ),
    idle: () => new Promise((resolve) => setImmediate(resolve)),
  });
}
