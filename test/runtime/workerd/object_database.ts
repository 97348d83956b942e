import {
  durableObjectBackend,
  type ObjectStorageLike,
  type SqlStorageLike,
} from "../../../src/adapters/durable_object/mod.ts";
import { type Backend, type CommitOptions, type Write, withCommitter } from "../../../src/backend/mod.ts";
import { AmbiguousError, BusyError, RefusedError } from "../../../src/errors/mod.ts";
import type { ChaosBackend, ConnectionHost, Traffic } from "../../chaos/places/chaos_backend.ts";
import type { TestStorage } from "./objects.ts";

/**
 * The backend of a run over the storage of its object, which must be empty. A process of the run stands for
 * an incarnation of the object's memory. A failing commit is applied by the platform and rolled back. A lost
 * answer is the view of an incarnation that ends during the commit.
 */
export function objectChaosBackend(storage: TestStorage): ChaosBackend {
  return {
    connect: async (host, traffic) =>
      traffic === undefined
        ? await durableObjectBackend(storage, { clock: host.clock })
        : await faultyObject(storage, host, traffic),
  };
}

async function faultyObject(
  storage: TestStorage,
  { clock }: ConnectionHost,
  { plan, applied, failsRead }: Traffic,
): Promise<Backend> {
  const failing = new FailingStorage(storage);
  const backend = await durableObjectBackend(failing, { clock });
  const carryOut = async (writes: readonly Write[], options?: CommitOptions): Promise<number[]> => {
    const changed = await backend.commit(writes, options);
    applied(writes);
    return changed;
  };
  const commit = async (writes: readonly Write[], options?: CommitOptions): Promise<number[]> => {
    const fault = plan.take();
    if (fault === "hold") await plan.hold();
    const writeIndex = plan.refusedIndex(writes);
    if (writeIndex !== -1) throw new RefusedError("commit: refused on demand", { writeIndex });
    if (fault === "duplicate" || fault === "lose-answer" || fault === "lose-request") {
      const sent = structuredClone({ writes, options });
      plan.keep({ ...sent, deliver: () => carryOut(sent.writes, sent.options) });
    }
    if (fault === "lose-request") throw new AmbiguousError("commit: the request is still under way");
    if (fault instanceof Error) failing.failNext(fault);
    const changed = await carryOut(writes, options);
    if (fault === "lose-answer") throw new AmbiguousError("commit: the answer was lost");
    return changed;
  };
  const reads = new Proxy(backend, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (failsRead(String(name))) failing.failNextRead();
        return value.apply(target, args);
      };
    },
  });
  const { capabilities } = backend;
  const readOwner = () => backend.readOwner();
  return withCommitter(reads, { capabilities, commit, readOwner, close: async () => {} }, { clock });
}

/** A storage that fails on demand. */
class FailingStorage implements ObjectStorageLike {
  readonly #storage: TestStorage;
  #failure: Error | undefined;
  #failsRead = false;

  constructor(storage: TestStorage) {
    this.#storage = storage;
  }

  get sql(): SqlStorageLike {
    const { sql } = this.#storage;
    if (!this.#failsRead) return sql;
    this.#failsRead = false;
    return {
      exec: () => {
        throw new Error("disk I/O error: SQLITE_IOERR");
      },
    };
  }

  /** Makes the next transaction fail after its last statement. */
  failNext(fault: Error): void {
    this.#failure = new Error(
      fault instanceof BusyError
        ? "database table is locked: SQLITE_LOCKED"
        : "database or disk is full: SQLITE_FULL",
    );
  }

  /** Makes the next statement fail. */
  failNextRead(): void {
    this.#failsRead = true;
  }

  transactionSync<T>(work: () => T): T {
    return this.#storage.transactionSync(() => {
      const result = work();
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw failure;
      return result;
    });
  }
}
