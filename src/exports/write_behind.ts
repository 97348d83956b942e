/**
 * The engine that writes behind, as `account.writeBehind` has it: what a flush reports, how saving is going,
 * and `Flushable`, by which state of your own lands in the same commits as the account's.
 *
 * @module
 */
export type {
  DirtyItem,
  ErrorSummary,
  Flushable,
  FlushReport,
  FlushSelection,
  IsolatedItem,
  IsolationReason,
  ItemVersion,
  Outcome,
  Pending,
  SaverHandle,
  SaveState,
  Urgency,
  WriteBehind,
  WriteBehindEvent,
  WriteBehindHealth,
  WriteBehindListener,
  WriteBehindPolicy,
} from "../write_behind/mod.ts";
