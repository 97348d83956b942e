import { StoreError, type StoreErrorCode } from "../errors/mod.ts";
import type { Logger } from "../ports/mod.ts";
import type { FlushReport, IsolatedItem } from "./flush_report.ts";

/** An error as health, events and logs show it. */
export interface ErrorSummary {
  /**
   * The code of a `StoreError`; `unexpected` for anything else, whose message is left out: it may hold
   * anything.
   */
  readonly code: StoreErrorCode | "unexpected";
  readonly message: string;
}

/**
 * What the engine tells its listeners.
 *
 * - `flushed`: a commit was made; the report covers everything that was collected for it.
 * - `failed`: nothing, or not everything, could be committed for a reason that is not the data's. Tried again
 *   at `retryAtMs`.
 * - `halted`: that was one failure too many; gates are shut until `resumed`.
 * - `resumed`: a commit succeeded after the engine was halted; there were `failures` failures before it.
 * - `isolated`: the backend refused items that it had not refused in this state before.
 * - `fenced`: a later owner has opened the account; nothing will be saved by this engine again.
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
  | { readonly kind: "fenced"; readonly error: ErrorSummary };

/**
 * Receives events, in order, while the engine goes on: it must return at once. What it throws is logged and
 * dropped.
 */
export type WriteBehindListener = (event: WriteBehindEvent) => void;

/** An error without anything that might be secret. */
export function summarizeError(error: unknown): ErrorSummary {
  if (error instanceof StoreError) return { code: error.code, message: error.message };
  return { code: "unexpected", message: error instanceof Error ? error.name : "not an error" };
}

/** Notes that a flushable threw where it must not. It does not keep the engine from the others. */
export function logFlushableFault(logger: Logger, flushable: string, action: string, error: unknown): void {
  const { code, message } = summarizeError(error);
  logger.log("error", `write-behind: a flushable threw while ${action}`, { flushable, code, error: message });
}

/** Hands events to listeners, none of which can disturb the engine or another listener. */
export class EventHub {
  readonly #listeners = new Set<WriteBehindListener>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Adds a listener and returns how to remove it. Adding one twice counts once. */
  add(listener: WriteBehindListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(event: WriteBehindEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        const { code, message } = summarizeError(error);
        this.#logger.log("error", "write-behind: a listener threw", {
          event: event.kind,
          code,
          error: message,
        });
      }
    }
  }
}
