import { LimitError } from "../errors/mod.ts";
import type { FlushReport, FlushSelection } from "./flush_report.ts";
import type { RoundResult } from "./flush_round.ts";
import type { Unit } from "./isolating_commit.ts";

/** Maximum number of callers that share one round, to bound memory. */
const MAX_CALLERS_PER_ROUND = 16_384;

/**
 * The items that a round collects for certain.
 *
 * - `all`: all dirty items.
 * - `now`: all `now` items, and perhaps others.
 * - `some`: the items that its callers select.
 */
export type RoundScope = "all" | "now" | "some";

/** Selects items that must not be lost. */
export const NOW_ITEMS: FlushSelection = (_flushable, _key, urgency) => urgency === "now";

interface FlushCaller {
  readonly select: FlushSelection | undefined;
  readonly resolve: (report: FlushReport) => void;
  readonly reject: (error: Error) => void;
}

interface DirectCaller {
  readonly unit: Unit;
  readonly resolve: (changed: number[]) => void;
  readonly reject: (error: Error) => void;
}

/** Purpose of a flush, which changes its behaviour. */
export interface FlushPurpose {
  /** The state may be discarded afterwards. */
  readonly last?: boolean;
  /** The engine itself is the caller. */
  readonly probe?: boolean;
}

/** A round that has not collected yet. Callers can join it. */
export class Round {
  readonly #flushes: FlushCaller[] = [];
  readonly #direct: DirectCaller[] = [];
  #last = false;
  #probe = false;

  /** Whether the state may be discarded afterwards. */
  get last(): boolean {
    return this.#last;
  }

  /** Whether the engine itself is among the callers. */
  get probe(): boolean {
    return this.#probe;
  }

  /** The direct commits, in the order of the calls. */
  get direct(): readonly Unit[] {
    return this.#direct.map(({ unit }) => unit);
  }

  /** The union of the callers' selections; everything when `undefined`. */
  get select(): FlushSelection | undefined {
    const selections: FlushSelection[] = [];
    if (this.#direct.length > 0) return undefined;
    for (const { select } of this.#flushes) {
      if (select === undefined) return undefined;
      selections.push(select);
    }
    return (flushable, key, urgency) => selections.some((select) => select(flushable, key, urgency));
  }

  /** The items that it collects for certain. */
  get scope(): RoundScope {
    if (this.select === undefined) return "all";
    return this.#flushes.some(({ select }) => select === NOW_ITEMS) ? "now" : "some";
  }

  /** Joins the round and resolves when the selected items are durable. */
  flush(select: FlushSelection | undefined, purpose: FlushPurpose): Promise<FlushReport> {
    this.#requireRoom();
    this.#last ||= purpose.last === true;
    this.#probe ||= purpose.probe === true;
    return new Promise((resolve, reject) => {
      this.#flushes.push({ select, resolve, reject });
    });
  }

  /** Joins the round with writes that land together with the dirty items. */
  commitWith(unit: Unit): Promise<number[]> {
    this.#requireRoom();
    return new Promise((resolve, reject) => {
      this.#direct.push({ unit, resolve, reject });
    });
  }

  /** Resolves or rejects every caller. */
  answer(result: RoundResult): void {
    for (const { select, resolve, reject } of this.#flushes) {
      const error = result.errorFor(select);
      if (error === undefined) resolve(result.reportFor(select));
      else reject(error);
    }
    for (const { unit, resolve, reject } of this.#direct) {
      const state = result.direct.get(unit);
      if (state?.kind === "committed") resolve([...state.changed]);
      else reject(state?.error ?? result.failure ?? new Error("commit: not reached"));
    }
  }

  /** Rejects all direct commits of the round, without committing them. */
  rejectDirect(error: Error): void {
    for (const { reject } of this.#direct.splice(0)) reject(error);
  }

  /** Rejects every caller. */
  reject(error: Error): void {
    for (const caller of [...this.#flushes, ...this.#direct]) caller.reject(error);
  }

  #requireRoom(): void {
    if (this.#flushes.length + this.#direct.length < MAX_CALLERS_PER_ROUND) return;
    throw new LimitError(`flush: ${MAX_CALLERS_PER_ROUND} callers are waiting already`);
  }
}

/** Runs rounds one at a time; at most one waits while one runs. */
export class RoundQueue {
  readonly #run: (round: Round) => Promise<void>;
  #waiting: Round | undefined;
  #pumping = false;

  /** @param run Runs a round. It must not reject. No caller joins the round afterwards. */
  constructor(run: (round: Round) => Promise<void>) {
    this.#run = run;
  }

  /** Whether a round is running or waiting. */
  get busy(): boolean {
    return this.#pumping;
  }

  /** Whether a round is waiting. */
  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Rejects the direct commits of the waiting round. */
  rejectDirect(error: Error): void {
    this.#waiting?.rejectDirect(error);
  }

  /** The waiting round, or a new one. */
  join(): Round {
    this.#waiting ??= new Round();
    if (!this.#pumping) void this.#pump();
    return this.#waiting;
  }

  /** Defers the first round, so that callers of one turn of the event loop share it. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    await Promise.resolve();
    while (this.#waiting !== undefined) {
      const round = this.#waiting;
      this.#waiting = undefined;
      await this.#run(round);
    }
    this.#pumping = false;
  }
}
