import { MemoryDatabase, memoryBackend } from "../../../src/adapters/memory/mod.ts";
import {
  type Backend,
  type Capabilities,
  type CommitOptions,
  type Committer,
  type OwnerState,
  type Write,
  withCommitter,
} from "../../../src/backend/mod.ts";
import { BackendError } from "../../../src/errors/mod.ts";
import type { Host } from "../../../src/ports/mod.ts";
import { type FaultPlan, faultyCommitter } from "../../../src/testing/mod.ts";

/** What a connection has of its process. */
export type ConnectionHost = Pick<Host, "clock" | "scheduler">;

/** What happens to what goes over one connection, and who is told. */
export interface Traffic {
  /** What the commits meet. */
  readonly plan: FaultPlan;
  /** Told of every commit that was applied, before anybody else learns of it. */
  applied(writes: readonly Write[]): void;
  /** Whether a read of this name fails now. */
  failsRead(method: string): boolean;
}

/** Where a run keeps its account: one fresh database, opened as often as the run likes. */
export interface ChaosBackend {
  /**
   * One more connection to the database, for a process of its own: several may be open at once. What was
   * committed over one of them is seen by all. It must fence (`capabilities.fencing`): the run has two owners
   * at times.
   *
   * @param traffic What it meets on its way. Without it the connection is a good one.
   */
  connect(host: ConnectionHost, traffic: Traffic | undefined): Promise<Backend>;
  /**
   * Resolves when nothing is under way any more, where something may be: the run's own queue is not the
   * database's business.
   */
  idle?(): Promise<void>;
  /** Lets the oldest thing arrive that is under way, if there is one. */
  arrive?(): Promise<void>;
}

/** A database in memory. */
export function memoryChaosBackend(): ChaosBackend {
  const database = new MemoryDatabase();
  return {
    connect: async ({ clock }, traffic) => {
      const backend = memoryBackend({ database, clock });
      return traffic === undefined ? backend : faultyConnection(backend, traffic, { clock });
    },
  };
}

/** A connection that meets its faults in front of the backend, whatever that is. */
export function faultyConnection(
  backend: Backend,
  traffic: Traffic,
  { clock }: Pick<ConnectionHost, "clock">,
): Backend {
  const recorded = withCommitter(backend, recording(backend, traffic), { clock });
  const faulty = faultyCommitter(recorded, traffic.plan, { clock });
  const reads = new Proxy(backend, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown =>
        traffic.failsRead(String(name))
          ? Promise.reject(new BackendError("read: the network is down"))
          : value.apply(target, args);
    },
  });
  return withCommitter(reads, faulty, { clock });
}

/** The same commits, told of when they were applied and before anybody else learns of it. */
function recording(inner: Backend, traffic: Traffic): Committer {
  return {
    get capabilities(): Capabilities {
      return inner.capabilities;
    },
    async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
      const changed = await inner.commit(writes, options);
      traffic.applied(writes);
      return changed;
    },
    readOwner: (): Promise<OwnerState | undefined> => inner.readOwner(),
    close: (): Promise<void> => inner.close(),
  };
}
