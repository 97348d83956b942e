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
  HeldError,
  IdentityConflictError,
  IncompatibleError,
  LimitError,
  RefusedError,
  SealedError,
  StoreError,
  type StoreErrorCode,
  WrongLengthError,
} from "../errors/mod.ts";
import { CallSizeError } from "./call_limits.ts";
import { ProtocolVersionError } from "./protocol_version_error.ts";

/** A failure on the wire. */
export interface WireError {
  /** A `StoreErrorCode`, `invalid` for a mistake of the caller, or `version` for an unsupported version. */
  readonly code: StoreErrorCode | "invalid" | "version" | "too-large";
  /** The message of a store error, without secrets. */
  readonly message: string;
  readonly writeIndex?: number | undefined;
  /** The limit of the account that is reached, and what it allows. */
  readonly limit?: LimitError["limit"];
}

/** Message of an error that is neither a store error nor a mistake of the caller. */
export const UNEXPECTED = "call: failed unexpectedly";

const CLASS_OF: Readonly<
  Record<
    StoreErrorCode,
    new (
      message: string,
      options: ErrorOptions & Pick<WireError, "writeIndex" | "limit">,
    ) => StoreError
  >
> = {
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
  sealed: SealedError,
  held: HeldError,
};

/** Describes an error to a remote caller. Messages of foreign errors may contain secrets and are left out. */
export function describeError(error: unknown): WireError {
  if (error instanceof CallSizeError) return { code: "too-large", message: error.message };
  if (error instanceof ProtocolVersionError) return { code: "version", message: error.message };
  if (error instanceof StoreError) {
    const { code, message, writeIndex, limit }: WireError = error;
    return { code, message, writeIndex, limit };
  }
  if (error instanceof ArgumentTypeError || error instanceof ArgumentRangeError) {
    return { code: "invalid", message: "call: malformed" };
  }
  return { code: "failed", message: UNEXPECTED };
}

/** Creates the error of a description; `undefined` when it is not a description. */
export function errorOf(described: unknown): Error | undefined {
  if (typeof described !== "object" || described === null) return undefined;
  const { code, message, writeIndex, limit } = described as Partial<WireError>;
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  if (code === "invalid") return new ArgumentTypeError(message);
  if (code === "too-large") return new CallSizeError(message);
  if (code === "version") return new ProtocolVersionError(message);
  if (!Object.hasOwn(CLASS_OF, code)) return undefined;
  return new CLASS_OF[code](message, {
    writeIndex: typeof writeIndex === "number" ? writeIndex : undefined,
    limit: limitOf(limit),
  });
}

/** What a service says of a limit, if it says it as it should. */
function limitOf(described: unknown): LimitError["limit"] {
  const { rule, allowed } = Object(described) as { readonly rule?: unknown; readonly allowed?: unknown };
  return typeof rule === "string" && typeof allowed === "number" ? { rule, allowed } : undefined;
}
