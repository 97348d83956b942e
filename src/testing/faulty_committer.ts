import {
  type Backend,
  type Capabilities,
  type CommitOptions,
  type Committer,
  type OwnerState,
  type Write,
  withCommitter,
} from "../backend/mod.ts";
import { AmbiguousError, RefusedError } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import type { FaultPlan } from "./fault_plan.ts";

/** Options of `faultyCommitter`. */
export interface FaultyCommitterOptions {
  /** Stamps rows that setters store. Pass the clock of the wrapped backend. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
}

/**
 * Wraps a backend in a simulated network with planned faults: commits fail, lose their answers, arrive twice
 * or late, wait, or are refused. Reads are not affected. Closing it closes the backend.
 *
 * @example
 * ```ts
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { FaultPlan, faultyCommitter } from "@holdfast/store/testing";
 *
 * const plan = new FaultPlan();
 * const backend = faultyCommitter(memoryBackend(), plan);
 * plan.next("lose-answer");
 * const lost = await backend.putSession("1000@lid.0", new Uint8Array([1])).catch((error) => error.code);
 * if (lost !== "ambiguous" || !(await backend.hasSession("1000@lid.0"))) throw new Error("no fault");
 * ```
 */
export function faultyCommitter(
  backend: Backend,
  plan: FaultPlan,
  options: FaultyCommitterOptions = {},
): Backend {
  return withCommitter(backend, new FaultyCommitter(backend, plan), { clock: options.clock });
}

class FaultyCommitter implements Committer {
  readonly #backend: Backend;
  readonly #plan: FaultPlan;

  constructor(backend: Backend, plan: FaultPlan) {
    this.#backend = backend;
    this.#plan = plan;
  }

  get capabilities(): Capabilities {
    return this.#backend.capabilities;
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    const fault = this.#plan.take();
    if (fault === "hold") await this.#plan.hold();
    if (fault instanceof Error) throw fault;
    const writeIndex = this.#plan.refusedIndex(writes);
    if (writeIndex !== -1) throw new RefusedError("commit: refused on demand", { writeIndex });
    // The caller owns its writes and bytes again when its promise settles, so the twin keeps copies.
    if (fault === "duplicate" || fault === "lose-answer" || fault === "lose-request") {
      this.#keep(structuredClone(writes), structuredClone(options));
    }
    if (fault === "lose-request") throw new AmbiguousError("commit: the request is still under way");
    const changed = await this.#backend.commit(writes, options);
    if (fault === "lose-answer") throw new AmbiguousError("commit: the answer was lost");
    return changed;
  }

  readOwner(): Promise<OwnerState | undefined> {
    return this.#backend.readOwner();
  }

  close(): Promise<void> {
    return this.#backend.close();
  }

  #keep(writes: readonly Write[], options: CommitOptions | undefined): void {
    this.#plan.keep({ writes, options, deliver: () => this.#backend.commit(writes, options) });
  }
}
