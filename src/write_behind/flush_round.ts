import type { Committer } from "../backend/mod.ts";
import type { Host } from "../ports/mod.ts";
import { logFlushableFault } from "./events.ts";
import type { FlushReport, FlushSelection, IsolatedItem } from "./flush_report.ts";
import type { Flushable, ItemVersion, Urgency } from "./flushable.ts";
import { IsolatingCommit, type Unit, type UnitState } from "./isolating_commit.ts";
import type { CollectedItem, RefusedItems } from "./refused_items.ts";
import { estimateBytes } from "./write_bytes.ts";

/** Maximum number of refused items that one flush retries, each in a separate commit. */
const MAX_RETRIES_PER_FLUSH = 16;

/** The same for the last flush before the state is discarded. */
const MAX_LAST_RETRIES = 1_024;

/** Parameters of one round. */
export interface RoundPlan {
  readonly flushables: readonly Flushable[];
  /** Items to collect; all when `undefined`. */
  readonly select: FlushSelection | undefined;
  /** Direct commits, which land together with the collected items. */
  readonly direct: readonly Unit[];
  /** Whether the state is discarded afterwards: every refused item is then retried. */
  readonly last: boolean;
  /** Whether to probe the backend with an empty commit when there is nothing else to commit. */
  readonly probe: boolean;
}

/** Dependencies of a round. */
export interface RoundContext {
  readonly committer: Pick<Committer, "commit" | "capabilities">;
  readonly host: Pick<Host, "clock" | "logger">;
  readonly refused: RefusedItems;
  readonly maxCommits: number;
}

/** A collected item and its state after the round. */
interface FlushedUnit {
  readonly unit: CollectedItem;
  readonly state: UnitState;
}

/** Result of a round. */
export class RoundResult {
  /** Direct commits and their states. */
  readonly direct: ReadonlyMap<Unit, UnitState>;
  /** The error, other than a refusal, that ended the round. */
  readonly failure: Error | undefined;
  /** Number of commits that succeeded. */
  readonly commits: number;
  /** Items that the backend refused for the first time in their present state. */
  readonly newlyRefused: readonly IsolatedItem[];
  readonly #units: readonly FlushedUnit[];
  readonly #collected: boolean;
  readonly #durationMs: number;
  /** The cached report on all items, which the event and most callers use. */
  #whole: FlushReport | undefined;

  constructor(
    run: IsolatingCommit,
    parts: {
      readonly units: readonly FlushedUnit[];
      readonly collectError: Error | undefined;
      readonly newlyRefused: readonly IsolatedItem[];
      readonly durationMs: number;
    },
  ) {
    this.direct = run.states;
    this.failure = parts.collectError ?? run.failure;
    this.commits = run.commits;
    this.newlyRefused = parts.newlyRefused;
    this.#units = parts.units;
    this.#collected = parts.collectError === undefined;
    this.#durationMs = parts.durationMs;
  }

  /** The report on the items that a caller selected. */
  reportFor(select: FlushSelection | undefined): FlushReport {
    if (select !== undefined) return this.#report(select);
    this.#whole ??= this.#report(undefined);
    return this.#whole;
  }

  /** The error when none of the selected items is durable; `undefined` when some are or none was selected. */
  errorFor(select: FlushSelection | undefined): Error | undefined {
    if (!this.#collected) return this.failure;
    let first: Error | undefined;
    for (const { unit, state } of this.#units) {
      if (!isSelected(unit, select)) continue;
      if (state.kind === "committed") return undefined;
      first ??= state.error;
    }
    return first === undefined ? undefined : (this.failure ?? first);
  }

  #report(select: FlushSelection | undefined): FlushReport {
    const isolated: IsolatedItem[] = [];
    const report = { committed: 0, writes: 0, rows: 0, bytes: 0 };
    for (const { unit, state } of this.#units) {
      if (!isSelected(unit, select)) continue;
      if (state.kind !== "committed") {
        isolated.push(isolatedItem(unit, state));
        continue;
      }
      report.committed += 1;
      report.writes += unit.item.writes.length;
      for (const rows of state.changed) report.rows += rows;
      report.bytes += estimateBytes(unit.item.writes);
    }
    return { ...report, isolated, durationMs: this.#durationMs };
  }
}

/**
 * Runs one round: collects dirty items, commits them together with direct commits, isolates refused items,
 * and applies the outcomes. Each collected flushable gets exactly one outcome, after all commits. Never
 * rejects.
 */
export async function runRound(context: RoundContext, plan: RoundPlan): Promise<RoundResult> {
  const { refused } = context;
  const { clock } = context.host;
  const startedAtMs = clock.nowMs();
  const run = new IsolatingCommit(context.committer, context.maxCommits);
  const { flushables, units, error: collectError } = collect(plan);
  if (collectError === undefined) {
    await commitUnits(run, units, plan, context);
    if (plan.probe && run.commits === 0 && run.failure === undefined) await run.probe();
  }
  const nowMs = clock.nowMs();
  const fallback: UnitState = { kind: "unresolved", error: collectError ?? new Error("flush: not reached") };
  const flushed = units.map((unit) => ({ unit, state: stateOf(run, unit, refused) ?? fallback }));
  const newlyRefused = remember(run, flushed, refused, nowMs);
  if (plan.select === undefined && collectError === undefined) refused.keepOnly(units);
  applyOutcomes(flushables, flushed, context.host);
  return new RoundResult(run, {
    units: flushed,
    collectError,
    newlyRefused,
    durationMs: nowMs - startedAtMs,
  });
}

/** A collected item as a unit to commit. */
interface ItemUnit extends CollectedItem, Unit {}

/** Collects from the flushables, up to the first one that throws. */
function collect({ flushables, select }: RoundPlan): {
  flushables: Flushable[];
  units: ItemUnit[];
  error: Error | undefined;
} {
  const units: ItemUnit[] = [];
  const collected: Flushable[] = [];
  for (const flushable of flushables) {
    const only = select && ((key: string, urgency: Urgency): boolean => select(flushable.name, key, urgency));
    try {
      for (const item of flushable.collect(only)) {
        units.push({ flushable, item, writes: item.writes, checked: item.checked });
      }
    } catch (error) {
      const reason = error instanceof Error ? error : new Error("collect: thrown value is not an Error");
      return { flushables: collected, units, error: reason };
    }
    collected.push(flushable);
  }
  return { flushables: collected, units, error: undefined };
}

async function commitUnits(
  run: IsolatingCommit,
  units: readonly ItemUnit[],
  plan: RoundPlan,
  { refused, host }: RoundContext,
): Promise<void> {
  const together: ItemUnit[] = [];
  const suspects = new Set<Unit>();
  const alone: ItemUnit[] = [];
  const now = plan.last ? Number.POSITIVE_INFINITY : host.clock.nowMs();
  const maxAlone = plan.last ? MAX_LAST_RETRIES : MAX_RETRIES_PER_FLUSH;
  for (const unit of units) {
    const standing = refused.standing(unit, now);
    if (standing === "fresh" || standing === "changed") together.push(unit);
    if (standing === "changed") suspects.add(unit);
    if (standing === "due" && alone.length < maxAlone) alone.push(unit);
  }
  if (together.length + plan.direct.length > 0) await run.run(together, plan.direct, suspects);
  await run.runAlone(alone);
}

/** The state of an item: that of the run, or `refused` when the run left it out. */
function stateOf(run: IsolatingCommit, unit: ItemUnit, refused: RefusedItems): UnitState | undefined {
  const state = run.states.get(unit);
  const error = refused.errorOf(unit);
  if (state === undefined) return error === undefined ? undefined : { kind: "refused", error };
  return state;
}

function remember(
  run: IsolatingCommit,
  flushed: readonly { readonly unit: ItemUnit; readonly state: UnitState }[],
  refused: RefusedItems,
  nowMs: number,
): IsolatedItem[] {
  const news: IsolatedItem[] = [];
  for (const { unit, state } of flushed) {
    if (state.kind === "committed") refused.accepted(unit);
    if (state.kind !== "refused" || run.states.get(unit) === undefined) continue;
    if (refused.refused(unit, state.error, nowMs)) news.push(isolatedItem(unit, state));
  }
  return news;
}

interface MutableOutcome {
  readonly committed: ItemVersion[];
  readonly isolated: (ItemVersion & { readonly error: Error })[];
  readonly failed: ItemVersion[];
}

/** Applies the outcome to every collected flushable. An error of one does not affect the others. */
function applyOutcomes(
  flushables: readonly Flushable[],
  flushed: readonly FlushedUnit[],
  { logger }: Pick<Host, "logger">,
): void {
  const outcomes = new Map<Flushable, MutableOutcome>();
  for (const flushable of flushables) outcomes.set(flushable, { committed: [], isolated: [], failed: [] });
  for (const { unit, state } of flushed) {
    const { key, generation } = unit.item;
    const outcome = outcomes.get(unit.flushable);
    if (state.kind === "committed") outcome?.committed.push({ key, generation });
    else if (state.kind === "refused") outcome?.isolated.push({ key, generation, error: state.error });
    else outcome?.failed.push({ key, generation });
  }
  for (const [flushable, outcome] of outcomes) {
    try {
      flushable.applyOutcome(outcome);
    } catch (error) {
      logFlushableFault(logger, flushable.name, "applying an outcome", error);
    }
  }
}

function isSelected({ flushable, item }: CollectedItem, select: FlushSelection | undefined): boolean {
  return select === undefined || select(flushable.name, item.key, item.urgency);
}

function isolatedItem(
  { flushable, item }: CollectedItem,
  state: Exclude<UnitState, { kind: "committed" }>,
): IsolatedItem {
  const reason = state.kind;
  return {
    flushable: flushable.name,
    key: item.key,
    generation: item.generation,
    reason,
    error: state.error,
  };
}
