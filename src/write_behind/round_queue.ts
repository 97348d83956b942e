import { LimitError } from "../errors/mod.ts";
import type { FlushReport, FlushSelection } from "./flush_report.ts";
import type { RoundResult } from "./flush_round.ts";
import type { Unit } from "./isolating_commit.ts";

/** Callers that may share one round. More of them would be a leak of their own. */
const MAX_CALLERS_PER_ROUND = 16_384;

/**
 * What a round is sure to collect.
 *
 * - `all`: everything that is dirty.
 * - `now`: all `now` items, and perhaps others.
 * - `some`: what its callers have selected.
 */
export type RoundScope = "all" | "now" | "some";

/** Selects what must not be lost. */
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

/** Why a flush is asked for, as far as it changes what the flush does. */
export interface FlushPurpose {
  /** The state may be given up afterwards. */
  readonly last?: boolean;
  /** The engine asks by itself. */
  readonly probe?: boolean;
}

/** A round that has not collected yet. Callers join it. */
export class Round {
  readonly #flushes: FlushCaller[] = [];
  readonly #direct: DirectCaller[] = [];
  #last = false;
  #probe = false;

  /** Whether it is the last chance of the state. */
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

  /** What at least one caller selected; everything when `undefined`. */
  get select(): FlushSelection | undefined {
    const selections: FlushSelection[] = [];
    if (this.#direct.length > 0) return undefined;
    for (const { select } of this.#flushes) {
      if (select === undefined) return undefined;
      selections.push(select);
    }
    return (flushable, key, urgency) => selections.some((select) => select(flushable, key, urgency));
  }

  /** What it is sure to collect. */
  get scope(): RoundScope {
    if (this.select === undefined) return "all";
    return this.#flushes.some(({ select }) => select === NOW_ITEMS) ? "now" : "some";
  }

  /** Joins the round and resolves when what `select` chooses is durable. */
  flush(select: FlushSelection | undefined, purpose: FlushPurpose): Promise<FlushReport> {
    this.#requireRoom();
    this.#last ||= purpose.last === true;
    this.#probe ||= purpose.probe === true;
    return new Promise((resolve, reject) => {
      this.#flushes.push({ select, resolve, reject });
    });
  }

  /** Joins the round with writes that land together with what is dirty. */
  commitWith(unit: Unit): Promise<number[]> {
    this.#requireRoom();
    return new Promise((resolve, reject) => {
      this.#direct.push({ unit, resolve, reject });
    });
  }

  /** Answers every caller. */
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

  /** Rejects every caller. */
  reject(error: Error): void {
    for (const caller of [...this.#flushes, ...this.#direct]) caller.reject(error);
  }

  #requireRoom(): void {
    if (this.#flushes.length + this.#direct.length < MAX_CALLERS_PER_ROUND) return;
    throw new LimitError(`flush: ${MAX_CALLERS_PER_ROUND} callers are waiting already`);
  }
}

/** Runs rounds one at a time; at most one is waiting while one runs. */
export class RoundQueue {
  readonly #run: (round: Round) => Promise<void>;
  #waiting: Round | undefined;
  #pumping = false;

  /** @param run Carries a round out. It must not reject. No caller joins a round after it was handed over. */
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

  /** The round that waits, or a new one. */
  join(): Round {
    this.#waiting ??= new Round();
    if (!this.#pumping) void this.#pump();
    return this.#waiting;
  }

  /** The first step is deferred, so that callers of one turn of the event loop share one round. */
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
