/**
 * Messages of an account, many in one stored row, found by their ids.
 *
 * @module
 */
export type { LogEntry, LogKind } from "./log_entry.ts";
export { MessageLog, messageLog } from "./message_log.ts";
