import { BackendError, ClosedError, RefusedError } from "../errors/mod.ts";
import type { FlushReport, FlushSelection } from "../write_behind/mod.ts";
import type { AnyEntry } from "./dirty_set.ts";
import { SIGNAL_FLUSHABLE } from "./flushable_signal_state.ts";

/** What the gate needs of the flush engine. */
export interface GateEngine {
  flushOnly(select: FlushSelection): Promise<FlushReport>;
  assertOpen(): void;
}

/** A gate that somebody waits for. */
interface Wanted {
  readonly entry: AnyEntry;
  /** What has to be committed for the caller's own message, whatever is put meanwhile. */
  readonly generation: number;
}

/**
 * Waits until the gates of `entries`, as they are now, are open: commits what closed them, unless somebody does already. The
 * identities of the same addresses land in the same commit.
 *
 * @param isLive Whether the cache still knows the entries.
 * @throws {StoreError} When they could not be opened.
 */
export async function openGates(
  engine: GateEngine,
  entries: Iterable<AnyEntry>,
  isLive: () => boolean,
): Promise<void> {
  engine.assertOpen();
  const wanted: Wanted[] = [];
  for (const entry of entries) {
    if (!entry.isGated) continue;
    wanted.push({ entry, generation: entry.gate });
    if (entry.partner !== undefined) wanted.push(entry.partner);
  }
  if (wanted.length === 0) return;
  const keys = new Set<string>();
  for (const { entry } of wanted) keys.add(entry.key).add(`identity:${entry.address}`);
  let report: FlushReport | undefined;
  let failure: unknown;
  try {
    report = await engine.flushOnly((flushable, key) => flushable === SIGNAL_FLUSHABLE && keys.has(key));
  } catch (error) {
    failure = error;
  }
  if (!isLive()) throw new ClosedError("publish: the cache was cleared, and the message's key with it");
  const shut = wanted.filter(({ entry, generation }) => generation > entry.committed);
  if (shut.length === 0) return;
  throw failure ?? refusalOf(shut, report);
}

/** Why gates are shut after a flush that did commit something. */
function refusalOf(shut: readonly Wanted[], report: FlushReport | undefined): Error {
  const keys = new Set(shut.map(({ entry }) => entry.key));
  const isolated = report?.isolated.find(
    ({ flushable, key }) => flushable === SIGNAL_FLUSHABLE && keys.has(key),
  );
  const cause = isolated?.error;
  const message = "publish: what the message was made with could not be saved";
  return cause instanceof RefusedError
    ? new RefusedError(message, { cause })
    : new BackendError(message, { cause });
}
