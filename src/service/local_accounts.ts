import type { Account } from "../account/mod.ts";
import type { Backend, Write } from "../backend/mod.ts";
import { encodeBase64 } from "../bytes/mod.ts";
import { BusyError, ClosedError, LimitError, requireObject } from "../errors/mod.ts";
import { type Clock, type Scheduler, systemRandom, TimerScheduler, Turns } from "../ports/mod.ts";
import { signalCacheStats } from "../signal/mod.ts";
import type { AccountHandle, AccountService } from "./account_handle.ts";
import { ACCOUNT_OPERATIONS, forwardOperations, runOperation } from "./account_operations.ts";
import type { BackupStats } from "./account_stats.ts";
import { type AnswerStream, openStream, type StreamedAnswer } from "./answer_stream.ts";
import { CallTraffic } from "./call_traffic.ts";
import { HostedAccount } from "./hosted_account.ts";
import { OpenOnce } from "./open_once.ts";
import type { Admission, Registry } from "./registry.ts";
import { RequestMeter } from "./request_meter.ts";

/** Default of `LocalAccountsOptions.maxAccounts`. */
const MAX_ACCOUNTS = 1_000;

/** Maximum number of streamed answers of one account that are read at once. */
const MAX_STREAMS = 16;

/**
 * Maximum number of remembered deletions, of remembered replacements, and of accounts whose requests are
 * counted. A request that was admitted before that many of them has ended.
 */
const MAX_REMEMBERED = 10_000;

/** Options of `LocalAccounts`. */
export interface LocalAccountsOptions {
  /** Names of accounts, and tokens. The service does not close it. */
  readonly registry: Registry;
  /** Measures ages, limits of rates and idle times. */
  readonly clock: Clock;
  /** Gives up streamed answers whose reader stalls. Defaults to timers of the host. */
  readonly scheduler?: Scheduler | undefined;
  /** Opens the backend of an account. The service owns it and closes it. */
  openBackend(name: string): Promise<Backend>;
  /** Opens an account over a backend that `openBackend` has opened. */
  openAccount(name: string, backend: Backend): Promise<Account>;
  /** Called with the limit of an account, such as `maxBytes`, that has refused a request for it. */
  onRefused?(name: string, rule: string): void;
  /** What `ScheduledBackups` knows of an account, for its statistics. */
  backupStats?(name: string): BackupStats | undefined;
  /**
   * Maximum number of open accounts. Above it the least recently used one is closed. Accounts in use are not
   * closed, so their number may exceed the maximum. Defaults to 1,000.
   */
  readonly maxAccounts?: number | undefined;
}

/** An account that is open, or that a request is about to open. */
interface Slot {
  /** Distinguishes the account from others of its name: another service may delete and register it anew. */
  readonly registeredAtMs: number;
  readonly hosted: HostedAccount;
  /** The bare backend. */
  readonly backend: OpenOnce<Backend>;
  /** Answers that are being read. */
  readonly streams: Set<AnswerStream>;
  /** Number of requests and answers that use the account now. */
  users: number;
  /** Called when the last of them ends. */
  onIdle: (() => void) | undefined;
  /** Why the account is being closed, if it is. No answer is streamed any more. */
  closing: Error | undefined;
}

/**
 * The accounts of databases that this process opens: the `AccountService` of Node, Deno and Bun. Close it
 * before the process ends.
 */
export class LocalAccounts implements AccountService, AsyncDisposable {
  /** Names of accounts, and tokens. */
  readonly registry: Registry;
  readonly #options: LocalAccountsOptions;
  /** In the order of their last use, the least recent first. */
  readonly #slots = new Map<string, Slot>();
  /** Accounts that are being closed or deleted. A request for one of them waits. */
  readonly #leaving = new Map<string, Promise<void>>();
  /**
   * The latest registration time of each name that was deleted. A request that was admitted before the
   * deletion and arrives after it must not write anything or delete the next account of the name.
   */
  readonly #deletions = new Map<string, number>();
  /** Accounts that `whileClosed` works on. A request for one of them is refused. */
  readonly #aside = new Set<string>();
  /**
   * The latest work of `whileClosed` on each name. A request that was admitted before its end was meant for
   * what the account was then.
   */
  readonly #replacements = new Map<string, object>();
  readonly #scheduler: Scheduler;
  readonly #traffic = new CallTraffic();
  /** Counts the requests of accounts that have a limit of them. */
  readonly #meters = new Map<string, RequestMeter>();
  readonly #turns = new Turns();
  /** Separates its tasks from those of others on the same scheduler. */
  readonly #name = encodeBase64(systemRandom.bytes(9));
  /** Number of streamed answers. */
  #streamed = 0;
  #closed = false;

  /**
   * Opens nothing: an account is opened by the first request that needs it. @throws {TypeError} When the
   * options are no object.
   */
  constructor(options: LocalAccountsOptions) {
    requireObject("create accounts: options", options);
    this.#scheduler = options.scheduler ?? new TimerScheduler(options.clock);
    this.registry = options.registry;
    this.#options = options;
  }

  /**
   * The operations on one account, for one request. Opens nothing. A request that was admitted before the
   * account was deleted is refused, and one before the end of `whileClosed`, with a `BusyError`: nothing of it
   * was carried out.
   */
  account(name: string, registeredAtMs: number, limits: Admission["limits"] = {}): AccountHandle {
    const replacement = this.#replacements.get(name);
    const requireSame = (): void => {
      if (this.#aside.has(name) || this.#replacements.get(name) !== replacement) throw replaced();
    };
    return forwardOperations(async (operation, input) => {
      if (this.#aside.has(name)) throw replaced();
      await this.#settled(name, registeredAtMs);
      const isDeleted = this.#isDeleted(name, registeredAtMs);
      if (operation === "deleteAccount") {
        if (isDeleted) return undefined;
        requireSame();
        await this.#leave(name, () => this.#delete(name, registeredAtMs));
        return undefined;
      }
      if (isDeleted) throw deleted();
      requireSame();
      return await this.#use(name, registeredAtMs, async (slot) => {
        slot.hosted.limits = limits;
        const answer = await runOperation(slot.hosted, operation, input).catch((error: unknown) => {
          this.#tellRefusal(name, error);
          throw error;
        });
        const isCall = ACCOUNT_OPERATIONS[operation].answers === "call";
        return isCall && !(answer instanceof Uint8Array)
          ? this.#inUse(slot, answer as StreamedAnswer)
          : answer;
      });
    });
  }

  /** Bounds the requests that are carried out at once, and those of a minute. */
  enter(
    name: string,
    bodyBytes: number,
    limits: Admission["limits"] = {},
  ): ReturnType<NonNullable<AccountService["enter"]>> {
    if (limits.requestsPerMinute !== undefined) {
      const meter = this.#meters.get(name) ?? new RequestMeter();
      remember(this.#meters, name, meter);
      try {
        meter.count(this.#options.clock.nowMs(), limits);
      } catch (error) {
        this.#tellRefusal(name, error);
        throw error;
      }
    }
    return this.#traffic.enter(name, bodyBytes);
  }

  /**
   * What is known of the stored size of an account that was used here lately and has limits: at most how much,
   * and the limit that refused the last write that would have stored more. Asks no database.
   */
  usage(name: string):
    | {
        readonly stored: { readonly bytes: number; readonly rows?: number | undefined } | undefined;
        readonly refusal: LimitError["limit"];
      }
    | undefined {
    return this.#slots.get(name)?.hosted.usage;
  }

  /**
   * Calls `work` with an account that is open here, which is not closed before it returns. Opens nothing, and
   * is no use that keeps other accounts from being closed before this one.
   *
   * @param work Calls `requireOpen` from time to time: it throws once the account is to be closed.
   * @returns What `work` returns; `undefined` when the account is not open.
   */
  async whileOpen<T>(
    name: string,
    registeredAtMs: number,
    work: (account: Account, requireOpen: () => void) => Promise<T>,
  ): Promise<T | undefined> {
    const slot = this.#slots.get(name);
    if (slot?.registeredAtMs !== registeredAtMs) return undefined;
    slot.users += 1;
    try {
      const account = await slot.hosted.openedAccount();
      if (account === undefined) return undefined;
      return await work(account, () => {
        if (slot.closing !== undefined) throw slot.closing;
      });
    } finally {
      this.#unuse(slot);
    }
  }

  /**
   * Closes an account that is open here, after a last flush, and calls `work` with a bare backend of it:
   * to set the account aside, or to replace it. Requests for the account are refused until that is done.
   *
   * @throws {BusyError} When other work of this kind runs on the account. `work` is not called.
   * @throws {ClosedError} When the account was deleted, or the service is closed. `work` is not called.
   * @throws {StoreError} When state of the open account cannot be saved. `work` is not called.
   */
  async whileClosed<T>(
    name: string,
    registeredAtMs: number,
    work: (backend: Backend) => Promise<T>,
  ): Promise<T> {
    if (this.#aside.has(name)) throw replaced();
    this.#aside.add(name);
    try {
      await this.#settled(name, registeredAtMs);
      return await this.#replace(name, registeredAtMs, work);
    } finally {
      this.#aside.delete(name);
      remember(this.#replacements, name, {});
    }
  }

  async #replace<T>(
    name: string,
    registeredAtMs: number,
    work: (backend: Backend) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw closed();
    if (this.#isDeleted(name, registeredAtMs)) throw deleted();
    let done: { readonly result: T } | undefined;
    const run = async (): Promise<void> => {
      const stored = await this.registry.admit(undefined, name);
      if (stored.registeredAtMs !== registeredAtMs || stored.account !== "present") throw deleted();
      const backend = await this.#options.openBackend(name);
      try {
        done = { result: await work(backend) };
      } finally {
        await backend.close();
      }
    };
    await this.#leave(name, run, new ClosedError("use account: it is being set aside or replaced"));
    return (done as unknown as { readonly result: T }).result;
  }

  /**
   * Closes every account, after a last flush. Running operations are carried out, streamed answers are cut.
   *
   * @throws {StoreError} When some state cannot be saved. Every account is closed nevertheless.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const names = [...this.#slots.keys(), ...this.#leaving.keys()];
    const outcomes = await Promise.allSettled(names.map((name) => this.#leave(name)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Closes the service: see `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Waits until nothing of an earlier account of the name is left here. */
  async #settled(name: string, registeredAtMs: number): Promise<void> {
    for (;;) {
      const slot = this.#slots.get(name);
      const leaving = this.#leaving.get(name);
      if (leaving !== undefined) await leaving.catch(() => {});
      // Another service has deleted the account and registered its name anew.
      else if (slot !== undefined && slot.registeredAtMs < registeredAtMs)
        await this.#leave(name).catch(() => {});
      else return;
    }
  }

  async #use<T>(name: string, registeredAtMs: number, work: (slot: Slot) => Promise<T>): Promise<T> {
    if (this.#closed) throw closed();
    const slot = this.#slots.get(name) ?? this.#newSlot(name, registeredAtMs);
    if (slot.registeredAtMs > registeredAtMs) throw deleted();
    this.#slots.delete(name);
    this.#slots.set(name, slot);
    slot.users += 1;
    try {
      return await work(slot);
    } finally {
      this.#unuse(slot);
    }
  }

  #tellRefusal(name: string, error: unknown): void {
    if (error instanceof LimitError && error.limit !== undefined)
      this.#options.onRefused?.(name, error.limit.rule);
  }

  #unuse(slot: Slot): void {
    slot.users -= 1;
    if (slot.users === 0) slot.onIdle?.();
    this.#shrink();
  }

  /** Returns a streamed answer that keeps the account in use until it ends or is cut. */
  #inUse(slot: Slot, answer: StreamedAnswer): StreamedAnswer {
    const refusal =
      slot.closing ??
      (slot.streams.size < MAX_STREAMS
        ? undefined
        : new LimitError(`read: ${MAX_STREAMS} streamed answers of the account are being read`));
    if (refusal !== undefined) {
      void answer[Symbol.asyncIterator]().return?.();
      throw refusal;
    }
    this.#streamed += 1;
    const stream = openStream(answer, {
      clock: this.#options.clock,
      scheduler: this.#scheduler,
      name: `service ${this.#name}: answer ${this.#streamed}`,
      onEnd: () => {
        slot.streams.delete(stream);
        this.#unuse(slot);
      },
    });
    slot.streams.add(stream);
    slot.users += 1;
    return stream.answer;
  }

  #newSlot(name: string, registeredAtMs: number): Slot {
    const { clock, openBackend, openAccount } = this.#options;
    const backend = new OpenOnce(() => openBackend(name));
    const hosted = new HostedAccount({
      clock,
      backend: () => backend.get(),
      signalStats: signalCacheStats,
      backupStats: () => this.#options.backupStats?.(name),
      startPacer: () => this.#turns.start(),
      open: async () => await openAccount(name, await openBackend(name)),
    });
    return {
      registeredAtMs,
      hosted,
      backend,
      streams: new Set(),
      users: 0,
      onIdle: undefined,
      closing: undefined,
    };
  }

  #isDeleted(name: string, registeredAtMs: number): boolean {
    return registeredAtMs <= (this.#deletions.get(name) ?? Number.NEGATIVE_INFINITY);
  }

  async #delete(name: string, registeredAtMs: number): Promise<void> {
    const backend = await this.#options.openBackend(name);
    try {
      // Ids of accounts are not used again, so this id is that of an earlier account if the registration is
      // still there after it was read. If not, another service has carried out the deletion.
      const accountId = await backend.create();
      // What is set aside under the name goes with it: the next one of the name may be another customer's.
      const kept = (await backend.listSetAside()).filter(({ isOwn }) => isOwn);
      const ids = [...kept.map((own) => own.accountId), accountId];
      const writes = ids.map((id): Write => ({ kind: "account.delete", accountId: id }));
      const stored = await this.registry.admit(undefined, name);
      if (stored.registeredAtMs === registeredAtMs) await backend.commit(writes);
    } finally {
      await backend.close();
    }
    remember(this.#deletions, name, registeredAtMs);
  }

  /** Closes the least recently used accounts that are not in use. */
  #shrink(): void {
    const max = this.#options.maxAccounts ?? MAX_ACCOUNTS;
    for (const [name, { users }] of this.#slots) {
      if (this.#slots.size <= max) return;
      // A failure loses nothing: commands are durable before they are answered.
      if (users === 0) this.#leave(name).catch(() => {});
    }
  }

  /**
   * Closes an account after its last request has ended, and then calls `then`. Requests for the account wait
   * until both are done.
   *
   * @param reason What readers of streamed answers are told.
   */
  async #leave(name: string, then?: () => Promise<void>, reason = deleted()): Promise<void> {
    const slot = this.#slots.get(name);
    if (slot === undefined && then === undefined) return await this.#leaving.get(name);
    this.#slots.delete(name);
    const before = this.#leaving.get(name);
    const leave = async (): Promise<void> => {
      await before?.catch(() => {});
      if (slot !== undefined) await closeSlot(slot, this.#closed ? closed() : reason);
      await then?.();
    };
    const leaving = leave().finally(() => {
      if (this.#leaving.get(name) === leaving) this.#leaving.delete(name);
    });
    this.#leaving.set(name, leaving);
    await leaving;
  }
}

async function closeSlot(slot: Slot, reason: Error): Promise<void> {
  slot.closing = reason;
  // A reader that has stalled would keep the account in use.
  for (const stream of slot.streams) stream.cut(reason);
  if (slot.users > 0) {
    await new Promise<void>((resolve) => {
      slot.onIdle = resolve;
    });
  }
  try {
    await slot.hosted.close();
  } finally {
    await (await slot.backend.take())?.close();
  }
}

/** Sets the latest value of a name, and forgets the oldest name beyond the limit. */
function remember<T>(values: Map<string, T>, name: string, value: T): void {
  values.delete(name);
  values.set(name, value);
  const [oldest] = values.keys();
  if (values.size > MAX_REMEMBERED && oldest !== undefined) values.delete(oldest);
}

function replaced(): BusyError {
  return new BusyError("use account: it is being set aside or replaced");
}

function closed(): ClosedError {
  return new ClosedError("use account: the service is closed");
}

function deleted(): ClosedError {
  return new ClosedError("use account: the account was deleted");
}
