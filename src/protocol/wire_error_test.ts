import { describe, expect, test } from "vitest";
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
  type StoreError,
  type StoreErrorCode,
  WrongLengthError,
} from "../errors/mod.ts";
import { ProtocolVersionError } from "./protocol_version_error.ts";
import { describeError, errorOf, UNEXPECTED } from "./wire_error.ts";

const CLASSES: Readonly<Record<StoreErrorCode, new (message: string) => StoreError>> = {
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

/** The error as a caller elsewhere has it. */
function told(error: unknown): Error | undefined {
  return errorOf(JSON.parse(JSON.stringify(describeError(error))));
}

describe("describeError and errorOf", () => {
  test.each(Object.entries(CLASSES))("%s comes back as its class, with its message", (code, Class) => {
    const error = told(new Class("act: state"));
    expect(error).toBeInstanceOf(Class);
    expect(error).toMatchObject({ code, message: "act: state" });
  });

  test("a refusal keeps the index of its write, if it has one", () => {
    expect(told(new RefusedError("commit: too large", { writeIndex: 3 }))).toMatchObject({ writeIndex: 3 });
    expect(told(new RefusedError("commit: too large"))).toMatchObject({ writeIndex: undefined });
  });

  test("a refused version comes back as such", () => {
    expect(told(new ProtocolVersionError("call: 9"))).toBeInstanceOf(ProtocolVersionError);
  });

  test.each([
    ["type", new ArgumentTypeError("secret")],
    ["range", new ArgumentRangeError("secret")],
  ])("an argument of the wrong %s is the caller's mistake, and its message stays here", (_, mistake) => {
    expect(describeError(mistake)).toEqual({ code: "invalid", message: "call: malformed" });
    expect(told(mistake)).toBeInstanceOf(ArgumentTypeError);
  });

  test.each([
    ["a TypeError of the language", new TypeError("secret")],
    ["a RangeError of the language", new RangeError("secret")],
    ["no error", "secret"],
  ])("%s is told as failed, and nothing of it", (_, thrown) => {
    expect(describeError(thrown)).toEqual({ code: "failed", message: UNEXPECTED });
  });
});

describe("errorOf", () => {
  test.each([[null], [{}], [7], [{ rule: 7, allowed: 7 }], [{ rule: "maxRows", allowed: "7" }]])(
    "leaves out a limit that is %j",
    (limit) => {
      expect(errorOf({ code: "limit", message: "commit: refused", limit })).toMatchObject({
        limit: undefined,
      });
    },
  );

  test("keeps a limit", () => {
    const limit = { rule: "maxRows", allowed: 7 };
    expect(errorOf({ code: "limit", message: "commit: refused", limit })).toMatchObject({ limit });
  });

  test.each([
    undefined,
    null,
    "fenced",
    {},
    { code: "fenced" },
    { code: "fenced", message: 1 },
    { code: "toString", message: "m" },
    { code: "unauthorized", message: "m" },
  ])("is undefined for %j", (described) => {
    expect(errorOf(described)).toBeUndefined();
  });

  test("takes only a number as the index of a write", () => {
    expect(errorOf({ code: "refused", message: "m", writeIndex: "1" })).toMatchObject({
      writeIndex: undefined,
    });
  });
});
