import type { Account } from "../account/mod.ts";
import type { SignalRecordStore } from "../backend/mod.ts";
import { LimitError, requireFunction, requireIntegerWithin, requireObject } from "../errors/mod.ts";
import { type Notifier, Notifier as Waiting } from "../ports/mod.ts";
import { sharedSignalState } from "../signal/mod.ts";
import type { ErrorSummary, WriteBehindEvent } from "../write_behind/mod.ts";
import { requireAccount } from "./require_account.ts";

/**
 * What has happened to an open account. Events name no user and no key.
 *
 * - `flush`: a commit succeeded.
 * - `retry`: a save failed, and is tried again at `retryAtMs`.
 * - `saverHalted`: too many saves in a row have failed. Sends that need a commit are refused until
 *   `saverResumed`.
 * - `fenced`: another owner has opened the account, which saves nothing any more.
 * - `quarantined`: a stored record is invalid. It reads as absent, and its bytes are kept aside.
 * - `restored`: the database turned out to be an older copy when the account was opened, and no chain of then
 *   sends any more.
 */
export type AccountEvent =
  | {
      readonly kind: "flush";
      /** Items that are durable now, and those that the backend refused. */
      readonly committed: number;
      readonly isolated: number;
      /** Rows that changed. */
      readonly rows: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: "retry";
      readonly error: ErrorSummary;
      readonly consecutiveFailures: number;
      /** Clock time in milliseconds. */
      readonly retryAtMs: number;
    }
  | { readonly kind: "saverHalted"; readonly error: ErrorSummary; readonly consecutiveFailures: number }
  | { readonly kind: "saverResumed"; readonly failures: number }
  | { readonly kind: "fenced"; readonly error: ErrorSummary }
  | { readonly kind: "quarantined"; readonly store: SignalRecordStore; readonly reason: string }
  | { readonly kind: "restored"; readonly restoreEpoch: number };

/** Called with events, in order. It must return quickly. Its errors are logged and ignored. */
export type AccountEventListener = (event: AccountEvent) => void;

/**
 * Calls a listener with the events of an open account, until it is closed. What happened before is not told,
 * but for `restored`.
 *
 * @returns Removes the listener.
 */
export function onAccountEvent(account: Account, listener: AccountEventListener): () => void {
  requireAccount("listen to account", account);
  requireFunction("listen to account: listener", listener);
  const tell = (event: AccountEvent | undefined): void => {
    if (event !== undefined) listener(event);
  };
  const removals = [
    account.writeBehind.onEvent((event) => tell(eventOfEngine(event))),
    sharedSignalState(account).onEvent((event) => {
      if (event.kind === "quarantined")
        tell({ kind: "quarantined", store: event.store, reason: event.reason });
    }),
  ];
  return () => {
    for (const remove of removals) remove();
  };
}

function eventOfEngine(event: WriteBehindEvent): AccountEvent | undefined {
  switch (event.kind) {
    case "flushed": {
      const { committed, isolated, rows, durationMs } = event.report;
      return { kind: "flush", committed, isolated: isolated.length, rows, durationMs };
    }
    case "failed": {
      const { error, consecutiveFailures, retryAtMs } = event;
      return { kind: "retry", error, consecutiveFailures, retryAtMs };
    }
    case "halted":
      return { kind: "saverHalted", error: event.error, consecutiveFailures: event.consecutiveFailures };
    case "resumed":
      return { kind: "saverResumed", failures: event.failures };
    case "fenced":
      return { kind: "fenced", error: event.error };
    case "restored":
      return { kind: "restored", restoreEpoch: event.restoreEpoch };
    case "isolated":
      return undefined;
  }
}

/** Default of `AccountEventsOptions.limit`. */
const WAITING_EVENTS = 1_000;

/** Options of `accountEvents`. */
export interface AccountEventsOptions {
  /** Events that wait for the reader at most. Defaults to 1,000. */
  readonly limit?: number | undefined;
}

/**
 * The events of an open account, as they happen. It begins to listen at once and ends when the account is
 * closed, or when the reader leaves its loop.
 *
 * @throws {LimitError} From `next`, when more events wait than `limit`: the reader is too slow. It ends then.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { accountEvents } from "@holdfast/store/metrics";
 *
 * const account = await openAccount({ backend: memoryBackend() });
 * const events = accountEvents(account);
 * account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
 * await account.close();
 * for await (const event of events) {
 *   if (event.kind === "flush" && event.committed !== 1) throw new Error("the name was saved");
 * }
 * ```
 */
export function accountEvents(
  account: Account,
  options: AccountEventsOptions = {},
): AsyncIterableIterator<AccountEvent> {
  requireAccount("read account events", account);
  requireObject("read account events: options", options);
  const { limit = WAITING_EVENTS } = options;
  requireIntegerWithin("read account events: limit", limit, 1, Number.MAX_SAFE_INTEGER);
  return new EventStream(account, limit);
}

class EventStream implements AsyncIterableIterator<AccountEvent> {
  readonly #waiting: AccountEvent[] = [];
  readonly #arrived: Notifier = new Waiting();
  readonly #removals: readonly (() => void)[];
  #isOver = false;
  #failure: LimitError | undefined;

  constructor(account: Account, limit: number) {
    const remove = onAccountEvent(account, (event) => {
      if (this.#waiting.length < limit) this.#waiting.push(event);
      else {
        this.#failure = new LimitError(`read account events: ${limit} events are waiting`);
        this.#end();
      }
      this.#arrived.notify(Number.POSITIVE_INFINITY);
    });
    this.#removals = [remove, whenClosed(account, () => this.#end())];
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<AccountEvent, undefined>> {
    for (;;) {
      const listener = this.#arrived.listen();
      const event = this.#waiting.shift();
      if (event !== undefined || this.#isOver) listener.drop();
      if (event !== undefined) return { done: false, value: event };
      if (this.#isOver) break;
      await listener.wait();
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<AccountEvent, undefined>> {
    this.#waiting.length = 0;
    this.#end();
    return { done: true, value: undefined };
  }

  #end(): void {
    this.#isOver = true;
    for (const remove of this.#removals) remove();
    this.#arrived.notify(Number.POSITIVE_INFINITY);
  }
}

/** Calls a function once an account is closed, however that ends. Returns a function that removes it. */
export function whenClosed(account: Account, then: () => void): () => void {
  const awaitEnd = async (): Promise<void> => {
    // The call of `close` that is under way is known in the next turn, and a second call shares it.
    await Promise.resolve();
    await account.close().catch(() => {});
    then();
  };
  if (account.stats().state !== "closed") return account.onClosing(() => void awaitEnd());
  void awaitEnd();
  return () => {};
}
