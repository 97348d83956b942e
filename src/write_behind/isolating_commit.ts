import { type Committer, rowsOf, validateWrite, type Write } from "../backend/mod.ts";
import { RefusedError } from "../errors/mod.ts";
import { estimateBytes } from "./write_bytes.ts";

/** Upper bound of the numbers and the framing of one encoded row, in bytes. */
const ROW_BYTES = 64;

/** Writes that land together or not at all: those of one dirty item or one direct commit. */
export interface Unit {
  readonly writes: readonly Write[];
  /** Whether `validateWrite` has checked the writes. */
  readonly checked?: boolean | undefined;
}

/** State of a unit after a run. */
export type UnitState =
  | { readonly kind: "committed"; readonly changed: readonly number[] }
  | { readonly kind: "refused"; readonly error: RefusedError }
  | { readonly kind: "unresolved"; readonly error: Error };

/**
 * Commits units in as few commits as possible and finds the units that the backend refuses.
 *
 * It first validates each unchecked unit and leaves invalid ones out. One commit carries all others, or as
 * few as the limits of the backend allow. When the backend refuses it, the refused unit is left out and the
 * rest is sent again as one commit. `RefusedError.writeIndex` names the refused unit; without it, halving
 * finds it. Only limits and halving split units over several commits. Direct commits (`direct`) then come
 * last: no direct commit is sent before every item is committed, refused, or given up, so none is overwritten
 * by an older item of the run.
 *
 * The first error other than a refusal ends the run: units not committed by then are `unresolved`.
 */
export class IsolatingCommit {
  readonly #committer: Pick<Committer, "commit" | "capabilities">;
  readonly #states = new Map<Unit, UnitState>();
  #sendsLeft: number;
  #commits = 0;
  #failure: Error | undefined;
  #lastRefusal: RefusedError | undefined;

  /** @param maxSends Maximum number of commits for items. Each direct commit adds at most two. */
  constructor(committer: Pick<Committer, "commit" | "capabilities">, maxSends: number) {
    this.#committer = committer;
    this.#sendsLeft = maxSends;
  }

  /** The state of each unit of `run` and `runAlone`. */
  get states(): ReadonlyMap<Unit, UnitState> {
    return this.#states;
  }

  /** Number of commits that succeeded. */
  get commits(): number {
    return this.#commits;
  }

  /** The error, other than a refusal, that ended the run. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * @param suspects Those of `items` that are separated first when the backend does not name the refused
   * write.
   */
  async run(items: readonly Unit[], direct: readonly Unit[], suspects: ReadonlySet<Unit>): Promise<void> {
    const asked = new Set(direct);
    const valid = [...this.#valid(items), ...this.#valid(direct)];
    const undecided: Unit[] = [];
    for (const piece of this.#piecesOf(valid)) {
      // Direct commits wait for older writes that are not decided: see `waiting`.
      const next = undecided.length > 0 ? piece.filter((unit) => !asked.has(unit)) : piece;
      if (next.length > 0) undecided.push(...(await this.#send(next)));
    }
    const undecidedItems = undecided.filter((unit) => !asked.has(unit));
    if (undecidedItems.length > 0) await this.#isolate(undecidedItems, suspects);
    // Refused items must not block direct commits, even when the search for them used up all sends.
    const waiting = direct.filter((unit) => (this.#states.get(unit)?.kind ?? "unresolved") === "unresolved");
    if (waiting.length === 0) return;
    this.#sendsLeft = 2 * waiting.length;
    for (const piece of this.#piecesOf(waiting)) {
      const apart = undecidedItems.length > 0 ? await this.#send(piece) : piece;
      for (const unit of apart) await this.#send([unit]);
    }
  }

  /** Commits each unit separately. */
  async runAlone(units: readonly Unit[]): Promise<void> {
    for (const unit of this.#valid(units)) await this.#send([unit]);
  }

  /** Makes an empty commit, to learn whether the backend works. */
  async probe(): Promise<void> {
    await this.#send([]);
  }

  /** Divides units into lists that the backend takes as one commit each. A unit is never divided. */
  #piecesOf(units: readonly Unit[]): readonly (readonly Unit[])[] {
    const { maxCommitRows, maxCommitBytes } = this.#committer.capabilities;
    if (units.length === 0) return [];
    if (maxCommitRows === undefined || maxCommitBytes === undefined) return [units];
    const pieces: Unit[][] = [];
    let [rowsLeft, bytesLeft] = [0, 0];
    for (const unit of units) {
      const rows = unit.writes.reduce((sum, write) => sum + rowsOf(write), 0);
      const bytes = estimateBytes(unit.writes) + rows * ROW_BYTES;
      if (pieces.length === 0 || rows > rowsLeft || bytes > bytesLeft) {
        pieces.push([]);
        [rowsLeft, bytesLeft] = [maxCommitRows, maxCommitBytes];
      }
      pieces.at(-1)?.push(unit);
      rowsLeft -= rows;
      bytesLeft -= bytes;
    }
    return pieces;
  }

  /** Decides every unit of a refused list. */
  async #isolate(units: readonly Unit[], suspects: ReadonlySet<Unit>): Promise<void> {
    const trusted = units.filter((unit) => !suspects.has(unit));
    if (trusted.length === 0 || trusted.length === units.length) return await this.#halve(units);
    await this.#halve(await this.#send(trusted));
    for (const unit of units) if (suspects.has(unit)) await this.#send([unit]);
  }

  async #halve(units: readonly Unit[]): Promise<void> {
    if (units.length === 0) return;
    const middle = Math.ceil(units.length / 2);
    await this.#halve(await this.#send(units.slice(0, middle)));
    // A single unit has no second half, and an empty commit would be sent.
    if (units.length > 1) await this.#halve(await this.#send(units.slice(middle)));
  }

  /**
   * Sends a list as one commit, and again without the units that the backend names. Returns the undecided
   * units, at least two, that were refused together without a named write.
   */
  async #send(units: readonly Unit[]): Promise<readonly Unit[]> {
    let rest = units;
    do {
      const stop = this.#failure ?? (this.#sendsLeft <= 0 ? this.#lastRefusal : undefined);
      if (stop !== undefined) return this.#leave(rest, stop);
      this.#sendsLeft -= 1;
      try {
        this.#accept(
          rest,
          await this.#committer.commit(
            rest.flatMap((unit) => unit.writes),
            { checked: true },
          ),
        );
        return [];
      } catch (error) {
        const refused = this.#refusedUnits(rest, error);
        if (refused === undefined) {
          this.#failure = error instanceof Error ? error : new Error("commit: rejection is not an Error");
          return this.#leave(rest, this.#failure);
        }
        if (refused.size === 0) return rest;
        for (const [unit, refusal] of refused) this.#states.set(unit, { kind: "refused", error: refusal });
        rest = rest.filter((unit) => !refused.has(unit));
      }
    } while (rest.length > 0);
    return [];
  }

  #accept(units: readonly Unit[], changed: readonly number[]): void {
    this.#commits += 1;
    let offset = 0;
    for (const unit of units) {
      const end = offset + unit.writes.length;
      this.#states.set(unit, { kind: "committed", changed: changed.slice(offset, end) });
      offset = end;
    }
  }

  #leave(units: readonly Unit[], error: Error): readonly Unit[] {
    for (const unit of units) this.#states.set(unit, { kind: "unresolved", error });
    return [];
  }

  /**
   * The units that a refusal names: empty when it names none, `undefined` when the error is not a refusal.
   */
  #refusedUnits(units: readonly Unit[], error: unknown): Map<Unit, RefusedError> | undefined {
    if (!(error instanceof RefusedError)) return undefined;
    const refusal = error;
    this.#lastRefusal = refusal;
    const named = unitAt(units, refusal);
    if (named !== undefined) return new Map([named]);
    const [only] = units;
    return new Map(only !== undefined && units.length === 1 ? [[only, refusal]] : []);
  }

  /** Returns the valid units and marks the others as refused. */
  #valid(units: readonly Unit[]): readonly Unit[] {
    return units.filter((unit) => {
      const error = unit.checked ? undefined : findInvalid(unit.writes, this.#committer.capabilities);
      if (error === undefined) return true;
      this.#lastRefusal = error;
      this.#states.set(unit, { kind: "refused", error });
      return false;
    });
  }
}

/** The unit that a refusal names, and the refusal with the write's index within that unit. */
function unitAt(units: readonly Unit[], refusal: RefusedError): [Unit, RefusedError] | undefined {
  const { writeIndex } = refusal;
  if (writeIndex === undefined || writeIndex < 0) return undefined;
  let offset = 0;
  for (const unit of units) {
    if (writeIndex < offset + unit.writes.length) {
      const error = new RefusedError(refusal.message, { cause: refusal, writeIndex: writeIndex - offset });
      return [unit, error];
    }
    offset += unit.writes.length;
  }
  return undefined;
}

/** A refusal of the first invalid write of a list. */
function findInvalid(
  writes: readonly Write[],
  capabilities: Committer["capabilities"],
): RefusedError | undefined {
  for (const [writeIndex, write] of writes.entries()) {
    try {
      validateWrite(write, capabilities, writeIndex);
    } catch (error) {
      if (error instanceof RefusedError) return error;
      const message = error instanceof Error ? error.message : "malformed";
      return new RefusedError(message, { cause: error, writeIndex });
    }
  }
  return undefined;
}
