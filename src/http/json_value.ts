import { decodeBase64 } from "../bytes/mod.ts";
import type { Rule } from "../rules/mod.ts";

/** Longest value of a request, in bytes. Routing info and certificates have a few hundred. */
const MAX_BYTES = 65_536;

const MAX_BASE64 = 4 * Math.ceil(MAX_BYTES / 3);

/** The rules of the members of an object. */
export type Members = Readonly<Record<string, Rule>>;

/** Whether a value is an object of JSON, which has members. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The members of an object, `undefined` when the value is no object or has others. */
export function fromObject(members: Members, value: unknown): Record<string, unknown> | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.some(([name]) => !Object.hasOwn(members, name))) return undefined;
  return Object.fromEntries(entries.map(([name, part]) => [name, fromJson(members[name] as Rule, part)]));
}

/**
 * The value that a part of JSON stands for. What stands for none is returned as it is, which no rule takes.
 */
export function fromJson(rule: Rule, value: unknown): unknown {
  switch (rule.type) {
    case "optional":
      return fromJson(rule.rule, value);
    case "bytes":
      return typeof value === "string" && value.length <= MAX_BASE64 ? (decodeBase64(value) ?? value) : value;
    case "object":
      return fromObject(rule.members, value) ?? null;
    default:
      return value;
  }
}
