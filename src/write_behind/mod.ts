/**
 * The flush engine of an account: writes dirty items in atomic commits, automatically and on request, with
 * group commit, isolation of refused items, back-off, halting and back-pressure.
 *
 * @module
 */

export { backOffMs } from "./back_off.ts";
export type { ErrorSummary, WriteBehindEvent, WriteBehindListener } from "./events.ts";
export { logError, summarizeError } from "./events.ts";
export type { FlushReport, FlushSelection, IsolatedItem, IsolationReason } from "./flush_report.ts";
export type { DirtyItem, Flushable, ItemVersion, Outcome, Pending, Urgency } from "./flushable.ts";
export type { SaveState, WriteBehindHealth } from "./health.ts";
export { requirePositive, type WriteBehindPolicy } from "./options.ts";
export { type SaverHandle, WriteBehind } from "./write_behind.ts";
export { estimateBytes } from "./write_bytes.ts";
