import { sameBytes } from "../bytes/mod.ts";
import { copyValue } from "../rules/mod.ts";

/** Values of which a device is made: byte arrays, maps, lists and plain objects of them, and primitives. */

/** Freezes a value and all that it holds, except the contents of byte arrays and maps. */
export function freezeValue<T>(value: T): T {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const parts: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value);
  for (const part of parts) freezeValue(part);
  return Object.freeze(value);
}

/** The values of snapshots, and the getter of each member: an account has no closures of its own for them. */
const values = new WeakMap<object, Readonly<Record<string, unknown>>>();
const getters = new Map<string, () => unknown>();

/**
 * A frozen view of an object, for readers that may do with it what they want: bytes and maps cannot be
 * frozen, so each read of a member returns a new copy.
 *
 * @param value Must not be changed in place afterwards. Its members are from a fixed set of names.
 */
export function snapshotOf<T extends object>(value: T): T {
  const snapshot = {};
  for (const name of Object.keys(value)) {
    let get = getters.get(name);
    if (get === undefined) {
      get = function (this: object) {
        return freezeValue(copyValue(values.get(this)?.[name]));
      };
      getters.set(name, get);
    }
    Object.defineProperty(snapshot, name, { enumerable: true, get });
  }
  values.set(snapshot, value as Readonly<Record<string, unknown>>);
  return Object.freeze(snapshot) as T;
}

/** Whether two values are equal in depth. A property that is `undefined` equals one that is missing. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b);
  }
  if (a instanceof Map || b instanceof Map) {
    if (!(a instanceof Map && b instanceof Map) || a.size !== b.size) return false;
    return [...a].every(([key, part]) => b.has(key) && sameValue(part, b.get(key)));
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => sameValue(left[name], right[name]));
}
