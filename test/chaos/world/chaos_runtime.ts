import type { Protection } from "../../support/protections/names.ts";
import type { ChaosClientFactory } from "../clients/client.ts";
import type { ChaosPeer } from "../clients/peer.ts";
import type { ChaosBackend } from "../places/chaos_backend.ts";

/** What a run needs of where it runs. */
export interface ChaosRuntime {
  readonly backend: ChaosBackend;
  readonly makeClient: ChaosClientFactory;
  /** Whether the client's library has queues that outlive an account. */
  readonly sharesQueues: boolean;
  readonly makePeer: (kind: "node" | "rust") => ChaosPeer;
  /** Resolves after all that is queued. */
  readonly turn: () => Promise<void>;
}

/** How a run goes. */
export interface WorldOptions {
  readonly seed: number;
  readonly off: readonly Protection[];
  /** Told of everything, to follow a run. */
  readonly told?: ((line: string) => void) | undefined;
}
