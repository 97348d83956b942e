import { remoteBackend } from "../../../src/adapters/remote/mod.ts";
import type { ChaosBackend } from "./chaos_backend.ts";
import { faultlessFetch, faultyFetch } from "./faulty_fetch.ts";
import { Network } from "./network.ts";

/** A service that keeps the account of a run. */
export interface ChaosService {
  readonly url: string;
  /** A token for the account alone. */
  readonly token: string;
  /** A name that no other run has. */
  readonly account: string;
  /** What becomes of the service before one more process connects. No call is in flight then. */
  change?(): Promise<void>;
  /** What carries requests to the service, for one more process. */
  connect(): Promise<typeof fetch>;
}

/**
 * The account of a service, reached by its protocol: each process has a `remoteBackend` of its own. The
 * faults are those of the network between them; what a request waits for, and when it is given up, is
 * measured by the clock of the process.
 */
export function remoteChaosBackend(service: ChaosService): ChaosBackend {
  const { url, token, account } = service;
  const network = new Network();
  return {
    connect: async (host, traffic) => {
      if (service.change !== undefined) await network.send(() => service.change?.() ?? Promise.resolve());
      const send = await service.connect();
      const fetch =
        traffic === undefined ? faultlessFetch(network, send) : faultyFetch(network, send, traffic);
      return await remoteBackend({ url, token, account, host, fetch });
    },
    idle: () => network.idle(),
    arrive: () => network.arrive(),
  };
}
