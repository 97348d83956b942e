import {
  AmbiguousError,
  ArgumentRangeError,
  ArgumentTypeError,
  BackendError,
  BusyError,
  ClosedError,
  CorruptError,
  FencedError,
  HaltedError,
  IdentityConflictError,
  IncompatibleError,
  LimitError,
  RefusedError,
  StoreError,
  type StoreErrorCode,
  WrongLengthError,
} from "../errors/mod.ts";
import { ProtocolVersionError } from "./protocol_version_error.ts";

/** A failure as it is told to a caller elsewhere. */
export interface WireError {
  /**
   * A `StoreErrorCode`, `invalid` for what the caller did wrong, or `version` for a version that is not
   * spoken here.
   */
  readonly code: StoreErrorCode | "invalid" | "version";
  /** As errors of the store read: it holds no secret. */
  readonly message: string;
  readonly writeIndex?: number | undefined;
}

/** What is told of an error that is neither the store's nor the caller's. */
export const UNEXPECTED = "call: failed unexpectedly";

const CLASS_OF: Readonly<Record<StoreErrorCode, new (message: string) => StoreError>> = {
  fenced: FencedError,
  corrupt: CorruptError,
  "wrong-length": WrongLengthError,
  failed: BackendError,
  ambiguous: AmbiguousError,
  busy: BusyError,
  refused: RefusedError,
  incompatible: IncompatibleError,
  halted: HaltedError,
  limit: LimitError,
  closed: ClosedError,
  "identity-conflict": IdentityConflictError,
};

/** What a caller elsewhere may know of an error. What is not ours may say anything, and so says nothing. */
export function describeError(error: unknown): WireError {
  if (error instanceof RefusedError) {
    return { code: error.code, message: error.message, writeIndex: error.writeIndex };
  }
  if (error instanceof ProtocolVersionError) return { code: "version", message: error.message };
  if (error instanceof StoreError) return { code: error.code, message: error.message };
  if (error instanceof ArgumentTypeError || error instanceof ArgumentRangeError) {
    return { code: "invalid", message: "call: malformed" };
  }
  return { code: "failed", message: UNEXPECTED };
}

/** The error that a description stands for. `undefined` when it is no description. */
export function errorOf(described: unknown): Error | undefined {
  if (typeof described !== "object" || described === null) return undefined;
  const { code, message, writeIndex } = described as Partial<WireError>;
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  if (code === "invalid") return new ArgumentTypeError(message);
  if (code === "version") return new ProtocolVersionError(message);
  if (!Object.hasOwn(CLASS_OF, code)) return undefined;
  if (code !== "refused") return new CLASS_OF[code](message);
  return new RefusedError(message, typeof writeIndex === "number" ? { writeIndex } : {});
}
