import { holdOf } from "./account_state.ts";
import type { BackendCore, Capabilities, CommitOptions, OwnerState, ReadMethod } from "./backend.ts";
import type { Device } from "./device_store.ts";
import { callRead, ForwardingReads, READ } from "./forwarding_reads.ts";
import { ownPairOf, ownUsersOf } from "./own_pair.ts";
import { KEY_CHECK } from "./sealed_account.ts";
import type { Write } from "./write.ts";

/** How long after a backend was opened an opening may begin with what was seen then, in milliseconds. */
export const MAX_SEEN_MS = 5_000;

/** A call of a read. */
export type ReadCall = readonly [method: ReadMethod, args: readonly unknown[]];

/** What was stored of an account when its backend was opened. */
export interface SeenAccount {
  readonly owner: OwnerState | undefined;
  readonly device: Device | undefined;
  /** Other reads of that moment, by `keyOfRead`. */
  readonly answers: ReadonlyMap<string, unknown>;
}

/**
 * Commits, and then reads, in one round trip.
 *
 * @returns The rows that each write changed, and the answers by `keyOfRead`. A read that failed has none.
 */
export type OpeningCommit = (
  writes: readonly Write[],
  options: CommitOptions,
  reads: readonly ReadCall[],
) => Promise<readonly [changed: number[], answers: ReadonlyMap<string, unknown>]>;

/** What an opening view is made of. */
export interface OpeningParts {
  readonly core: BackendCore;
  /** `undefined` when it is not known, or too long ago. */
  readonly seen: SeenAccount | undefined;
  /** Whether the key check of a sealed account is read, too. */
  readonly isSealed: boolean;
  readonly commitAndRead: OpeningCommit;
}

/** What tells a call of a read from every other one. */
export function keyOfRead([method, args]: ReadCall): string {
  return JSON.stringify([method, args]);
}

/** The read of the key check, if the account is sealed. */
export function keyCheckReads(isSealed: boolean): readonly ReadCall[] {
  return isSealed ? [["getMessageSegment", [KEY_CHECK.log, KEY_CHECK.seq]]] : [];
}

/**
 * A core as one opening of the account uses it: see `Backend.opening`.
 *
 * - Until a commit takes the ownership, the owner and whether there is a device are as they were when the
 *   backend was opened. The guard of that commit decides whether they still are. An owner that would be refused
 *   is read again.
 * - The commit that takes the ownership reads what an opening reads next, after it, in the same round trip.
 *   Each of these answers is given once, until the next commit.
 */
export function openingCore(parts: OpeningParts): BackendCore {
  return new OpeningCore(parts);
}

class OpeningCore extends ForwardingReads implements BackendCore {
  readonly #parts: OpeningParts;
  /** Until the first commit that takes the ownership, whatever becomes of it. */
  #seen: SeenAccount | undefined;
  #answers: Map<string, unknown>;
  #isTaken = false;

  constructor(parts: OpeningParts) {
    super();
    this.#parts = parts;
    const { seen, isSealed } = parts;
    const { owner, sealed } = seen?.owner ?? {};
    const isRefused = (sealed === true && !isSealed) || holdOf(owner) !== undefined;
    this.#seen = isRefused ? undefined : seen;
    this.#answers = new Map(this.#seen?.answers);
  }

  get capabilities(): Capabilities {
    return this.#parts.core.capabilities;
  }

  async readOwner(): Promise<OwnerState | undefined> {
    return this.#seen === undefined ? await this.#parts.core.readOwner() : this.#seen.owner;
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    const { core, isSealed, commitAndRead } = this.#parts;
    // An answer that was not asked for is older than this commit.
    if (this.#isTaken) this.#answers.clear();
    if (this.#isTaken || options?.guard?.next === undefined) return await core.commit(writes, options);
    const device = deviceOf(writes) ?? this.#seen?.device;
    this.#seen = undefined;
    this.#answers.clear();
    const users = device === undefined ? [] : ownUsersOf(ownPairOf(device));
    const mappings: ReadCall[] =
      users.length === 0
        ? []
        : [
            ["getPnMappings", [users]],
            ["getLidMappings", [users]],
          ];
    const reads: ReadCall[] = [["create", []], ["load", []], ...mappings, ...keyCheckReads(isSealed)];
    const [changed, answers] = await commitAndRead(writes, options, reads);
    this.#isTaken = true;
    this.#answers = new Map(answers);
    return changed;
  }

  close(): Promise<void> {
    return this.#parts.core.close();
  }

  override [READ](method: ReadMethod, args: readonly unknown[]): unknown {
    if (this.#seen !== undefined && method === "exists")
      return Promise.resolve(this.#seen.device !== undefined);
    const key = this.#answers.size === 0 ? "" : keyOfRead([method, args]);
    if (!this.#answers.has(key)) return callRead(this.#parts.core, method, args);
    const answer = this.#answers.get(key);
    if (this.#isTaken) this.#answers.delete(key);
    return Promise.resolve(answer);
  }
}

function deviceOf(writes: readonly Write[]): Device | undefined {
  for (const write of writes) if (write.kind === "device.save") return write.device;
  return undefined;
}
