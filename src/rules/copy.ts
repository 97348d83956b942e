import type { Rule } from "./rule.ts";

/**
 * Returns a function that copies a value: the copy shares no bytes with the value and omits members that the
 * rule does not name. Byte arrays of any subclass become plain `Uint8Array`s. The value must pass the rule's
 * check.
 */
export function copyOf<T>(rule: Rule<T>): (value: T) => T {
  return copierOf(rule) as (value: T) => T;
}

type Copy = (value: unknown) => unknown;

const same: Copy = (value) => value;

function copierOf(rule: Rule): Copy {
  switch (rule.type) {
    case "text":
    case "choice":
    case "integer":
    case "uint64":
    case "flag":
      return same;
    case "bytes":
      // `slice()` of a Buffer returns a Buffer over the same memory.
      return (value) => new Uint8Array(value as Uint8Array);
    case "optional": {
      const copy = copierOf(rule.rule);
      return (value) => (value === undefined ? undefined : copy(value));
    }
    case "list": {
      const copy = copierOf(rule.item);
      return (value) => (value as readonly unknown[]).map(copy);
    }
    case "tuple": {
      const copies = rule.parts.map(copierOf);
      return (value) => copies.map((copy, index) => copy((value as readonly unknown[])[index]));
    }
    case "map": {
      const copy = copierOf(rule.value);
      return (value) => {
        const entries = [...(value as ReadonlyMap<string, unknown>)];
        return new Map(entries.map(([name, entry]) => [name, copy(entry)]));
      };
    }
    case "object": {
      const copies = Object.entries(rule.members).map(([name, member]) => [name, copierOf(member)] as const);
      return (value) => {
        const members = value as Readonly<Record<string, unknown>>;
        return Object.fromEntries(copies.map(([name, copy]) => [name, copy(members[name])]));
      };
    }
    case "variant": {
      const copies = new Map(Object.entries(rule.of).map(([kind, shape]) => [kind, copierOf(shape)]));
      return (value) => {
        const { kind } = value as { readonly kind: string };
        return { kind, ...(copies.get(kind)?.(value) as object) };
      };
    }
  }
}
