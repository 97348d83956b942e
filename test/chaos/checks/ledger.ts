/**
 * What memory says, what the database says, and what was promised, of everything that the cache holds. Keys
 * are the engine's: `session:`, `senderKey:` or `identity:` and an address.
 */
import { ABSENT, type Digest, sameDigest } from "./record_digest.ts";

/** States of one key that are remembered before old ones are forgotten. */
const MAX_HISTORY = 400;

interface KeyState {
  /** Number and digest of the last change in memory. */
  latest: number;
  digest: Digest;
  /** A flush, or an open gate, has said that this change or a later one is durable. */
  promised: number;
  /** The change that closed the gate, or an earlier one. */
  gated: number;
  /** What the database has, and the change that it comes from; `undefined` when no step made it. */
  stored: Digest;
  storedFrom: number | undefined;
  /** Numbers of changes by their digest. */
  readonly history: Map<string, number>;
  /** What is loaded may differ from what was put: it was closed for the number of its burned keys. */
  closed: boolean;
  /** The last change before that: what was closed in memory is stored without having been put. */
  closedAt: number | undefined;
}

/** A change that a step can be promised. */
export type Changes = ReadonlyMap<string, number>;

export class Ledger {
  readonly #keys = new Map<string, KeyState>();
  #number = 0;

  /**
   * Notes what memory has become. While a gate is shut, later puts within its lease wait for it and not for
   * themselves.
   *
   * @param gated Whether its address waits for a commit.
   * @returns The change that has to be durable before what was put may leave.
   */
  change(key: string, digest: Digest, gated = false): number {
    const state = this.#state(key);
    if (!sameDigest(state.digest, digest)) {
      this.#number += 1;
      state.latest = this.#number;
      state.digest = digest;
      this.#remember(state, digest, this.#number);
    }
    const isShut = state.gated > (state.storedFrom ?? state.gated);
    if (gated && !isShut) state.gated = state.latest;
    state.closed = false;
    return state.gated;
  }

  /** Notes what a commit has made of a row. */
  store(key: string, digest: Digest): void {
    const state = this.#state(key);
    state.stored = digest;
    // Memory that has burned keys when it was loaded may be written without having been put.
    const isBurned = isFrom(state.digest, digest);
    state.storedFrom = state.history.get(nameOf(digest)) ?? (isBurned ? state.latest : state.closedAt);
  }

  /**
   * Notes what a commit has made of a row, where that is a change of its own: what a move made of it, or what
   * died unnoted.
   */
  storeChange(key: string, digest: Digest): void {
    const state = this.#state(key);
    this.#number += 1;
    this.#remember(state, digest, this.#number);
    this.store(key, digest);
  }

  /** Whether a step has made this change. */
  knows(key: string, digest: Digest): boolean {
    return this.#state(key).history.has(nameOf(digest));
  }

  /** Whether memory, as far as it was noted, has something under a key. */
  isPresent(key: string): boolean {
    return this.#state(key).digest.shape !== ABSENT.shape;
  }

  /** Memory has followed a move: it is what the row is. */
  adoptStored(key: string): void {
    const state = this.#state(key);
    if (state.storedFrom === undefined || state.storedFrom < state.latest) return;
    state.latest = state.storedFrom;
    state.digest = state.stored;
  }

  /** Memory is gone: what counts is what the database has. */
  forgetMemory(): void {
    for (const [key, state] of this.#keys) {
      state.gated = 0;
      state.closed = false;
      state.closedAt = undefined;
      if (state.storedFrom === undefined) this.storeChange(key, state.stored);
      state.latest = state.storedFrom ?? state.latest;
      state.digest = state.stored;
    }
  }

  /** What memory is now, to be promised later. */
  snapshot(): Changes {
    const changes = new Map<string, number>();
    for (const [key, { latest }] of this.#keys) changes.set(key, latest);
    return changes;
  }

  /** These changes are durable, or later ones. */
  promise(changes: Changes, except: ReadonlySet<string> = new Set()): void {
    for (const [key, number] of changes) {
      const state = this.#state(key);
      if (!except.has(key) && number > state.promised) state.promised = number;
    }
  }

  markClosed(key: string): void {
    const state = this.#state(key);
    state.closed = true;
    state.closedAt = state.latest;
  }

  /** What is wrong with a record that was loaded under its lock. */
  findStale(key: string, loaded: Digest): string | undefined {
    const state = this.#state(key);
    // Memory has followed a move.
    if ((state.storedFrom ?? 0) > state.latest && isFrom(state.stored, loaded)) this.adoptStored(key);
    if (state.closed || isFrom(state.digest, loaded)) return undefined;
    return `${key}: an older state came back`;
  }

  /** A key whose promise is broken. */
  findBroken(): string | undefined {
    for (const [key, { promised, storedFrom }] of this.#keys) {
      if (storedFrom !== undefined && storedFrom < promised)
        return `${key}: what was promised to be durable is not: change ${promised} was, the row is from ${storedFrom}`;
    }
    return undefined;
  }

  /**
   * A key whose row no step has put. Changes are noted a moment after they were made: ask when everything is
   * at rest.
   */
  findForeign(): string | undefined {
    for (const [key, { stored, storedFrom, history }] of this.#keys) {
      if (storedFrom === undefined && !history.has(nameOf(stored)))
        return `${key}: the row is nothing that was put`;
    }
    return undefined;
  }

  /** Keys of which the database has less than memory. */
  get behind(): number {
    let count = 0;
    for (const { latest, storedFrom } of this.#keys.values()) if ((storedFrom ?? latest) < latest) count += 1;
    return count;
  }

  /** Keys whose gate must be shut. */
  get shut(): number {
    let count = 0;
    for (const { gated, storedFrom } of this.#keys.values()) if ((storedFrom ?? gated) < gated) count += 1;
    return count;
  }

  #state(key: string): KeyState {
    let state = this.#keys.get(key);
    if (state === undefined) {
      const history = new Map([[nameOf(ABSENT), 0]]);
      state = {
        latest: 0,
        digest: ABSENT,
        promised: 0,
        gated: 0,
        stored: ABSENT,
        storedFrom: 0,
        history,
        closed: false,
        closedAt: undefined,
      };
      this.#keys.set(key, state);
    }
    return state;
  }

  #remember(state: KeyState, digest: Digest, number: number): void {
    const { history, promised, storedFrom } = state;
    const name = nameOf(digest);
    // Again what it was before: later than anything.
    history.delete(name);
    history.set(name, number);
    // A flush may have collected it before it was noted.
    if (nameOf(state.stored) === name) state.storedFrom = number;
    if (history.size <= MAX_HISTORY) return;
    const oldest = Math.min(promised, storedFrom ?? promised);
    for (const [known, at] of history) if (at < oldest) history.delete(known);
  }
}

/** Whether a record that was loaded is one that was put: keys may have been burned since. */
function isFrom(put: Digest, loaded: Digest): boolean {
  return loaded.shape === put.shape && loaded.next >= put.next;
}

function nameOf({ shape, next }: Digest): string {
  return `${next} ${shape}`;
}
