/**
 * The write-behind engine of an account (`account.writeBehind`): reports of flushes, the health of saving,
 * and `Flushable`, with which your own state lands in the same commits as the account's.
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
