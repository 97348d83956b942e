import { validateWrites, type Write } from "../backend/mod.ts";
import { BackendError, ClosedError, FencedError, RefusedError, type StoreError } from "../errors/mod.ts";
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
   * Stops saving by itself and flushes a last time. Idempotent: a second call shares the first.
   *
   * @throws {StoreError} When something could not be saved. It is still dirty; the engine goes on to work.
   */
  stop(): Promise<void>;
}

/**
 * The one flush engine of an account. It writes what its flushables have dirty, in atomic commits, without
 * being asked (`run`) and when asked (`flush`, `flushOnly`, `commitWith`).
 *
 * - **Ordering.** At most one flush is in flight and one is waiting; who calls during a flush joins the
 *   waiting one, which collects later and so includes every change made before the call. Changes made during
 *   a flush stay dirty.
 * - **Durability.** When a call resolves, everything that was dirty before it is durable, save what its
 *   report names as isolated. When it rejects, nothing of it is (save after an `AmbiguousError`, where it may
 *   be), and all of it is dirty.
 * - **Failure.** An item that the backend refuses is isolated: everything else is committed, it stays dirty
 *   and is tried again alone, ever more rarely. Any other failure leaves everything dirty and is tried again
 *   with back-off. After ten consecutive failures gates are shut (`assertOpen`) until a commit succeeds.
 *   State is never dropped.
 * - **Limits.** Writers that `await ready()` before they change something wait while too much is dirty.
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

  constructor(options: WriteBehindOptions) {
    this.#options = options;
    const policy = resolvePolicy(options.policy);
    this.#policy = policy;
    const { clock, scheduler, createNotifier } = options.host;
    const prefix = options.taskPrefix ?? "";
    this.#monitor = new Monitor(options.host, policy);
    this.#rounds = new RoundQueue((round) => this.#runRound(round));
    this.#refused = new RefusedItems(policy.refusedRetryMs);
    this.#saver = new Saver(options.host, `${prefix}write-behind.save`, policy, {
      dirty: () => this.#pending(),
      refused: () => ({ must: this.#refused.count("must"), may: this.#refused.count("may") }),
      refusedRetryAtMs: () => this.#refused.nextRetryAtMs(),
      retryAtMs: () => this.#monitor.health.retryAtMs,
      fenced: () => this.#monitor.health.fenced !== undefined,
      release: () => this.#release(),
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

  /**
   * The policy's `idleMs`: how long nothing has to change to be a pause, for flushables that tell pauses by
   * themselves.
   */
  get idleMs(): number {
    return this.#policy.idleMs;
  }

  /** Adds a flushable. Its changes are signalled by `notify`. @throws {TypeError} When its name is taken. */
  addFlushable(flushable: Flushable): void {
    if (this.#flushables.some(({ name }) => name === flushable.name)) {
      throw new TypeError(`add flushable: name ${JSON.stringify(flushable.name)} is taken`);
    }
    this.#flushables.push(flushable);
    const { must, may } = flushable.pending();
    // It does not say whether some of it must not be lost.
    if (must > 0) this.notify("now");
    if (may > 0) this.notify("may");
  }

  /**
   * Says that a flushable has become dirty. It costs next to nothing and may be called for every change.
   *
   * @param urgency How urgent the change is. `now` is always safe, since the engine looks before it writes.
   */
  notify(urgency: Urgency = "must"): void {
    this.#saver.changed(urgency);
    this.#backPressure.changed();
  }

  /**
   * Starts the background saver: what is dirty already is flushed at once, `now` changes within a turn and 50
   * ms, `must` changes within `intervalMs`, `may` changes at their maximum age or in a pause. Failures are
   * retried with back-off, and reported by `health`, events and the logger.
   *
   * @param intervalMs Defaults to the policy's `intervalMs`.
   * @throws {TypeError} When it is running already.
   * @throws {RangeError} When `intervalMs` is not a positive integer.
   */
  run(intervalMs: number = this.#policy.intervalMs): SaverHandle {
    requirePositive("intervalMs", intervalMs);
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
   * Writes everything that is dirty, `must` and `may`. Without anything dirty it commits nothing.
   *
   * @throws {StoreError} When there was something dirty and nothing of it could be committed: everything
   * stays dirty. A `RefusedError` when the reason is that the backend refuses each of the dirty items.
   * @throws {FencedError | ClosedError}
   */
  async flush(): Promise<FlushReport> {
    this.assertUsable();
    return await this.#flush(undefined, {});
  }

  /**
   * As `flush`, after the flushables released what they hold in reserve, as they do in a pause: a copy of the
   * database that is taken now burns nothing.
   */
  async release(): Promise<FlushReport> {
    this.assertUsable();
    this.#release();
    return await this.flush();
  }

  /**
   * As `flush`, for the items that `select` chooses and no others. It may share a flush that writes more; the
   * report speaks of the chosen ones.
   */
  async flushOnly(select: FlushSelection): Promise<FlushReport> {
    this.assertUsable();
    return await this.#flush(select, {});
  }

  /**
   * Commits `writes` together with everything that is dirty and resolves with the rows that each of them
   * changed.
   *
   * What was changed before the call, and was not collected by a flush already in flight, lands in the same
   * commit, before these writes. Items that the backend refuses are isolated and do not hold the writes back.
   * (When the backend refuses without naming a write, what is dirty lands first and these writes in a commit
   * of their own right after.) The writes and their bytes belong to the engine until the promise settles.
   *
   * When it rejects, nothing of `writes` has landed, save after an `AmbiguousError`; what is dirty may have.
   *
   * @throws {TypeError | RangeError} When a write is malformed.
   * @throws {RefusedError} When the backend refuses one of them; `writeIndex` counts within `writes`.
   * @throws {StoreError} When the commit failed. Nothing is tried again by itself.
   */
  async commitWith(writes: readonly Write[]): Promise<number[]> {
    const { capabilities } = this.#options.committer;
    validateWrites(writes, capabilities);
    this.assertUsable();
    return await this.#rounds.join().commitWith({ writes: [...writes], checked: true });
  }

  /**
   * Back-pressure: writers await it before they make something dirty. It resolves at once while the limits on
   * dirty items and bytes are not reached, else after a flush has made room. Callers that ask in the same
   * turn of the event loop are all let in, so the limits can be exceeded by as many items as there are
   * concurrent writers.
   *
   * @throws {LimitError} When there was no room within `maxWaitMs`. Nothing was dropped.
   * @throws {FencedError | ClosedError}
   */
  async ready(): Promise<void> {
    this.assertUsable();
    await this.#backPressure.ready();
  }

  /** Whether so many commits in a row have failed that gates are shut. The engine goes on trying. */
  get isHalted(): boolean {
    return this.#monitor.health.halted;
  }

  /** @throws {FencedError | ClosedError} When nothing will be saved any more. */
  assertUsable(): void {
    if (this.#closing !== undefined) throw new ClosedError("write-behind: closed");
    if (this.#monitor.health.fenced !== undefined) throw this.#monitor.health.fenced;
  }

  /**
   * Rejects what needs a commit to be safe.
   *
   * @throws {HaltedError} While saving is halted.
   * @throws {FencedError | ClosedError} When nothing will be saved any more.
   */
  assertOpen(): void {
    this.assertUsable();
    this.#monitor.health.assertNotHalted();
  }

  /** How saving is going. */
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

  /** Adds a listener and returns how to remove it. */
  onEvent(listener: WriteBehindListener): () => void {
    return this.#monitor.events.add(listener);
  }

  /**
   * Accepts nothing more, stops the saver and flushes a last time; refused items get a last try. Idempotent:
   * a second call shares the first. The committer stays open: it belongs to its creator.
   *
   * @throws {StoreError} When something could not be saved: its state lives only in the flushables now. The
   * message says how many items, `cause` why.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * As `close`, without the last flush: what is dirty is dropped, with the stored state that it belonged to.
   * Idempotent.
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
   * The flush before the state may be given up. Its failure is its caller's and does not count towards
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

  /** Lets the flushables release their reserves. */
  #release(): void {
    for (const flushable of this.#flushables) {
      try {
        flushable.release?.();
      } catch (error) {
        logFlushableFault(this.#options.host.logger, flushable.name, "releasing its reserve", error);
      }
    }
  }

  /** One turn of the saver. Health, events and the logger report a failure. */
  async #save(scope: "all" | "now"): Promise<void> {
    await this.#flush(scope === "now" ? NOW_ITEMS : undefined, { probe: true }).catch(() => {});
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

  /** Writers wait. While saving fails, the back-off decides when room is made. */
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

/**
 * What is thrown when the last flush left something dirty. Its class is that of the reason where a caller
 * would catch it.
 */
function unsaved(message: string, cause: Error): StoreError {
  if (cause instanceof FencedError) return new FencedError(message, { cause });
  if (cause instanceof RefusedError) return new RefusedError(message, { cause });
  return new BackendError(message, { cause });
}
