/**
 * Checks whether operations that overlapped in time can be put into one order in which each of them takes
 * effect at once, between its call and its answer, and answers what the sequential model says.
 *
 * The search follows the answers in the order in which they came. It keeps every configuration that explains
 * those so far: a state, and which of the operations under way have taken effect. An operation takes effect
 * in the search no earlier than an answer needs it. Configurations that are equal are searched once.
 */

/** One operation of a history. */
export interface Operation<Op> {
  readonly op: Op;
  /** Who called, for messages. */
  readonly client: string;
  /** Place of the call among all calls and answers. */
  readonly calledAt: number;
  /** Place of the answer. `undefined` without an answer: it took effect once after its call, or never. */
  readonly answeredAt: number | undefined;
}

/** What operations do, one after the other. States are never changed. */
export interface SequentialModel<State, Op> {
  readonly initial: State;
  /** Equal for equal states, and for no others. */
  keyOf(state: State): string;
  /** The state after an operation that answers as `op` did; `undefined` when it would answer otherwise. */
  step(state: State, op: Op): State | undefined;
  /** Whether an operation changes no state in which it answers as `op` did. */
  changesNothing(op: Op): boolean;
  /** What else may happen while an operation is under way, as often as it likes. */
  aside?(state: State, op: Op): State | undefined;
}

/** An answer that no order explains. */
export interface Inexplicable<State, Op> {
  readonly operation: Operation<Op>;
  /** The states in which the account may have been before the answer. */
  readonly states: readonly State[];
  /** The other operations that were under way. */
  readonly underWay: readonly Operation<Op>[];
}

/** Configurations of one search. A correct service has few; beyond this the history is too wide to check. */
const MAX_CONFIGURATIONS = 60_000;

interface Configuration {
  readonly state: number;
  /** Operations under way that have taken effect, in ascending order. */
  readonly done: readonly number[];
}

/** More overlaps than the search can follow. The history is neither right nor wrong. */
export class TooWideError extends Error {
  constructor() {
    super("check history: too much overlaps");
    this.name = "TooWideError";
  }
}

/**
 * Returns the first answer that no order explains; `undefined` when there is an order.
 *
 * @throws {TooWideError} When too much overlaps to be checked.
 */
export function checkHistory<State, Op>(
  model: SequentialModel<State, Op>,
  history: readonly Operation<Op>[],
): Inexplicable<State, Op> | undefined {
  const search = new Search(model, history);
  for (const { index, isCall } of momentsOf(history)) {
    if (isCall) search.called(index);
    else if (!search.answered(index)) return search.inexplicable(index);
  }
  return undefined;
}

/** Calls and answers in their order. */
function momentsOf(history: readonly Operation<unknown>[]): { index: number; isCall: boolean }[] {
  const moments = history.flatMap(({ calledAt, answeredAt }, index) => [
    { at: calledAt, index, isCall: true },
    ...(answeredAt === undefined ? [] : [{ at: answeredAt, index, isCall: false }]),
  ]);
  return moments.sort((a, b) => a.at - b.at);
}

class Search<State, Op> {
  readonly #steps: Steps<State, Op>;
  readonly #history: readonly Operation<Op>[];
  readonly #underWay = new Set<number>();
  #configurations: readonly Configuration[];

  constructor(model: SequentialModel<State, Op>, history: readonly Operation<Op>[]) {
    this.#steps = new Steps(model, history);
    this.#history = history;
    this.#configurations = [{ state: this.#steps.initial, done: [] }];
  }

  called(index: number): void {
    this.#underWay.add(index);
  }

  /** Lets an operation take effect. @returns Whether any configuration is left. */
  answered(index: number): boolean {
    const found = this.#until(index);
    if (found.length === 0) return false;
    this.#underWay.delete(index);
    const left = found.map(({ state, done }) => ({ state, done: done.filter((other) => other !== index) }));
    this.#configurations = [...new Map(left.map((one) => [keyOf(one), one])).values()];
    return true;
  }

  inexplicable(index: number): Inexplicable<State, Op> {
    const states = new Set(this.#configurations.map(({ state }) => state));
    const others = [...this.#underWay].filter((other) => other !== index);
    return {
      operation: this.#operation(index),
      states: [...states].map((state) => this.#steps.stateOf(state)),
      underWay: others.map((other) => this.#operation(other)),
    };
  }

  /** Every configuration in which the operation was the last to take effect. */
  #until(index: number): Configuration[] {
    const found: Configuration[] = [];
    const seen = new Set<string>();
    const waiting = [...this.#configurations];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const settled = this.#withUnchanging(next);
      const key = keyOf(settled);
      if (seen.has(key)) continue;
      seen.add(key);
      if (seen.size > MAX_CONFIGURATIONS) throw new TooWideError();
      if (settled.done.includes(index)) found.push(settled);
      else waiting.push(...this.#followers(settled));
    }
    return found;
  }

  /** What answers as it did and changes nothing takes effect at once: no order is lost by it. */
  #withUnchanging({ state, done }: Configuration): Configuration {
    const more = [...this.#underWay].filter(
      (index) =>
        this.#steps.changesNothing(index) &&
        this.#steps.after(state, index) !== undefined &&
        !done.includes(index),
    );
    return more.length === 0 ? { state, done } : { state, done: ascending([...done, ...more]) };
  }

  #followers({ state, done }: Configuration): Configuration[] {
    const followers: Configuration[] = [];
    for (const index of this.#underWay) {
      const beside = this.#steps.beside(state, index);
      if (beside !== undefined) followers.push({ state: beside, done });
      const next = done.includes(index) ? undefined : this.#steps.after(state, index);
      // One that is never answered, and changes nothing here, need not take effect.
      const isNeeded = next !== state || this.#operation(index).answeredAt !== undefined;
      if (next !== undefined && isNeeded) followers.push({ state: next, done: ascending([...done, index]) });
    }
    return followers;
  }

  #operation(index: number): Operation<Op> {
    return this.#history[index] as Operation<Op>;
  }
}

/** The steps of a model, each computed once. Equal states have one number. */
class Steps<State, Op> {
  readonly initial: number;
  readonly #model: SequentialModel<State, Op>;
  readonly #history: readonly Operation<Op>[];
  readonly #states: State[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #known = new Map<string, number | undefined>();

  constructor(model: SequentialModel<State, Op>, history: readonly Operation<Op>[]) {
    this.#model = model;
    this.#history = history;
    this.initial = this.#numberOf(model.initial);
  }

  stateOf(state: number): State {
    return this.#states[state] as State;
  }

  /** The state after an operation; `undefined` when it would answer otherwise. */
  after(state: number, index: number): number | undefined {
    return this.#once(`${state} ${index}`, () => this.#model.step(this.stateOf(state), this.#op(index)));
  }

  /** The state after what else may happen while an operation is under way. */
  beside(state: number, index: number): number | undefined {
    return this.#once(`${state} beside ${index}`, () =>
      this.#model.aside?.(this.stateOf(state), this.#op(index)),
    );
  }

  changesNothing(index: number): boolean {
    return this.#model.changesNothing(this.#op(index));
  }

  #once(key: string, step: () => State | undefined): number | undefined {
    if (this.#known.has(key)) return this.#known.get(key);
    const next = step();
    const state = next === undefined ? undefined : this.#numberOf(next);
    this.#known.set(key, state);
    return state;
  }

  #numberOf(state: State): number {
    const key = this.#model.keyOf(state);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#states.length);
    return this.#states.push(state) - 1;
  }

  #op(index: number): Op {
    return (this.#history[index] as Operation<Op>).op;
  }
}

function keyOf({ state, done }: Configuration): string {
  return `${state} ${done.join()}`;
}

function ascending(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}
