import type { BackendCore, Capabilities, CommitOptions, OwnerState, ReadMethod } from "./backend.ts";
import { callRead, ForwardingReads, READ } from "./forwarding_reads.ts";
import { READS } from "./reads.ts";
import type { SignalRow } from "./signal_rows.ts";
import { TransformingCommitter } from "./transforming_committer.ts";
import { transformAnswer, type ValueTransform } from "./value_transform.ts";
import type { Write } from "./write.ts";

/** Reads of records without their leases, and the reads of the same rows with them. */
const WITH_LEASE: Partial<Record<ReadMethod, ReadMethod>> = {
  getSession: "loadSessionRow",
  getSessions: "loadSessionRows",
  getSenderKey: "loadSenderKeyRow",
};

/** Transforms every stored value of a core: those of its writes, and those that its reads answer. */
export function transformingCore(core: BackendCore, values: ValueTransform): BackendCore {
  return new TransformingCore(core, values);
}

class TransformingCore extends ForwardingReads implements BackendCore {
  readonly #core: BackendCore;
  readonly #values: ValueTransform;
  readonly #committer: TransformingCommitter;

  constructor(core: BackendCore, values: ValueTransform) {
    super();
    this.#core = core;
    this.#values = values;
    this.#committer = new TransformingCommitter(core, values);
  }

  get capabilities(): Capabilities {
    return this.#committer.capabilities;
  }

  commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    return this.#committer.commit(writes, options);
  }

  readOwner(): Promise<OwnerState | undefined> {
    return this.#core.readOwner();
  }

  close(): Promise<void> {
    return this.#core.close();
  }

  override [READ](method: ReadMethod, args: readonly unknown[]): unknown {
    if (READS[method].streams) return callRead(this.#core, method, args);
    return readTransformed(this.#core, method, args, this.#values);
  }
}

/**
 * Reads from a core and transforms the answer. A record is read together with its lease, which is part of the
 * place of the record, also where the caller asks for the record alone.
 */
export async function readTransformed(
  core: BackendCore,
  method: ReadMethod,
  args: readonly unknown[],
  values: ValueTransform,
): Promise<unknown> {
  const withLease = WITH_LEASE[method];
  const asked = withLease ?? method;
  const stored = await callRead(core, asked, args);
  if (stored === undefined) return undefined;
  const answer = await transformAnswer(asked, args, stored, values);
  if (withLease === undefined) return answer;
  const recordOf = (row: unknown): Uint8Array | undefined => (row as SignalRow | undefined)?.record;
  return Array.isArray(answer) ? answer.map(recordOf) : recordOf(answer);
}
