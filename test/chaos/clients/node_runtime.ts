import { createRequire } from "node:module";
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { rustLibrary } from "../../support/signal/library_peer.ts";
import { type ChaosBackend, memoryChaosBackend } from "../places/chaos_backend.ts";
import type { ChaosRuntime } from "../world/chaos_runtime.ts";
import { BaileysClient } from "./baileys_client.ts";
import type { ChaosClientFactory } from "./client.ts";
import { type NodeLibrary, NodePeerSessions } from "./node_peer.ts";
import { ChaosPeer, RustPeerSessions } from "./peer.ts";
import { RustClient } from "./rust_client.ts";
import { RustEngine, type RustLibrary } from "./rust_library.ts";

// Found as Baileys finds it.
const fromBaileys = createRequire(createRequire(import.meta.url).resolve("baileys"));
const NODE_LIBRARY: NodeLibrary = {
  libsignal: fromBaileys("libsignal"),
  toBuffer: (bytes) => Buffer.from(bytes),
};

/**
 * What the account under test is used by: the Rust library over standard records, or Baileys over
 * libsignal-node's.
 */
export const CHAOS_CLIENTS = ["rust", "baileys"] as const;
export type ChaosClientKind = (typeof CHAOS_CLIENTS)[number];

/** The client of a seed, unless it is said otherwise. */
export function clientOf(seed: number): ChaosClientKind {
  return seed % 2 === 0 ? "baileys" : "rust";
}

/** Makes what a run under Node needs, for each run anew, over a fresh database. Defaults to one in memory. */
export async function nodeRuntimes(): Promise<
  (client: ChaosClientKind, database?: ChaosBackend) => ChaosRuntime
> {
  const library = (await rustLibrary()) as RustLibrary;
  const engine = new RustEngine(library);
  const clients: Readonly<Record<ChaosClientKind, ChaosClientFactory>> = {
    rust: (account, observer) => new RustClient(engine, account, observer),
    baileys: (account, observer) => new BaileysClient(makeLibSignalRepository, account, observer),
  };
  return (client, database = memoryChaosBackend()) => ({
    backend: database,
    makeClient: clients[client],
    sharesQueues: client === "baileys",
    makePeer: (kind) =>
      new ChaosPeer(library, engine, (keys) =>
        kind === "node" ? new NodePeerSessions(NODE_LIBRARY, keys) : new RustPeerSessions(engine, keys),
      ),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  });
}
