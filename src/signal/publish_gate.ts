import { BackendError, ClosedError, RefusedError } from "../errors/mod.ts";
import type { FlushReport, FlushSelection } from "../write_behind/mod.ts";
import type { AnyEntry } from "./dirty_set.ts";
import { SIGNAL_FLUSHABLE } from "./flushable_signal_state.ts";

/** The part of the flush engine that gates use. */
export interface GateEngine {
  flushOnly(select: FlushSelection): Promise<FlushReport>;
  assertOpen(): void;
  assertUsable(): void;
}

/** A change that must be committed. */
interface Wanted {
  readonly entry: AnyEntry;
  /** The generation that the caller needs, independent of later puts. */
  readonly generation: number;
}

/**
 * Opens the gates of `entries` that are closed at the call: commits the changes that closed them, or waits
 * for the running commit. The identities of the same addresses land in the same commit. When one gate stays
 * closed, the messages of all `entries` must not be sent, and their keys count as burned.
 *
 * @param isLive Returns whether the entries are still in the cache.
 * @throws {HaltedError} When a gate is closed and saving is halted.
 * @throws {StoreError} When a gate could not be opened.
 */
export async function openGates(
  engine: GateEngine,
  entries: readonly AnyEntry[],
  isLive: () => boolean,
): Promise<void> {
  engine.assertUsable();
  const wanted: Wanted[] = [];
  for (const entry of entries) {
    if (!entry.isGated) continue;
    wanted.push({ entry, generation: entry.gate });
    if (entry.partner !== undefined) wanted.push(entry.partner);
  }
  if (wanted.length === 0) return;
  let error: unknown;
  try {
    engine.assertOpen();
    error = await commitWanted(engine, wanted, "publish: the state of the message could not be saved");
  } catch (halted) {
    error = halted;
  }
  if (!isLive()) throw new ClosedError("publish: the cache was cleared, and the message's key with it");
  if (error !== undefined) fail(entries, error);
}

/**
 * Commits `entries` as they are at the call, together with the identities of their addresses. When one of
 * them cannot be committed, keys count as burned as with `openGates`.
 *
 * @throws {StoreError} When one of them could not be committed.
 */
export async function commitEntries(engine: GateEngine, entries: readonly AnyEntry[]): Promise<void> {
  engine.assertUsable();
  const wanted = entries
    .filter(({ isDirty }) => isDirty)
    .map((entry) => ({ entry, generation: entry.generation }));
  if (wanted.length === 0) return;
  const error = await commitWanted(engine, wanted, "save Signal state: refused");
  if (error !== undefined) fail(entries, error);
}

/** Counts the keys of the entries' messages as burned, because they are never sent. */
function fail(entries: readonly AnyEntry[], error: unknown): never {
  for (const entry of entries) entry.owner.forfeit(entry);
  throw error;
}

/** Commits the changes. Returns the error when one of them is not committed; `undefined` when all are. */
async function commitWanted(
  engine: GateEngine,
  wanted: readonly Wanted[],
  message: string,
): Promise<unknown> {
  const keys = new Set<string>();
  for (const { entry } of wanted) keys.add(entry.key).add(`identity:${entry.address}`);
  let report: FlushReport | undefined;
  let failure: unknown;
  try {
    report = await engine.flushOnly((flushable, key) => flushable === SIGNAL_FLUSHABLE && keys.has(key));
  } catch (error) {
    failure = error;
  }
  const left = wanted.filter(({ entry, generation }) => generation > entry.committed);
  return left.length === 0 ? undefined : (failure ?? refusalOf(left, report, message));
}

/** The error for uncommitted changes after a flush that committed others. */
function refusalOf(left: readonly Wanted[], report: FlushReport | undefined, message: string): Error {
  const keys = new Set(left.map(({ entry }) => entry.key));
  const isolated = report?.isolated.find(
    ({ flushable, key }) => flushable === SIGNAL_FLUSHABLE && keys.has(key),
  );
  const cause = isolated?.error;
  return cause instanceof RefusedError
    ? new RefusedError(message, { cause })
    : new BackendError(message, { cause });
}
