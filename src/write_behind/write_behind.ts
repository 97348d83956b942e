import { validateWrites, type Write } from "../backend/mod.ts";
import {
  ArgumentTypeError,
  BackendError,
  ClosedError,
  FencedError,
  RefusedError,
  requireFunction,
  type StoreError,
} from "../errors/mod.ts";
import { BackPressure } from "./back_pressure.ts";
import { logFlushableFault, summarizeError, type WriteBehindListener } from "./events.ts";
import type { FlushReport, FlushSelection } from "./flush_report.ts";
import { runRound } from "./flush_round.ts";
import type { Flushable, Pending, Urgency } from "./flushable.ts";
import type { SaveState, WriteBehindHealth } from "./health.ts";
import { Monitor } from "./monitor.ts";
import {
  requirePositive,
  resolvePolicy,
  type WriteBehindOptions,
  type WriteBehindPolicy,
} from "./options.ts";
import { totalPending } from "./pending.ts";
import { RefusedItems } from "./refused_items.ts";
import { type FlushPurpose, NOW_ITEMS, type Round, RoundQueue } from "./round_queue.ts";
import { Saver } from "./saver.ts";

/** The background saver of an engine. */
export interface SaverHandle extends AsyncDisposable {
  /**
   * Stops automatic saving and flushes a last time. Idempotent: a second call returns the first one's
   * promise.
   *
   * @throws {StoreError} When some items could not be saved. They are still dirty, and the engine keeps
   * working.
   */
  stop(): Promise<void>;
}

/**
 * The flush engine of an account. It writes the dirty items of its flushables in atomic commits,
 * automatically (`run`) and on request (`flush`, `flushOnly`, `commitWith`).
 *
 * - **Ordering.** At most one flush is in flight and one is waiting. A call during a flush joins the waiting
 *   one, which collects later and so includes every change made before the call. Changes made during a flush
 *   stay dirty.
 * - **Durability.** When a call resolves, all items that were dirty before it are durable, except those that
 *   its report lists as isolated. When it rejects, none of them is durable (after an `AmbiguousError` they
 *   may be), and all stay dirty.
 * - **Failure.** A refused item is isolated: the others are committed, and it stays dirty and is retried
 *   alone, with growing pauses. Any other failure leaves all items dirty and is retried with back-off. After
 *   ten consecutive failures gates are closed (`assertOpen`) until a commit succeeds. State is never
 *   discarded.
 * - **Limits.** Writers that `await ready()` before a change wait while too many items or bytes are dirty.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
 * const report = await account.writeBehind.flush();
 * if (report.committed !== 1) throw new Error("nothing was saved");
 * ```
 */
export class WriteBehind {
  readonly #options: WriteBehindOptions;
  readonly #policy: WriteBehindPolicy;
  readonly #flushables: Flushable[] = [];
  readonly #monitor: Monitor;
  readonly #refused: RefusedItems;
  readonly #backPressure: BackPressure;
  readonly #saver: Saver;
  readonly #rounds: RoundQueue;
  #inFlight = false;
  #closing: Promise<void> | undefined;
  #closed = false;

  /**
   * Called by `openAccount`. It saves nothing before `run`, a flush or a direct commit. @throws {RangeError}
   * When a part of the policy is out of range.
   */
  constructor(options: WriteBehindOptions) {
    this.#options = options;
    const policy = resolvePolicy(options.policy);
    this.#policy = policy;
    const { clock, scheduler, createNotifier } = options.host;
    const prefix = options.taskPrefix ?? "";
    this.#monitor = new Monitor(options.host, policy, options.first);
    this.#rounds = new RoundQueue((round) => this.#runRound(round));
    this.#refused = new RefusedItems(policy.refusedRetryMs);
    const times = { ...policy, phaseMs: options.committer.capabilities.savePhaseMs };
    this.#saver = new Saver(options.host, `${prefix}write-behind.save`, times, {
      dirty: () => this.#pending(),
      refused: () => ({ must: this.#refused.count("must"), may: this.#refused.count("may") }),
      refusedRetryAtMs: () => this.#refused.nextRetryAtMs(),
      retryAtMs: () => {
        const { retryAtMs, lastFailureAtMs = 0 } = this.#monitor.health;
        const nowMs = clock.nowMs();
        // If the clock stepped back since the failure, both are in the future.
        return retryAtMs !== undefined && lastFailureAtMs > nowMs ? nowMs : retryAtMs;
      },
      fenced: () => this.#monitor.health.fenced !== undefined,
      release: () => this.#release(),
      renew: () => this.#renew(),
      save: (scope) => this.#save(scope),
    });
    this.#backPressure = new BackPressure({
      clock,
      scheduler,
      createNotifier,
      taskName: `${prefix}write-behind.ready`,
      maxWaitMs: policy.maxWaitMs,
      room: () => this.#room(),
      onFull: () => this.#makeRoom(),
    });
  }

  /** The length of a pause, for flushables that detect pauses themselves. */
  get idleMs(): number {
    return Math.min(this.#policy.idleMs, this.#policy.slowTurnMs);
  }

  /** Adds a flushable. Call `notify` for its changes. @throws {TypeError} When its name is taken. */
  addFlushable(flushable: Flushable): void {
    requireFunction("flushable.pending", flushable?.pending);
    if (this.#flushables.some(({ name }) => name === flushable.name)) {
      throw new TypeError("add flushable: its name is taken");
    }
    this.#flushables.push(flushable);
    const { must, may } = flushable.pending();
    // `must` includes `now` items.
    if (must > 0) this.notify("now");
    if (may > 0) this.notify("may");
  }

  /**
   * Must be called when a flushable becomes dirty. It is cheap, so call it for every change.
   *
   * @param urgency Urgency of the change. `now` is always safe, because the engine checks the items before it
   * writes.
   *
   * @throws {TypeError} When the urgency is none.
   */
  notify(urgency: Urgency = "must"): void {
    if (urgency !== "must" && urgency !== "may" && urgency !== "now")
      throw new ArgumentTypeError("write-behind: no such urgency");
    this.#saver.changed(urgency);
    this.#backPressure.changed();
  }

  /**
   * Starts the background saver. It flushes present dirty items at once, `now` changes within a turn and 50
   * ms, `must` changes within `intervalMs`, and `may` changes at their maximum age or in a pause. Failures
   * are retried with back-off and reported by `health`, events and the logger.
   *
   * @param intervalMs Defaults to the policy's `intervalMs`.
   * @throws {TypeError} When it is running.
   * @throws {RangeError} When `intervalMs` is not a positive integer.
   */
  run(intervalMs: number = this.#policy.intervalMs): SaverHandle {
    requirePositive("write-behind: intervalMs", intervalMs);
    this.assertUsable();
    this.#saver.start(intervalMs);
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => {
      stopped ??= this.#stop();
      return stopped;
    };
    return { stop, [Symbol.asyncDispose]: stop };
  }

  /**
   * Writes all dirty items. Commits nothing when there are none.
   *
   * @throws {StoreError} When no dirty item could be committed; all stay dirty. A `RefusedError` when the
   * backend refuses each of them.
   * @throws {FencedError | ClosedError}
   */
  async flush(): Promise<FlushReport> {
    this.assertUsable();
    return await this.#flush(undefined, {});
  }

  /**
   * As `flush`, after the flushables have released their reserves, as in a pause: a copy of the database that
   * is taken now burns no keys.
   */
  async release(): Promise<FlushReport> {
    this.assertUsable();
    this.#release();
    return await this.flush();
  }

  /**
   * As `flush`, only for the items that `select` accepts. It may share a flush that writes more; the report
   * covers only the selected items.
   */
  async flushOnly(select: FlushSelection): Promise<FlushReport> {
    requireFunction("select", select);
    this.assertUsable();
    return await this.#flush(select, {});
  }

  /**
   * Commits `writes` together with all dirty items and resolves with the number of rows that each write
   * changed.
   *
   * Changes made before the call, and not collected by a flush in flight, land in the same commit, before
   * these writes. Refused items are isolated and do not block the writes. (When the backend refuses without
   * naming a write, the dirty items land first, and these writes in a separate commit right after.) The
   * engine owns the writes and their bytes until the promise settles.
   *
   * When it rejects, none of `writes` has landed, except possibly after an `AmbiguousError`; dirty items may
   * have.
   *
   * @throws {TypeError | RangeError} When a write is malformed.
   * @throws {RefusedError} When the backend refuses one of them; `writeIndex` is its index in `writes`.
   * @throws {StoreError} When the commit failed. The engine does not retry the writes.
   */
  async commitWith(writes: readonly Write[]): Promise<number[]> {
    const { capabilities } = this.#options.committer;
    validateWrites(writes, capabilities);
    this.assertUsable();
    return await this.#rounds.join().commitWith({ writes: [...writes], checked: true });
  }

  /**
   * Rejects calls of `commitWith` that no flush has collected yet, because the state behind their writes is
   * invalid. None of their writes lands.
   */
  rejectWaiting(error: Error): void {
    this.#rounds.rejectDirect(error);
  }

  /**
   * Back-pressure: writers await it before they make an item dirty. It resolves at once below the limits on
   * dirty items and bytes, else after a flush has made room. All calls in one turn of the event loop resolve,
   * so concurrent writers can exceed the limits by one item each.
   *
   * @throws {LimitError} When there is no room within `maxWaitMs`. No state is lost.
   * @throws {FencedError | ClosedError}
   */
  async ready(): Promise<void> {
    this.assertUsable();
    await this.#backPressure.ready();
  }

  /** Whether gates are closed after too many failed commits in a row. The engine keeps retrying. */
  get isHalted(): boolean {
    return this.#monitor.health.halted;
  }

  /**
   * Throws the reason for which the engine saves nothing any more, if there is one.
   *
   * @throws {FencedError | ClosedError} The reason.
   */
  assertUsable(): void {
    if (this.#closing !== undefined) throw new ClosedError("write-behind: closed");
    if (this.#monitor.health.fenced !== undefined) throw this.#monitor.health.fenced;
  }

  /**
   * Guards operations that need a commit to be safe.
   *
   * @throws {HaltedError} While saving is halted.
   * @throws {FencedError | ClosedError} When the engine saves nothing any more.
   */
  assertOpen(): void {
    this.assertUsable();
    this.#monitor.health.assertNotHalted();
  }

  /** The health of saving. */
  health(): WriteBehindHealth {
    const pending = this.#pending();
    const { health } = this.#monitor;
    return {
      state: this.#state(),
      consecutiveFailures: health.consecutiveFailures,
      lastError: health.lastError,
      lastSuccessAtMs: health.lastSuccessAtMs,
      lastFailureAtMs: health.lastFailureAtMs,
      retryAtMs: health.retryAtMs,
      pending,
      oldestDirtyAgeMs:
        pending.oldestAtMs === undefined
          ? undefined
          : Math.max(0, this.#options.host.clock.nowMs() - pending.oldestAtMs),
      isolated: this.#refused.list(),
      waitingWriters: this.#backPressure.waiting,
    };
  }

  /** Adds a listener and returns a function that removes it. */
  onEvent(listener: WriteBehindListener): () => void {
    requireFunction("listener", listener);
    return this.#monitor.events.add(listener);
  }

  /**
   * Rejects further calls, stops the saver and flushes a last time, with a last retry of refused items.
   * Idempotent: a second call returns the first one's promise. The committer stays open: its creator owns it.
   *
   * @throws {StoreError} When items could not be saved: their state is only in the flushables now. The
   * message contains their number, `cause` the reason.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * As `close`, without the last flush: dirty items are discarded, because their stored state is being
   * deleted. Idempotent.
   */
  abandon(): void {
    this.#closing ??= Promise.resolve();
    this.#saver.stop();
    this.#backPressure.close(new ClosedError("write-behind: closed"));
    this.#closed = true;
  }

  async #close(): Promise<void> {
    this.#saver.stop();
    this.#backPressure.close(new ClosedError("write-behind: closed"));
    try {
      await this.#lastFlush("close");
    } finally {
      this.#closed = true;
    }
  }

  async #stop(): Promise<void> {
    if (this.#closing !== undefined) return await this.#closing;
    this.#saver.stop();
    await this.#lastFlush("stop saver");
  }

  /**
   * The flush before the state may be discarded. Its failure rejects its caller and does not count towards
   * halting.
   */
  async #lastFlush(action: string): Promise<void> {
    this.#release();
    const { must, may } = this.#pending();
    if (must + may === 0 && !this.#rounds.busy) return;
    const report = await this.#flush(undefined, { last: true }).catch((error: Error) => error);
    const failed = report instanceof Error ? report : report.isolated[0]?.error;
    if (failed === undefined) return;
    const pending = this.#pending();
    const items = pending.must + pending.may;
    throw unsaved(`${action}: ${items} items could not be saved: ${summarizeError(failed).message}`, failed);
  }

  /** Makes the flushables release their reserves. */
  #release(): void {
    for (const flushable of this.#flushables) {
      try {
        flushable.release?.();
      } catch (error) {
        logFlushableFault(this.#options.host.logger, flushable.name, "releasing its reserve", error);
      }
    }
  }

  /** Lets the flushables raise their reserves. */
  #renew(): void {
    for (const flushable of this.#flushables) {
      try {
        flushable.renew?.();
      } catch (error) {
        logFlushableFault(this.#options.host.logger, flushable.name, "renewing its reserve", error);
      }
    }
  }

  /** A flush by the saver. Health, events and the logger report a failure. */
  async #save(scope: "all" | "now" | "none"): Promise<void> {
    // Only waits for the round that is under way.
    if (scope === "none" && !this.#rounds.busy) return;
    const select = scope === "none" ? () => false : scope === "now" ? NOW_ITEMS : undefined;
    await this.#flush(select, { probe: scope !== "none" }).catch(() => {});
  }

  async #flush(select: FlushSelection | undefined, purpose: FlushPurpose): Promise<FlushReport> {
    return await this.#rounds.join().flush(select, purpose);
  }

  async #runRound(round: Round): Promise<void> {
    const { health } = this.#monitor;
    if (health.fenced !== undefined) return round.reject(health.fenced);
    const { select } = round;
    this.#saver.roundBegan(round.scope);
    this.#inFlight = true;
    const { committer, host } = this.#options;
    const result = await runRound(
      { committer, host, refused: this.#refused, maxCommits: this.#policy.maxCommitsPerFlush },
      {
        flushables: this.#flushables,
        select,
        direct: round.direct,
        last: round.last,
        probe: round.probe && health.consecutiveFailures > 0,
      },
    );
    this.#inFlight = false;
    this.#monitor.judge(result, round.last);
    if (health.fenced !== undefined) this.#backPressure.rejectAll(health.fenced);
    round.answer(result);
    this.#backPressure.wake();
    this.#saver.roundEnded();
  }

  /** Flushes for waiting writers. While saving fails, the back-off decides. */
  #makeRoom(): void {
    if (!this.#rounds.waiting && this.#monitor.health.retryAtMs === undefined) void this.#save("all");
  }

  #room(): number {
    const { must, may, bytes } = this.#pending();
    return bytes >= this.#policy.maxPendingBytes ? 0 : this.#policy.maxPendingItems - must - may;
  }

  #pending(): Pending {
    return totalPending(this.#flushables);
  }

  #state(): SaveState {
    const { health } = this.#monitor;
    if (this.#closed) return "closed";
    if (health.fenced !== undefined) return "fenced";
    if (health.halted) return "halted";
    if (health.consecutiveFailures > 0) return "failing";
    return this.#inFlight ? "saving" : "idle";
  }
}

/** The error for items that the last flush left dirty, of the cause's class where callers may catch it. */
function unsaved(message: string, cause: Error): StoreError {
  if (cause instanceof FencedError) return new FencedError(message, { cause });
  if (cause instanceof RefusedError) return new RefusedError(message, { cause });
  return new BackendError(message, { cause });
}
