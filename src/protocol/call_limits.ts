import type { Capabilities } from "../backend/mod.ts";

/** Maximum rows of one commit: see `rowsOf`. */
export const MAX_COMMIT_ROWS = 20_000;

/** Maximum size of one call, in bytes. It is the memory that a caller can take with one request. */
export const MAX_CALL_BYTES: number = 16 * 1_024 * 1_024;

/** Maximum number of keys of one batched read. */
export const MAX_READ_KEYS = 2_000;

/** Maximum number of accounts that are set aside in one answer. */
export const MAX_SET_ASIDE = 1_000;

/**
 * Maximum size of one stored value, in bytes. Half of a call, so that the device fits into one commit with
 * what must be stored together with it.
 */
export const MAX_CALL_VALUE_BYTES: number = 8 * 1_024 * 1_024;

/** Returns the guarantees and limits of a backend as its callers elsewhere have them. */
export function limitsOfCalls(backend: Capabilities, maxBytes: number = MAX_CALL_BYTES): Capabilities {
  const maxCommitBytes = Math.min(maxBytes, MAX_CALL_BYTES);
  return {
    ...backend,
    maxValueBytes: Math.min(backend.maxValueBytes, MAX_CALL_VALUE_BYTES, Math.floor(maxCommitBytes / 2)),
    maxCommitRows: MAX_COMMIT_ROWS,
    maxCommitBytes,
    maxReadKeys: MAX_READ_KEYS,
  };
}

/** A call is larger than its limits. Nothing was changed. */
export class CallSizeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CallSizeError";
  }
}
