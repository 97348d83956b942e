/**
 * Checks of the kind of an argument, for functions whose arguments no rule describes. A message names the
 * argument and contains no value.
 */
import { ArgumentTypeError } from "./argument_error.ts";

/** @throws {TypeError} When the value is not an object. */
export function requireObject(what: string, value: unknown): void {
  if (typeof value !== "object" || value === null) throw new ArgumentTypeError(`${what} is not an object`);
}

/** @throws {TypeError} When the value is not a function. */
export function requireFunction(what: string, value: unknown): void {
  if (typeof value !== "function") throw new ArgumentTypeError(`${what} is not a function`);
}

/** Returns the list. @throws {TypeError} When the value is not an array. */
export function requireList(what: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ArgumentTypeError(`${what} is not a list`);
  return value;
}
