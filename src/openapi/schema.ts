import { MAX_TEXT_LENGTH } from "../rules/mod.ts";

/** A schema of JSON Schema 2020-12, or another part of the document. */
export type Schema = Readonly<Record<string, unknown>>;

/** A schema for each member of `T`. The name of a member that may be left out ends in `?`. */
export type SchemaMembers<T> = {
  readonly [Name in keyof T & string as undefined extends T[Name] ? `${Name}?` : Name]-?: Schema;
};

export const text: Schema = { type: "string" };
export const count: Schema = { type: "integer", minimum: 0 };
export const flag: Schema = { type: "boolean" };
export const number: Schema = { type: "number" };
export const timeMs: Schema = { type: "integer", description: "Clock time in milliseconds since 1970." };
export const accountName: Schema = {
  type: "string",
  minLength: 1,
  maxLength: MAX_TEXT_LENGTH,
  description: "Any text without NUL, except `.` and `..`. Compared byte by byte.",
};
export const tokenId: Schema = { type: "string", pattern: "^[0-9a-f]{16}$" };

/**
 * Describes an object with the members of `T` and no other: a new member of an answer does not compile until
 * it is described.
 */
export function object<T extends object>(members: SchemaMembers<T>, description?: string): Schema {
  const entries = Object.entries(members as Readonly<Record<string, Schema>>);
  return {
    type: "object",
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(entries.map(([key, schema]) => [key.replace("?", ""), schema])),
    required: entries.map(([key]) => key).filter((key) => !key.endsWith("?")),
    additionalProperties: false,
  };
}

/** The schema with a description of its own. */
export function told(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** Describes a parameter. Parameters of a path are required. */
export function parameter(
  place: "query" | "path",
  name: string,
  description: string,
  schema: Schema,
): Schema {
  return { in: place, name, required: place === "path", description, schema };
}

/** The account of a path. */
export const ACCOUNT: Schema = parameter(
  "path",
  "account",
  "The name of the account, percent-encoded.",
  accountName,
);
