import { type NodeLibrary, NodePeerSessions } from "../../chaos/clients/node_peer.ts";
import { ChaosPeer, RustPeerSessions } from "../../chaos/clients/peer.ts";
import { RustClient } from "../../chaos/clients/rust_client.ts";
import { RustEngine, type RustLibrary } from "../../chaos/clients/rust_library.ts";
import type { ChaosRuntime } from "../../chaos/world/chaos_runtime.ts";
import { objectChaosBackend } from "./object_database.ts";
import type { TestStorage } from "./objects.ts";

/** Both come with Baileys. */
const RUST_LIBRARY: string = "whatsapp-rust-bridge";
const NODE_LIBRARY: string = "libsignal";

/** Added to the Worker by the test pool. libsignal-node needs it. */
declare const Buffer: { from(bytes: Uint8Array): Uint8Array };

/**
 * Creates the parts of a run inside a Durable Object: the account over the object's own storage, which must
 * be empty, and the client and the peers in the object's memory.
 */
export async function objectRuntimes(): Promise<(storage: TestStorage) => ChaosRuntime> {
  const library = (await import(/* @vite-ignore */ RUST_LIBRARY)) as RustLibrary;
  const engine = new RustEngine(library);
  const node: NodeLibrary = {
    libsignal: await import(/* @vite-ignore */ NODE_LIBRARY),
    toBuffer: (bytes) => Buffer.from(bytes),
  };
  return (storage) => ({
    backend: objectChaosBackend(storage),
    makeClient: (account, observer) => new RustClient(engine, account, observer),
    sharesQueues: false,
    makePeer: (kind) =>
      new ChaosPeer(library, engine, (keys) =>
        kind === "node" ? new NodePeerSessions(node, keys) : new RustPeerSessions(engine, keys),
      ),
    turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
  });
}
