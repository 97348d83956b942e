import type { Write } from "../backend/mod.ts";
import { LimitError } from "../errors/mod.ts";
import type { Ticket } from "./signal_records.ts";

/** Maximum number of attempts when the cache is cleared while changes are prepared. */
const MAX_ROUNDS = 8;

/**
 * A change of one entry of the cache. `undefined` deletes. The address of a sender key is its name.
 *
 * The riders of a record land in the commit that makes the record durable, never without it, and it never
 * lands without them. They must be valid, because a refused one would block the record.
 */
export type CacheChange<S, K> =
  | {
      readonly store: "session";
      readonly address: string;
      readonly value: S | undefined;
      readonly riders?: readonly Write[] | undefined;
    }
  | {
      readonly store: "senderKey";
      readonly address: string;
      readonly value: K | undefined;
      readonly riders?: readonly Write[] | undefined;
    }
  | { readonly store: "identity"; readonly address: string; readonly value: Uint8Array | undefined };

/** A change whose entry stays in memory until `release`. */
export interface PreparedChange {
  /** Whether the entry is still in the cache. */
  isCurrent(): boolean;
  /** Whether it makes a clean entry dirty. */
  needsRoom(): boolean;
  /** @throws {RewindError} When the change must not be made. */
  check(): void;
  /** Makes the change. It cannot fail after `check`. */
  apply(): Ticket;
  release(): void;
}

/** Options of {@link changeTogether}. */
interface JointChange<Result> {
  /** Prepares each change. */
  readonly prepare: () => readonly Promise<PreparedChange>[];
  /** Back-pressure. */
  readonly ready: () => Promise<void>;
  /** Called synchronously after all changes are made. */
  readonly applied: (tickets: readonly Ticket[]) => Result | Promise<Result>;
}

/**
 * Makes all changes synchronously or none, so that no flush contains only some of them. See
 * `SignalStoreCache.change`.
 */
export async function changeTogether<Result>(joint: JointChange<Result>): Promise<Result> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const changes = await prepareAll(joint.prepare());
    let result: Result | Promise<Result>;
    try {
      if (changes.some((change) => change.needsRoom())) await joint.ready();
      if (!changes.every((change) => change.isCurrent())) continue;
      for (const change of changes) change.check();
      result = joint.applied(changes.map((change) => change.apply()));
    } finally {
      for (const change of changes) change.release();
    }
    return await result;
  }
  throw new LimitError("change Signal state: the cache is cleared repeatedly");
}

/** Returns all prepared changes, or releases them when one fails. */
async function prepareAll(preparing: readonly Promise<PreparedChange>[]): Promise<PreparedChange[]> {
  const [only] = preparing;
  if (only !== undefined && preparing.length === 1) return [await only];
  const outcomes = await Promise.allSettled(preparing);
  const changes = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return changes;
  for (const change of changes) change.release();
  throw failed.reason;
}
