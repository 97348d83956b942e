/**
 * The errors of the store: one class per condition that a caller may catch, each with a stable `code`.
 *
 * @example
 * ```ts
 * import { FencedError, StoreError } from "@holdfast/store";
 *
 * function explain(error: unknown): string {
 *   if (error instanceof FencedError) return "another process took the account over";
 *   return error instanceof StoreError ? error.code : "not ours";
 * }
 * ```
 *
 * @module
 */
export { ArgumentRangeError, ArgumentTypeError } from "./argument_error.ts";
export { IncompleteBackendError } from "./incomplete_backend_error.ts";
export { hasKnownKind } from "./known_kind.ts";
export {
  requireFunction,
  requireIntegerWithin,
  requireList,
  requireObject,
  requireObjects,
  requireType,
} from "./require_argument.ts";
export {
  AmbiguousError,
  BackendError,
  BusyError,
  ClosedError,
  CorruptError,
  FencedError,
  HaltedError,
  HeldError,
  type HeldState,
  IdentityConflictError,
  IncompatibleError,
  LimitError,
  RefusedError,
  SealedError,
  StoreError,
  type StoreErrorCode,
  WrongLengthError,
} from "./store_error.ts";
