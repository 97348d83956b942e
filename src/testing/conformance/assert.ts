import { StoreError, type StoreErrorCode } from "../../errors/mod.ts";

/** A violated rule of the contract. */
export class ConformanceError extends Error {
  /** Creates the error. `message` says which rule was violated, and how. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConformanceError";
  }
}

/**
 * The expected failure of a call: a `TypeError`, a `RangeError`, or a `StoreError` with one of these codes.
 */
export type Failure = "TypeError" | "RangeError" | StoreErrorCode | readonly StoreErrorCode[];

/** @throws {ConformanceError} When `condition` is false. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ConformanceError(message);
}

/**
 * Deep equality of plain data: bytes by content, maps by entries in order, objects by their defined members.
 *
 * @throws {ConformanceError} When the values differ, naming the place.
 */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const difference = compare(actual, expected, what);
  if (difference !== undefined) throw new ConformanceError(difference);
}

/** Whether `equal` would throw. */
export function differs(actual: unknown, expected: unknown): boolean {
  return compare(actual, expected, "") !== undefined;
}

/**
 * Checks that a call throws or rejects as expected, and returns the error.
 *
 * @throws {ConformanceError} When it succeeds or fails otherwise.
 */
export async function fails(
  call: () => PromiseLike<unknown>,
  failure: Failure,
  what: string,
): Promise<StoreError | TypeError | RangeError> {
  try {
    await call();
  } catch (error) {
    if (isFailure(error, failure)) return error as StoreError | TypeError | RangeError;
    throw new ConformanceError(`${what}: failed with ${describeError(error)}, expected ${String(failure)}`, {
      cause: error,
    });
  }
  throw new ConformanceError(`${what}: succeeded, expected ${String(failure)}`);
}

function isFailure(error: unknown, failure: Failure): boolean {
  if (failure === "TypeError") return error instanceof TypeError;
  if (failure === "RangeError") return error instanceof RangeError;
  const codes: readonly string[] = typeof failure === "string" ? [failure] : failure;
  return error instanceof StoreError && codes.includes(error.code);
}

function describeError(error: unknown): string {
  if (error instanceof StoreError) return `${error.name} (${error.code}: ${error.message})`;
  return error instanceof Error ? `${error.name} (${error.message})` : String(error);
}

function compare(actual: unknown, expected: unknown, at: string): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (expected instanceof Uint8Array) return compareBytes(actual, expected, at);
  if (Array.isArray(expected)) return compareArrays(actual, expected, at);
  if (expected instanceof Map) return compareMaps(actual, expected, at);
  if (isObject(expected) && isObject(actual)) return compareObjects(actual, expected, at);
  return `${at}: is ${describe(actual)}, expected ${describe(expected)}`;
}

function compareBytes(actual: unknown, expected: Uint8Array, at: string): string | undefined {
  // A Buffer is a Uint8Array whose slice() shares memory: a slice of it is a view.
  if (!(actual instanceof Uint8Array) || actual.constructor.name !== "Uint8Array") {
    return `${at}: is ${describe(actual)}, expected a plain Uint8Array`;
  }
  if (actual.length !== expected.length)
    return `${at}: is ${actual.length} bytes, expected ${expected.length}`;
  const index = actual.findIndex((byte, position) => byte !== expected[position]);
  return index === -1 ? undefined : `${at}: differs at byte ${index} of ${expected.length}`;
}

function compareArrays(actual: unknown, expected: readonly unknown[], at: string): string | undefined {
  if (!Array.isArray(actual)) return `${at}: is ${describe(actual)}, expected an array`;
  if (actual.length !== expected.length)
    return `${at}: has ${actual.length} elements, expected ${expected.length}`;
  for (const [index, value] of expected.entries()) {
    const difference = compare(actual[index], value, `${at}[${index}]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function compareMaps(
  actual: unknown,
  expected: ReadonlyMap<unknown, unknown>,
  at: string,
): string | undefined {
  if (!(actual instanceof Map)) return `${at}: is ${describe(actual)}, expected a Map`;
  if (actual.size !== expected.size) return `${at}: has ${actual.size} entries, expected ${expected.size}`;
  for (const [key, value] of expected) {
    if (!actual.has(key)) return `${at}: lacks ${describe(key)}`;
    const difference = compare(actual.get(key), value, `${at}.get(${describe(key)})`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function compareObjects(
  actual: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
  at: string,
): string | undefined {
  for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const difference = compare(actual[name], expected[name], `${at}.${name}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Map)
  );
}

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.constructor.name} of ${value.length} bytes`;
  if (value instanceof Map) return `a Map of ${value.size} entries`;
  if (Array.isArray(value)) return `an array of ${value.length} elements`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string")
    return value.length > 80 ? `a string of ${value.length}` : JSON.stringify(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
