import { StoreError, type StoreErrorCode } from "../errors/mod.ts";
import type { Logger } from "../ports/mod.ts";
import type { FlushReport, IsolatedItem } from "./flush_report.ts";

/** An error in the form of health, events and logs. */
export interface ErrorSummary {
  /**
   * The code of a `StoreError`; `unexpected` for any other error, whose message may contain secrets and is
   * left out.
   */
  readonly code: StoreErrorCode | "unexpected";
  /** The message of a `StoreError`; of any other error only the name of its class. */
  readonly message: string;
}

/**
 * An event of the engine.
 *
 * - `flushed`: a commit succeeded; the report covers all items collected for it.
 * - `failed`: some or all items could not be committed, for another reason than a refusal. Retried at
 *   `retryAtMs`.
 * - `halted`: the number of consecutive failures reached the limit; gates stay closed until `resumed`.
 * - `resumed`: a commit succeeded after the engine was halted, after `failures` failures.
 * - `isolated`: the backend refused items for the first time in their present state.
 * - `fenced`: a later owner has opened the account; this engine saves nothing any more.
 * - `restored`: the database turned out to be an older or a forked copy when the account was opened, and has
 *   raised the restore epoch by itself, to `restoreEpoch`. Every listener gets it, as soon as it is added.
 */
export type WriteBehindEvent =
  | { readonly kind: "flushed"; readonly report: FlushReport }
  | {
      readonly kind: "failed";
      readonly error: ErrorSummary;
      readonly consecutiveFailures: number;
      readonly retryAtMs: number;
    }
  | { readonly kind: "halted"; readonly error: ErrorSummary; readonly consecutiveFailures: number }
  | { readonly kind: "resumed"; readonly failures: number }
  | { readonly kind: "isolated"; readonly items: readonly IsolatedItem[] }
  | { readonly kind: "fenced"; readonly error: ErrorSummary }
  | { readonly kind: "restored"; readonly restoreEpoch: number };

/**
 * Called with events, in order. It must return quickly: the engine continues afterwards. Its errors are
 * logged and ignored.
 */
export type WriteBehindListener = (event: WriteBehindEvent) => void;

/** Summarizes an error without secrets. */
export function summarizeError(error: unknown): ErrorSummary {
  if (error instanceof StoreError) return { code: error.code, message: error.message };
  return { code: "unexpected", message: error instanceof Error ? error.name : "not an error" };
}

/** Logs an error without secrets. @param fields What else the line says. */
export function logError(
  logger: Logger,
  what: string,
  error: unknown,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  const { code, message } = summarizeError(error);
  logger.log("error", what, { ...fields, code, error: message });
}

/** Logs an error that a flushable must not throw. The engine continues with the other flushables. */
export function logFlushableFault(logger: Logger, flushable: string, action: string, error: unknown): void {
  logError(logger, `write-behind: a flushable threw while ${action}`, error, { flushable });
}

/** Passes events to listeners. An error of a listener affects neither the engine nor other listeners. */
export class EventHub {
  /** `undefined` until the first one is added. */
  #listeners: Set<WriteBehindListener> | undefined;
  readonly #logger: Logger;
  readonly #first: WriteBehindEvent | undefined;

  /** @param first Precedes all others. It happened before a listener could be added, so each gets it then. */
  constructor(logger: Logger, first?: WriteBehindEvent) {
    this.#logger = logger;
    this.#first = first;
  }

  /**
   * Adds a listener and returns a function that removes it. Adding a listener twice has no further effect.
   */
  add(listener: WriteBehindListener): () => void {
    this.#listeners ??= new Set();
    const listeners = this.#listeners;
    if (this.#first !== undefined && !listeners.has(listener)) this.#call(listener, this.#first);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  emit(event: WriteBehindEvent): void {
    for (const listener of [...(this.#listeners ?? [])]) this.#call(listener, event);
  }

  #call(listener: WriteBehindListener, event: WriteBehindEvent): void {
    try {
      listener(event);
    } catch (error) {
      logError(this.#logger, "write-behind: a listener threw", error, { event: event.kind });
    }
  }
}
