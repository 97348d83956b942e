/** The subset of JSON Schema that the OpenAPI document uses. */
import { check } from "../../../src/testing/conformance/assert.ts";

type Schema = Readonly<Record<string, unknown>>;
type Document = { readonly components: { readonly schemas: Readonly<Record<string, Schema>> } };

const REFERENCE = "#/components/schemas/";

/** Checks a value against a schema: types, required members, and no other members. */
export function fitsSchema(document: unknown, schema: Schema, value: unknown, at: string): void {
  const { $ref, type, properties, required, additionalProperties, items, pattern } = schema;
  if (typeof $ref === "string") {
    const target = (document as Document).components.schemas[$ref.slice(REFERENCE.length)];
    check(target !== undefined, `${at}: ${$ref} is not there`);
    fitsSchema(document, target, value, at);
    return;
  }
  if ("const" in schema) check(value === schema.const, `${at}: is not ${String(schema.const)}`);
  if (Array.isArray(schema.enum)) check(schema.enum.includes(value), `${at}: is none of the values`);
  const types: readonly unknown[] = [type ?? typeOf(value)].flat();
  const isNumber = types.includes("number") && typeOf(value) === "integer";
  check(isNumber || types.includes(typeOf(value)), `${at}: is ${typeOf(value)}, expected ${types.join()}`);
  if (typeof pattern === "string") check(new RegExp(pattern).test(String(value)), `${at}: does not match`);
  if (typeof schema.minimum === "number") check(Number(value) >= schema.minimum, `${at}: is too small`);
  if (Array.isArray(value) && items !== undefined) {
    for (const [index, item] of value.entries())
      fitsSchema(document, items as Schema, item, `${at}[${index}]`);
  }
  if (typeOf(value) !== "object") return;
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of (required ?? []) as readonly string[]) check(name in members, `${at}: lacks ${name}`);
  for (const [name, member] of Object.entries(members)) {
    const known = ((properties ?? {}) as Readonly<Record<string, Schema>>)[name];
    if (known !== undefined) fitsSchema(document, known, member, `${at}.${name}`);
    else check(additionalProperties !== false, `${at}: has ${name}, which is not described`);
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}
