import { ArgumentTypeError, requireFunction, requireObject } from "../errors/mod.ts";

/** Checks that an object has methods. @throws {TypeError} */
export function requireMethods(what: string, value: unknown, names: readonly string[]): void {
  requireObject(what, value);
  for (const name of names) requireFunction(`${what}: ${name}`, Reflect.get(value as object, name));
}

/** Checks that a value can be iterated asynchronously. @throws {TypeError} */
export function requireAsyncIterable(what: string, value: unknown): void {
  const isIterable =
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, Symbol.asyncIterator) === "function";
  if (!isIterable) throw new ArgumentTypeError(`${what} is not an AsyncIterable`);
}
