import { isBytes, isSealed, isWellFormed } from "../bytes/mod.ts";
import {
  ArgumentRangeError,
  ArgumentTypeError,
  requireIntegerWithin,
  requireList,
  requireObject,
  requireType,
} from "../errors/mod.ts";
import type {
  BytesRule,
  IntegerRule,
  MapRule,
  ObjectRule,
  Rule,
  TextRule,
  TupleRule,
  VariantRule,
} from "./rule.ts";

/**
 * Checks a value against a rule.
 *
 * @throws {TypeError} When a part has another type, or a text is no valid key: empty, too long, with a NUL,
 * or not well-formed.
 * @throws {RangeError} When a number, a number of bytes or of parts is out of range, or a text does not match
 * its pattern.
 */
export type Check = (value: unknown) => void;

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/**
 * Returns the check of a rule.
 *
 * @param what Name of the value in messages. The name of a part is its path, such as `noiseKey.privateKey`.
 * Messages never contain values.
 */
export function checkOf(rule: Rule, what: string): Check {
  switch (rule.type) {
    case "text":
      return (value) => checkText(rule, what, value);
    case "choice":
      return (value) => {
        if (typeof value === "string" && rule.of.includes(value)) return;
        throw new ArgumentTypeError(`${what} is none of ${rule.of.join(", ")}`);
      };
    case "integer":
      return (value) => checkInteger(rule, what, value);
    case "uint64":
      return (value) => {
        requireType(what, value, "bigint");
        if (value >= 0n && value <= MAX_UINT64) return;
        throw new ArgumentRangeError(`${what} is out of the unsigned 64-bit range`);
      };
    case "flag":
      return (value) => requireType(what, value, "boolean");
    case "bytes":
      return (value) => checkBytes(rule, what, value);
    case "optional": {
      const check = checkOf(rule.rule, what);
      return (value) => {
        if (value !== undefined) check(value);
      };
    }
    case "list": {
      const check = checkOf(rule.item, what);
      return (value) => {
        for (const item of requireList(what, value)) check(item);
      };
    }
    case "tuple":
      return tupleCheck(rule, what);
    case "map":
      return mapCheck(rule, what);
    case "object":
      return objectCheck(rule, what);
    case "variant":
      return variantCheck(rule, what);
  }
}

/** Whether a check accepts a value. */
export function passes(check: Check, value: unknown): boolean {
  try {
    check(value);
    return true;
  } catch {
    return false;
  }
}

function checkText({ empty, max, pattern }: TextRule, what: string, value: unknown): void {
  requireType(what, value, "string");
  if (pattern !== undefined) {
    if (!pattern.test(value)) throw new ArgumentRangeError(`${what} is malformed`);
    return;
  }
  if (value.length === 0 && !empty) throw new ArgumentTypeError(`${what} is empty`);
  if (value.length > max) {
    throw new ArgumentTypeError(`${what} is ${value.length} characters, at most ${max} are allowed`);
  }
  // Some drivers truncate a text at a NUL.
  if (value.includes("\0")) throw new ArgumentTypeError(`${what} contains a NUL`);
  if (!isWellFormed(value)) throw new ArgumentTypeError(`${what} is not well-formed Unicode`);
}

function checkInteger({ min, max }: IntegerRule, what: string, value: unknown): void {
  requireType(what, value, "number");
  requireIntegerWithin(what, value, min, max);
}

function checkBytes({ min, length, isValue }: BytesRule, what: string, value: unknown): void {
  if (!isBytes(value)) throw new ArgumentTypeError(`${what} is not a Uint8Array`);
  const { byteLength } = value;
  if (length === undefined ? byteLength >= min : byteLength === length || (min === 0 && byteLength === 0))
    return;
  // Kept for a caller elsewhere who has checked the original.
  if (isValue && isSealed(value)) return;
  const expected = length === undefined ? `at least ${min}` : `${min === 0 ? "none or " : ""}${length}`;
  throw new ArgumentRangeError(`${what} is ${byteLength} bytes, expected ${expected}`);
}

function tupleCheck({ parts }: TupleRule, what: string): Check {
  const checks = parts.map((part, index) => checkOf(part, `${what}.${index}`));
  return (value) => {
    const { length } = requireList(what, value);
    if (length !== checks.length) {
      throw new ArgumentRangeError(`${what} has ${length} parts, expected ${checks.length}`);
    }
    for (const [index, check] of checks.entries()) check((value as readonly unknown[])[index]);
  };
}

function mapCheck({ key, value: values, maxEntries }: MapRule, what: string): Check {
  const checkKey = checkOf(key, `a key of ${what}`);
  const checkValue = checkOf(values, `a value of ${what}`);
  return (value) => {
    if (!(value instanceof Map)) throw new ArgumentTypeError(`${what} is not a Map`);
    if (value.size > maxEntries) {
      throw new ArgumentRangeError(`${what} has ${value.size} entries, at most ${maxEntries} are allowed`);
    }
    for (const [name, entry] of value) {
      checkKey(name);
      checkValue(entry);
    }
  };
}

function objectCheck({ members }: ObjectRule, what: string): Check {
  const names = Object.keys(members);
  const checks = Object.entries(members).map(([name, rule]) => checkOf(rule, `${what}.${name}`));
  return (value) => {
    requireObject(what, value);
    for (let index = 0; index < checks.length; index += 1) {
      checks[index]?.((value as Readonly<Record<string, unknown>>)[names[index] as string]);
    }
  };
}

function variantCheck({ of }: VariantRule, what: string): Check {
  const checks = new Map(Object.entries(of).map(([kind, shape]) => [kind, objectCheck(shape, what)]));
  return (value) => {
    requireObject(what, value);
    const check = checks.get((value as { readonly kind: string }).kind);
    if (check === undefined) throw new ArgumentTypeError(`${what} has no known kind`);
    check(value);
  };
}
