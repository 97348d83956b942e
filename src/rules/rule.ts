declare const VALUE: unique symbol;

/** Marks a rule with the type of its values. It does not exist at run time. */
interface Of<T> {
  readonly [VALUE]?: () => T;
}

/** A text. */
export interface TextRule {
  readonly type: "text";
  /** Meaning of the text, such as `address`. */
  readonly sort: string;
  /** Whether the empty text is allowed. */
  readonly empty: boolean;
  /** Maximum length in UTF-16 code units. */
  readonly max: number;
  /** Replaces every other condition. */
  readonly pattern: RegExp | undefined;
}

/** One of a closed list of texts. */
export interface ChoiceRule {
  readonly type: "choice";
  readonly of: readonly string[];
}

/** An integer of at most 2^53−1 in absolute value, both ends of the range included. */
export interface IntegerRule {
  readonly type: "integer";
  /** Meaning of the number, such as `seconds`. */
  readonly sort: string;
  readonly min: number;
  readonly max: number;
}

/** An unsigned integer of 64 bits, as a `bigint`. */
export interface Uint64Rule {
  readonly type: "uint64";
}

/** `true` or `false`. */
export interface FlagRule {
  readonly type: "flag";
}

/** Bytes. */
export interface BytesRule {
  readonly type: "bytes";
  /**
   * Name of the bytes, such as `record`. It must not change: a transform of stored values may authenticate
   * it.
   */
  readonly name: string;
  /**
   * Whether the bytes are a stored value, which a transform may change: see `src/backend/value_transform.ts`.
   */
  readonly isValue: boolean;
  readonly min: number;
  /** The only allowed length, besides 0 where `min` is 0. */
  readonly length: number | undefined;
}

/** A value or `undefined`. */
export interface OptionalRule {
  readonly type: "optional";
  readonly rule: Rule;
  /** Protocol version that introduced the value: see `src/protocol/version.ts`. */
  readonly since: number;
}

/** A list. */
export interface ListRule {
  readonly type: "list";
  readonly item: Rule;
  /** Whether each item is stored as a row of its own. Otherwise the list is part of its parent's row. */
  readonly rows: boolean;
}

/** A list of fixed length with a rule for each position. */
export interface TupleRule {
  readonly type: "tuple";
  readonly parts: readonly Rule[];
}

/** A `Map` from texts. */
export interface MapRule {
  readonly type: "map";
  readonly key: Rule;
  readonly value: Rule;
  readonly maxEntries: number;
  /** Whether each entry is stored as a row. */
  readonly rows: boolean;
}

/** An object with these members. */
export interface ObjectRule {
  readonly type: "object";
  readonly members: Readonly<Record<string, Rule>>;
}

/** An object of one of several shapes. Its member `kind` names the shape. */
export interface VariantRule {
  readonly type: "variant";
  /** The members of each shape besides `kind`. */
  readonly of: Readonly<Record<string, ObjectRule>>;
}

type AnyRule =
  | TextRule
  | ChoiceRule
  | IntegerRule
  | Uint64Rule
  | FlagRule
  | BytesRule
  | OptionalRule
  | ListRule
  | TupleRule
  | MapRule
  | ObjectRule
  | VariantRule;

/**
 * Schema of a value of type `T`. Checks, size limits, copies, the wire encoding, SQL columns and test samples
 * derive from it: each is one function with a case for every type of rule.
 */
export type Rule<T = unknown> = AnyRule & Of<T>;

/** The rule of a value; `optional` when the value may be `undefined`. */
export type RuleOf<T> = unknown extends T ? Rule<T> : undefined extends T ? OptionalRule & Of<T> : Rule<T>;

/** Exactly one rule for each member of `T`. */
export type MembersOf<T> = { readonly [Name in keyof T]-?: RuleOf<T[Name]> };

/**
 * Maximum length of a text key (address, JID, message id) in UTF-16 code units. Real keys are shorter than
 * 200.
 */
export const MAX_TEXT_LENGTH = 1_024;

/** A text: well-formed Unicode without NUL, not empty and at most 1,024 code units by default. */
export function text<T extends string = string>(
  sort: string,
  options: { readonly empty?: boolean; readonly max?: number; readonly pattern?: RegExp } = {},
): TextRule & Of<T> {
  const { empty = false, max = MAX_TEXT_LENGTH, pattern } = options;
  return { type: "text", sort, empty, max, pattern };
}

/** One of a closed list of texts. */
export function choice<T extends string>(of: readonly T[]): ChoiceRule & Of<T> {
  return { type: "choice", of };
}

/** An integer from `min` to `max`, 0 … 2^53−1 by default. */
export function integer(
  sort: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
): IntegerRule & Of<number> {
  return { type: "integer", sort, min, max };
}

/** An unsigned integer of 64 bits. */
export function uint64(): Uint64Rule & Of<bigint> {
  return { type: "uint64" };
}

/** `true` or `false`. */
export function flag(): FlagRule & Of<boolean> {
  return { type: "flag" };
}

/**
 * Bytes that are stored as a value: at least `min`, or exactly `length`. With `min: 0` and `length`: 0 or
 * `length`.
 */
export function value(
  name: string,
  { min, length }: { readonly min?: number; readonly length?: number } = {},
): BytesRule & Of<Uint8Array> {
  return { type: "bytes", name, isValue: true, min: min ?? length ?? 0, length };
}

/**
 * As `value`, for bytes that a transform of stored values does not change, because rows are found by them or
 * they are not secret.
 */
export function plain(
  name: string,
  { min, length }: { readonly min?: number; readonly length?: number } = {},
): BytesRule & Of<Uint8Array> {
  return { type: "bytes", name, isValue: false, min: min ?? length ?? 0, length };
}

/** A value or `undefined`. */
export function optional<T>(
  rule: Rule<T>,
  { since = 0 }: { readonly since?: number } = {},
): OptionalRule & Of<T | undefined> {
  return { type: "optional", rule, since };
}

/** A list that is part of its parent's row, or of a result. */
export function list<T>(item: Rule<T>): ListRule & Of<T[]> {
  return { type: "list", item, rows: false };
}

/** A list whose items are each stored as a row. */
export function rows<T>(item: Rule<T>): ListRule & Of<T[]> {
  return { type: "list", item, rows: true };
}

/** A list of fixed length. */
export function tuple<T extends readonly unknown[]>(
  ...parts: { readonly [Index in keyof T]: Rule<T[Index]> }
): TupleRule & Of<T> {
  return { type: "tuple", parts };
}

/**
 * A map from texts, with at most `maxEntries` entries. It is part of its parent's row, or with `rows`, each
 * entry is stored as a row.
 */
export function map<T>(
  keys: Rule<string>,
  values: Rule<T>,
  options: { readonly maxEntries?: number; readonly rows?: boolean } = {},
): MapRule & Of<Map<string, T>> {
  const { maxEntries = Number.POSITIVE_INFINITY, rows = false } = options;
  return { type: "map", key: keys, value: values, maxEntries, rows };
}

/** An object with a rule for each of its members. */
export function object<T extends object>(members: MembersOf<T>): ObjectRule & Of<T> {
  return { type: "object", members: members as Readonly<Record<string, Rule>> };
}

/** An object of one of several shapes, each with a rule for each of its members besides `kind`. */
export function variant<T extends { readonly kind: string }>(
  shapes: {
    readonly [K in T["kind"]]: MembersOf<Omit<Extract<T, { readonly kind: K }>, "kind">>;
  },
): VariantRule & Of<T> {
  const of: Record<string, ObjectRule> = {};
  for (const [kind, members] of Object.entries(shapes)) of[kind] = object(members as never);
  return { type: "variant", of };
}
