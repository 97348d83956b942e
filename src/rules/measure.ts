import type { Rule } from "./rule.ts";

/** Stored size of a value's largest row, in bytes. */
export type Measure = (value: unknown) => number;

/** Maximum UTF-8 bytes of one UTF-16 code unit. */
const BYTES_PER_CODE_UNIT = 3;

/** Upper bound of the encoding overhead of an entry in a list or map, in bytes. */
const ENTRY_BYTES = 16;

/**
 * Returns a function that counts the bytes that a value stores: all byte arrays of one row, and an upper
 * bound for the lists and maps encoded into it. For several rows it returns the largest. It does not count
 * other columns (texts, numbers), which are short.
 *
 * @returns `undefined` when no value of the rule stores bytes.
 */
export function measureOf(rule: Rule): Measure | undefined {
  switch (rule.type) {
    case "text":
    case "choice":
    case "integer":
    case "uint64":
    case "flag":
      return undefined;
    case "bytes":
      return (value) => (value as Uint8Array).byteLength;
    case "optional": {
      const measure = measureOf(rule.rule);
      return measure && ((value) => (value === undefined ? 0 : measure(value)));
    }
    case "list":
      return rule.rows ? largestOf(measureOf(rule.item)) : sumOf(measureOf(rule.item));
    case "tuple":
      return memberSum(rule.parts.map((part, index) => [index, measureOf(part)]));
    case "map": {
      const measure = measureOf(rule.value);
      return (value) => {
        let sum = 0;
        let most = 0;
        for (const [name, entry] of value as ReadonlyMap<string, unknown>) {
          const bytes = name.length * BYTES_PER_CODE_UNIT + ENTRY_BYTES + (measure?.(entry) ?? 0);
          sum += bytes;
          most = Math.max(most, bytes);
        }
        return rule.rows ? most : sum;
      };
    }
    case "object":
      return memberSum(Object.entries(rule.members).map(([name, member]) => [name, measureOf(member)]));
    case "variant": {
      const measures = new Map(Object.entries(rule.of).map(([kind, shape]) => [kind, measureOf(shape)]));
      return (value) => measures.get((value as { readonly kind: string }).kind)?.(value) ?? 0;
    }
  }
}

function largestOf(measure: Measure | undefined): Measure | undefined {
  if (measure === undefined) return undefined;
  return (items) => {
    let most = 0;
    for (const item of items as readonly unknown[]) most = Math.max(most, measure(item));
    return most;
  };
}

function sumOf(measure: Measure | undefined): Measure {
  return (items) => {
    let bytes = 0;
    for (const item of items as readonly unknown[]) bytes += ENTRY_BYTES + (measure?.(item) ?? 0);
    return bytes;
  };
}

function memberSum(
  members: readonly (readonly [name: string | number, measure: Measure | undefined])[],
): Measure | undefined {
  const measured = members.filter(
    (member): member is readonly [string | number, Measure] => member[1] !== undefined,
  );
  if (measured.length === 0) return undefined;
  return (value) => {
    let bytes = 0;
    for (const [name, measure] of measured) {
      bytes += measure((value as Readonly<Record<string | number, unknown>>)[name]);
    }
    return bytes;
  };
}
