import { isBytes } from "../bytes/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";

/** Greatest depth of a value. Stored values have at most five levels. */
const MAX_DEPTH = 16;

/**
 * A deep copy that shares nothing, of a value whose rule is unknown: byte arrays, maps, lists and plain
 * objects of them, and primitives. Byte arrays of any subclass become plain `Uint8Array`s.
 *
 * @throws {TypeError} When the value is nested too deep, or contains itself.
 */
export function copyValue<T>(value: T): T {
  return copyOf(value, 0) as T;
}

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) throw new ArgumentTypeError("copy value: it is nested too deep");
  const copy = (part: unknown): unknown => copyOf(part, depth + 1);
  if (isBytes(value)) return new Uint8Array(value);
  if (value instanceof Map) return new Map([...value].map(([key, entry]) => [key, copy(entry)]));
  if (Array.isArray(value)) return value.map(copy);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copy(part)]));
}
