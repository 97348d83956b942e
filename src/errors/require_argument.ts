/**
 * Checks of the kind of an argument, for functions whose arguments no rule describes. A message names the
 * argument and contains no value.
 */
import { ArgumentRangeError, ArgumentTypeError } from "./argument_error.ts";

/** The primitive types, by their name for `typeof`. */
interface Primitives {
  readonly bigint: bigint;
  readonly boolean: boolean;
  readonly function: (...args: never[]) => unknown;
  readonly number: number;
  readonly string: string;
}

/** @throws {TypeError} When the value is of another type. */
export function requireType<Name extends keyof Primitives>(
  what: string,
  value: unknown,
  type: Name,
): asserts value is Primitives[Name] {
  if (typeof value !== type) throw new ArgumentTypeError(`${what} is not a ${type}`);
}

/** @throws {TypeError} When the value is not a function. */
export function requireFunction(what: string, value: unknown): void {
  requireType(what, value, "function");
}

/** @throws {TypeError} When the value is not an object. */
export function requireObject(what: string, value: unknown): void {
  if (typeof value !== "object" || value === null) throw new ArgumentTypeError(`${what} is not an object`);
}

/** Returns the list. @throws {TypeError} When the value is not an array. */
export function requireList(what: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ArgumentTypeError(`${what} is not a list`);
  return value;
}

/** @throws {TypeError} When the value is not an array of objects. */
export function requireObjects(what: string, value: unknown): void {
  for (const item of requireList(what, value)) requireObject(`an item of ${what}`, item);
}

/** @throws {RangeError} When the value is no integer or out of range. */
export function requireIntegerWithin(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new ArgumentRangeError(`${what} is not an integer from ${min} to ${max}`);
}
