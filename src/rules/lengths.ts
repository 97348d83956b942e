import { isSealed } from "../bytes/mod.ts";
import { WrongLengthError } from "../errors/mod.ts";
import type { Rule } from "./rule.ts";

/** Checks the lengths of stored bytes. @throws {WrongLengthError} */
export type LengthCheck = (value: unknown) => void;

/**
 * Returns the check of the lengths in a value read from a store. The check assumes that types are correct,
 * and checks only bytes for which the rule has a length.
 *
 * @param what Prefix of the messages, such as `loadIdentity`.
 * @returns `undefined` when the rule has no length.
 */
export function lengthCheckOf(rule: Rule, what: string): LengthCheck | undefined {
  switch (rule.type) {
    case "bytes": {
      const { name, min, length, isValue } = rule;
      if (length === undefined) return undefined;
      return (value) => {
        const { byteLength } = value as Uint8Array;
        if (byteLength === length || (byteLength === 0 && min === 0)) return;
        // Its reader checks the original.
        if (isValue && isSealed(value as Uint8Array)) return;
        throw new WrongLengthError(`${what}: ${name} is ${byteLength} bytes, expected ${length}`);
      };
    }
    case "optional": {
      const check = lengthCheckOf(rule.rule, what);
      return check && ((value) => (value === undefined ? undefined : check(value)));
    }
    case "list":
      return eachOf((value) => value as readonly unknown[], lengthCheckOf(rule.item, what));
    case "tuple":
      return memberChecks(Object.entries(rule.parts), what);
    case "object":
      return memberChecks(Object.entries(rule.members), what);
    case "map":
      return eachOf(
        (value) => (value as ReadonlyMap<string, unknown>).values(),
        lengthCheckOf(rule.value, what),
      );
    case "variant": {
      const checks = new Map(
        Object.entries(rule.of).map(([kind, shape]) => [kind, lengthCheckOf(shape, what)]),
      );
      return (value) => checks.get((value as { readonly kind: string }).kind)?.(value);
    }
    case "text":
    case "choice":
    case "integer":
    case "uint64":
    case "flag":
      return undefined;
  }
}

function eachOf(
  partsOf: (value: unknown) => Iterable<unknown>,
  check: LengthCheck | undefined,
): LengthCheck | undefined {
  if (check === undefined) return undefined;
  return (value) => {
    for (const part of partsOf(value)) check(part);
  };
}

function memberChecks(members: readonly [name: string, rule: Rule][], what: string): LengthCheck | undefined {
  const checks = members.flatMap(([name, rule]) => {
    const check = lengthCheckOf(rule, what);
    return check === undefined ? [] : [[name, check] as const];
  });
  if (checks.length === 0) return undefined;
  return (value) => {
    for (const [name, check] of checks) check((value as Readonly<Record<string, unknown>>)[name]);
  };
}
