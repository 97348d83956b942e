import type { Committer } from "../backend/mod.ts";
import type { Host } from "../ports/mod.ts";
import type { CollectedVersion, DirtySource } from "./dirty_source.ts";
import { logSourceFault } from "./events.ts";
import type { FlushReport, FlushSelection, IsolatedEntry } from "./flush_report.ts";
import { IsolatingCommit, type Unit, type UnitState } from "./isolating_commit.ts";
import type { CollectedEntry, RefusedEntries } from "./refused_entries.ts";
import { estimateBytes } from "./write_bytes.ts";

/** Refused entries that one flush tries again, each in a commit of its own. */
const MAX_RETRIES_PER_FLUSH = 16;

/** The same for the last flush before the state is given up. */
const MAX_LAST_RETRIES = 1_024;

/** What one round needs to know. */
export interface RoundPlan {
  readonly sources: readonly DirtySource[];
  /** Which entries to collect; all when `undefined`. */
  readonly select: FlushSelection | undefined;
  /** Writes of callers, which land in the commit of what is collected. */
  readonly direct: readonly Unit[];
  /** The last chance before the state is given up: every refused entry is tried once more. */
  readonly last: boolean;
  /** Whether to find out by an empty commit if the backend is back, when nothing else tells. */
  readonly probe: boolean;
}

/** What a round works with. */
export interface RoundContext {
  readonly committer: Pick<Committer, "commit" | "capabilities">;
  readonly host: Pick<Host, "clock" | "logger">;
  readonly refused: RefusedEntries;
  readonly maxCommits: number;
}

/** An entry that a round collected, and what became of it. */
interface FlushedItem {
  readonly item: CollectedEntry;
  readonly state: UnitState;
}

/** What a round did. */
export class RoundResult {
  /** Callers' writes and what became of them. */
  readonly direct: ReadonlyMap<Unit, UnitState>;
  /** The error, other than a refusal, that ended the round. */
  readonly failure: Error | undefined;
  /** Commits that succeeded. */
  readonly commits: number;
  /** Entries that the backend refused for the first time in this state. */
  readonly newlyRefused: readonly IsolatedEntry[];
  readonly #items: readonly FlushedItem[];
  readonly #collected: boolean;
  readonly #durationMs: number;
  /** The report on everything, once it was asked for: the event, and most callers, want this one. */
  #whole: FlushReport | undefined;

  constructor(
    run: IsolatingCommit,
    parts: {
      readonly items: readonly FlushedItem[];
      readonly collectError: Error | undefined;
      readonly newlyRefused: readonly IsolatedEntry[];
      readonly durationMs: number;
    },
  ) {
    this.direct = run.states;
    this.failure = parts.collectError ?? run.failure;
    this.commits = run.commits;
    this.newlyRefused = parts.newlyRefused;
    this.#items = parts.items;
    this.#collected = parts.collectError === undefined;
    this.#durationMs = parts.durationMs;
  }

  /** What the round did to the entries that a caller selected. */
  reportFor(select: FlushSelection | undefined): FlushReport {
    if (select !== undefined) return this.#report(select);
    this.#whole ??= this.#report(undefined);
    return this.#whole;
  }

  /** Why nothing of what a caller selected is durable; `undefined` when some of it is, or when there was nothing to do. */
  errorFor(select: FlushSelection | undefined): Error | undefined {
    if (!this.#collected) return this.failure;
    let first: Error | undefined;
    for (const { item, state } of this.#items) {
      if (select !== undefined && !select(item.source.name, item.entry.key)) continue;
      if (state.kind === "committed") return undefined;
      first ??= state.error;
    }
    return first === undefined ? undefined : (this.failure ?? first);
  }

  #report(select: FlushSelection | undefined): FlushReport {
    const isolated: IsolatedEntry[] = [];
    const report = { committed: 0, writes: 0, rows: 0, bytes: 0 };
    for (const { item, state } of this.#items) {
      if (select !== undefined && !select(item.source.name, item.entry.key)) continue;
      if (state.kind !== "committed") {
        isolated.push(isolatedEntry(item, state));
        continue;
      }
      report.committed += 1;
      report.writes += item.entry.writes.length;
      for (const rows of state.changed) report.rows += rows;
      report.bytes += estimateBytes(item.entry.writes);
    }
    return { ...report, isolated, durationMs: this.#durationMs };
  }
}

/**
 * One round: collects what is dirty, commits it together with the callers' writes, isolates what the backend refuses,
 * and hands out the outcomes. No source gets its outcome before the round is over, and each collected source gets
 * exactly one. It never rejects.
 */
export async function runRound(context: RoundContext, plan: RoundPlan): Promise<RoundResult> {
  const { refused } = context;
  const { clock } = context.host;
  const startedAtMs = clock.nowMs();
  const run = new IsolatingCommit(context.committer, context.maxCommits);
  const { sources, items, error: collectError } = collect(plan);
  if (collectError === undefined) {
    await commitItems(run, items, plan, context);
    if (plan.probe && run.commits === 0 && run.failure === undefined) await run.probe();
  }
  const nowMs = clock.nowMs();
  const fallback: UnitState = { kind: "unresolved", error: collectError ?? new Error("flush: not reached") };
  const flushed = items.map((item) => ({ item, state: stateOf(run, item, refused) ?? fallback }));
  const newlyRefused = remember(run, flushed, refused, nowMs);
  if (plan.select === undefined && collectError === undefined) refused.keepOnly(items);
  applyOutcomes(sources, flushed, context.host);
  return new RoundResult(run, {
    items: flushed,
    collectError,
    newlyRefused,
    durationMs: nowMs - startedAtMs,
  });
}

/** An entry as the unit that is committed for it. */
interface EntryUnit extends CollectedEntry, Unit {}

/** What was collected from which sources, up to the first source that threw. */
function collect({ sources, select }: RoundPlan): {
  sources: DirtySource[];
  items: EntryUnit[];
  error: Error | undefined;
} {
  const items: EntryUnit[] = [];
  const collected: DirtySource[] = [];
  for (const source of sources) {
    const only = select === undefined ? undefined : (key: string): boolean => select(source.name, key);
    try {
      for (const entry of source.collect(only)) items.push({ source, entry, writes: entry.writes });
    } catch (error) {
      const reason = error instanceof Error ? error : new Error("collect: threw no error");
      return { sources: collected, items, error: reason };
    }
    collected.push(source);
  }
  return { sources: collected, items, error: undefined };
}

async function commitItems(
  run: IsolatingCommit,
  items: readonly EntryUnit[],
  plan: RoundPlan,
  { refused, host }: RoundContext,
): Promise<void> {
  const together: EntryUnit[] = [];
  const suspects = new Set<Unit>();
  const alone: EntryUnit[] = [];
  const now = plan.last ? Number.POSITIVE_INFINITY : host.clock.nowMs();
  const maxAlone = plan.last ? MAX_LAST_RETRIES : MAX_RETRIES_PER_FLUSH;
  for (const item of items) {
    const standing = refused.standing(item, now);
    if (standing === "fresh" || standing === "changed") together.push(item);
    if (standing === "changed") suspects.add(item);
    if (standing === "due" && alone.length < maxAlone) alone.push(item);
  }
  if (together.length + plan.direct.length > 0) await run.run(together, plan.direct, suspects);
  await run.runAlone(alone);
}

/** What became of an entry: what the run says, or that it is refused and was left out. */
function stateOf(run: IsolatingCommit, item: EntryUnit, refused: RefusedEntries): UnitState | undefined {
  const state = run.states.get(item);
  const error = refused.errorOf(item);
  if (state === undefined) return error === undefined ? undefined : { kind: "refused", error };
  return state;
}

function remember(
  run: IsolatingCommit,
  flushed: readonly { readonly item: EntryUnit; readonly state: UnitState }[],
  refused: RefusedEntries,
  nowMs: number,
): IsolatedEntry[] {
  const news: IsolatedEntry[] = [];
  for (const { item, state } of flushed) {
    if (state.kind === "committed") refused.accepted(item);
    if (state.kind !== "refused" || run.states.get(item) === undefined) continue;
    if (refused.refused(item, state.error, nowMs)) news.push(isolatedEntry(item, state));
  }
  return news;
}

interface MutableOutcome {
  readonly committed: CollectedVersion[];
  readonly isolated: (CollectedVersion & { readonly error: Error })[];
  readonly failed: CollectedVersion[];
}

/** Tells every source that was collected what became of its entries. One that throws does not keep it from the others. */
function applyOutcomes(
  sources: readonly DirtySource[],
  flushed: readonly FlushedItem[],
  { logger }: Pick<Host, "logger">,
): void {
  const outcomes = new Map<DirtySource, MutableOutcome>();
  for (const source of sources) outcomes.set(source, { committed: [], isolated: [], failed: [] });
  for (const { item, state } of flushed) {
    const { key, generation } = item.entry;
    const outcome = outcomes.get(item.source);
    if (state.kind === "committed") outcome?.committed.push({ key, generation });
    else if (state.kind === "refused") outcome?.isolated.push({ key, generation, error: state.error });
    else outcome?.failed.push({ key, generation });
  }
  for (const [source, outcome] of outcomes) {
    try {
      source.applyOutcome(outcome);
    } catch (error) {
      logSourceFault(logger, source.name, "applying an outcome", error);
    }
  }
}

function isolatedEntry(
  { source, entry }: CollectedEntry,
  state: Exclude<UnitState, { kind: "committed" }>,
): IsolatedEntry {
  const reason = state.kind;
  return { source: source.name, key: entry.key, generation: entry.generation, reason, error: state.error };
}
