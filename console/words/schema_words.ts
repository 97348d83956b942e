import { type ApiSchema, nameOfReference } from "../api/api_document.ts";

/** Keywords that the page shows in another way than as a limit. */
const SHOWN_APART: ReadonlySet<string> = new Set([
  "$ref",
  "type",
  "format",
  "description",
  "properties",
  "required",
  "items",
  "oneOf",
]);

const LIMITS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  minimum: (value) => `${value} or more`,
  maximum: (value) => `at most ${value}`,
  minLength: (value) => `${count(value, "character")} or more`,
  maxLength: (value) => `at most ${count(value, "character")}`,
  minItems: (value) => `${count(value, "item")} or more`,
  maxItems: (value) => `at most ${count(value, "item")}`,
  enum: (value) => `one of ${(value as unknown[]).map(literal).join(", ")}`,
  const: (value) => `always ${literal(value)}`,
  default: (value) => `${literal(value)} by default`,
  pattern: (value) => `matches \`${value}\``,
  additionalProperties: (value) =>
    typeof value === "object" ? undefined : value === false ? "no other members" : "and other members",
};

/** The limits of a schema, in words. A keyword that is not known is shown as it is. */
export function limitsOf(schema: ApiSchema): string[] {
  const limits: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (SHOWN_APART.has(keyword)) continue;
    const words = keyword in LIMITS ? LIMITS[keyword]?.(value) : `\`${keyword}\` ${literal(value)}`;
    if (words !== undefined) limits.push(words);
  }
  return limits;
}

/** The type of a schema, in words. */
export function typeOf({ $ref, type, format, items, oneOf }: ApiSchema): string {
  if ($ref !== undefined) return nameOfReference($ref);
  if (type === "array" && items !== undefined) return `array of ${typeOf(items)}`;
  if (oneOf !== undefined) return oneOf.map(typeOf).join(" or ");
  if (type === undefined) return "any";
  return format === undefined ? type : `${type}, ${format}`;
}

function literal(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function count(value: unknown, of: string): string {
  return `${value} ${value === 1 ? of : `${of}s`}`;
}
