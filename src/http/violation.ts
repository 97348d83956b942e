import { checkOf, passes, type Rule } from "../rules/mod.ts";
import { fromJson, isObject } from "./json_value.ts";

/** A part of a request that breaks a rule. It contains nothing that was sent. */
export interface Violation {
  readonly in: "body" | "query" | "header";
  /** JSON Pointer (RFC 6901) of the part, as a fragment: `#/permissions/0`. `#` is the whole. */
  readonly pointer: string;
  /** A keyword of JSON Schema: `type`, `required`, `enum`, `maxLength`, … */
  readonly rule: string;
  /** What the keyword allows: the values of `enum`, the number of `maximum`, the names of members. */
  readonly allowed?: string | number | readonly string[] | undefined;
}

/** Maximum number of violations that a problem lists. */
const MAX_VIOLATIONS = 20;

/**
 * Returns what is wrong with a part of JSON that a rule refuses. Nothing when the rule accepts it.
 *
 * @param value The part as it was sent: bytes are base64.
 */
export function violationsOf(
  rule: Rule,
  value: unknown,
  pointer: string,
  place: Violation["in"],
): readonly Violation[] {
  const broken = (keyword: string, allowed?: Violation["allowed"]): readonly Violation[] => [
    { in: place, pointer, rule: keyword, allowed },
  ];
  const inside = (members: readonly (readonly [string, Rule, unknown])[]): readonly Violation[] =>
    members
      .flatMap(([name, member, part]) => violationsOf(member, part, `${pointer}/${name}`, place))
      .slice(0, MAX_VIOLATIONS);
  if (rule.type === "optional")
    return value === undefined ? [] : violationsOf(rule.rule, value, pointer, place);
  if (rule.type === "object") {
    if (!isObject(value)) return broken("type", "object");
    const names = Object.keys(rule.members);
    const others = Object.keys(value).some((name) => !names.includes(name));
    return others
      ? broken("additionalProperties", names)
      : inside(Object.entries(rule.members).map(([name, member]) => [name, member, value[name]]));
  }
  if (rule.type === "list" && Array.isArray(value))
    return inside(value.map((item, index) => [String(index), rule.item, item]));
  if (passes(checkOf(rule, ""), fromJson(rule, value))) return [];
  if (value === undefined) return broken("required");
  switch (rule.type) {
    case "text":
      if (typeof value !== "string") return broken("type", "string");
      if (rule.pattern !== undefined) return broken("pattern", rule.pattern.source);
      if (value === "") return broken("minLength", 1);
      return value.length > rule.max
        ? broken("maxLength", rule.max)
        : broken("format", "well-formed Unicode without NUL");
    case "integer":
      if (!Number.isInteger(value)) return broken("type", "integer");
      return (value as number) < rule.min ? broken("minimum", rule.min) : broken("maximum", rule.max);
    case "choice":
      return broken("enum", rule.of);
    case "flag":
      return broken("type", "boolean");
    case "bytes":
      return broken(
        "contentEncoding",
        rule.length === undefined ? "base64" : `base64 of ${rule.length} bytes`,
      );
    case "tuple":
      return Array.isArray(value) ? broken("maxItems", rule.parts.length) : broken("type", "array");
    default:
      return broken("type", rule.type === "list" ? "array" : "object");
  }
}
