import { AmbiguousError, BusyError, LimitError, type StoreError } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import type { SqlResult, SqlStatement } from "../sqlite/mod.ts";
import type { SerialQueue } from "./serial_queue.ts";

/** Maximum number of batches in one transaction. */
const MAX_GROUP_BATCHES = 128;

/** Maximum bytes of parameters in one transaction of several batches. A larger batch has one of its own. */
const MAX_GROUP_BYTES = 1_000_000;

/** Limit of batches that are ready. Beyond it the database is stuck. */
const MAX_READY = 16_384;

/** Bytes that a number or `NULL` counts. */
const NUMBER_BYTES = 8;

/** One batch that waits for its transaction. */
interface Member {
  readonly statements: readonly SqlStatement[];
  readonly bytes: number;
  readonly resolve: (results: SqlResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What a `GroupCommit` works with. */
export interface GroupCommitParts {
  readonly queue: SerialQueue;
  readonly logger: Logger;
  /** Runs statements in one transaction. Called inside the queue. */
  commit(statements: readonly SqlStatement[]): Promise<SqlResult[]>;
  /** Resolves at the end of the present turn of the event loop. */
  endOfTurn(): Promise<void>;
}

/**
 * Commits the batches of several accounts that are ready in one turn of the event loop in one transaction, one
 * behind the other, each with the guard of its account. So they share one append to the log and one fsync.
 *
 * - A group takes its place in the queue with its first batch, and waits for the end of the turn there. So a
 *   batch waits for at most one transaction more than it would alone.
 * - When the transaction fails, nothing of it was applied. Each batch is then sent again alone, in order, and
 *   has its own result: one that is refused or fenced fails alone. While another writer holds the database,
 *   none could be committed, so all of them reject with `BusyError`.
 * - When its answer is lost, all of them reject with `AmbiguousError`. Their accounts are in doubt, so each
 *   sends its batch again under its next epoch, which does not join a group.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts;
  /** The group that still takes batches. */
  #open: Member[] | undefined;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  /**
   * Adds a batch. Resolves with its results when the transaction is durable.
   *
   * @returns `undefined` when the batch is too large to share a transaction. It was not added.
   */
  add(statements: readonly SqlStatement[]): Promise<SqlResult[]> | undefined {
    const bytes = bytesOf(statements);
    if (bytes > MAX_GROUP_BYTES) return undefined;
    return new Promise((resolve, reject) => {
      const member = { statements, bytes, resolve, reject };
      if (this.#open === undefined) this.#begin(member);
      else if (this.#open.length < MAX_READY) this.#open.push(member);
      else reject(new LimitError(`database queue: ${MAX_READY} commits are ready`));
    });
  }

  /** Later batches form a group of their own, behind what is queued in between. */
  seal(): void {
    this.#open = undefined;
  }

  #begin(first: Member): void {
    const ready = [first];
    this.#open = ready;
    const { queue, endOfTurn } = this.#parts;
    const run = async (): Promise<void> => {
      await endOfTurn();
      if (this.#open === ready) this.#open = undefined;
      for (const group of groupsOf(ready)) await this.#send(group);
    };
    queue.run(run).catch((error: unknown) => {
      if (this.#open === ready) this.#open = undefined;
      for (const { reject } of ready) reject(error);
    });
  }

  async #send(group: readonly Member[]): Promise<void> {
    const { commit, logger } = this.#parts;
    if (group.length > 1) {
      try {
        const results = await commit(group.flatMap(({ statements }) => statements));
        for (const { statements, resolve } of group) resolve(results.splice(0, statements.length));
        return;
      } catch (error) {
        if (error instanceof AmbiguousError || error instanceof BusyError) {
          for (const { reject } of group) reject(error);
          return;
        }
        const { code } = error as Partial<StoreError>;
        logger.log("debug", "commits of several accounts failed together, sending each alone", {
          commits: group.length,
          code,
        });
      }
    }
    for (const { statements, resolve, reject } of group) await commit(statements).then(resolve, reject);
  }
}

/** Divides batches into those of one transaction each, in order. */
function groupsOf(ready: readonly Member[]): Member[][] {
  const groups: Member[][] = [];
  let bytesLeft = 0;
  for (const member of ready) {
    let group = groups.at(-1);
    if (group === undefined || group.length >= MAX_GROUP_BATCHES || member.bytes > bytesLeft) {
      group = [];
      groups.push(group);
      bytesLeft = MAX_GROUP_BYTES;
    }
    group.push(member);
    bytesLeft -= member.bytes;
  }
  return groups;
}

/** Bytes of the parameters, up to the limit of a group. */
function bytesOf(statements: readonly SqlStatement[]): number {
  let bytes = 0;
  for (const { params } of statements) {
    for (const value of params) {
      if (typeof value === "string") bytes += value.length;
      else bytes += value instanceof Uint8Array ? value.byteLength : NUMBER_BYTES;
    }
    if (bytes > MAX_GROUP_BYTES) return bytes;
  }
  return bytes;
}
