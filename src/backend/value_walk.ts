import type { Rule } from "../rules/mod.ts";
import type { Lease } from "./signal_rows.ts";
import { TABLE_KEYS } from "./table_keys.ts";
import type { ValuePlace } from "./value_place.ts";
import type { TableName, WriteKind } from "./write.ts";
import { tableOf } from "./write_rows.ts";

/** Changes one stored value, now or later. */
export type ValueChange = (value: Uint8Array, place: ValuePlace) => Uint8Array | Promise<Uint8Array>;

/** What a walk does with what it meets. */
export interface Visitor {
  readonly table: TableName;
  /** Changes each stored value. */
  readonly change: ValueChange;
  /** Changes each length of a stored value. */
  readonly length: (bytes: number) => number;
  /** Settle when a value that was not changed at once is in its place. */
  readonly later: Promise<void>[];
}

/** Objects that may contain the fields that name a row, the innermost first. */
export interface Around {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly outer: Around | undefined;
}

/** Where a changed value belongs. */
type Place = (changed: unknown) => void;

/**
 * Returns a value with its stored values changed. What has none is not copied.
 *
 * @param put Called again with the value that belongs in its place, if that is known only later.
 */
type Walker = (
  value: unknown,
  around: Around | undefined,
  visitor: Visitor,
  put: Place,
  entry?: string,
) => unknown;

type RuleOfType<Type extends Rule["type"]> = Extract<Rule, { readonly type: Type }>;

const walkers = new WeakMap<Rule, { readonly walk: Walker | undefined }>();

/** The walker of a rule, made on first use. `undefined` when its values have no stored values in them. */
function walkerOf(rule: Rule): Walker | undefined {
  let known = walkers.get(rule);
  if (known === undefined) {
    known = { walk: compile(rule) };
    walkers.set(rule, known);
  }
  return known.walk;
}

/** Whether values of a rule have stored values in them, or lengths of such. */
export function canWalk(rule: Rule): boolean {
  return walkerOf(rule) !== undefined;
}

/**
 * Walks through a value once and changes the stored values in it.
 *
 * @returns The changed value, or a promise of it when a value was not changed at once.
 */
export function walkValue<T>(
  rule: Rule<T>,
  value: T,
  around: Around | undefined,
  { table, change, length }: Omit<Visitor, "later">,
): T | Promise<T> {
  const walk = walkerOf(rule);
  if (walk === undefined) return value;
  const later: Promise<void>[] = [];
  let result: unknown;
  try {
    result = walk(value, around, { table, change, length, later }, (changed) => {
      result = changed;
    });
  } catch (error) {
    // What was begun may fail too.
    for (const pending of later) pending.catch(() => {});
    throw error;
  }
  if (later.length === 0) return result as T;
  return Promise.all(later).then(() => result as T);
}

/** As `items.map(walk)`, at once if every item is. */
export function walkEach<Item, Result>(
  items: readonly Item[],
  walk: (item: Item, index: number) => Result | Promise<Result>,
): readonly Result[] | Promise<readonly Result[]> {
  const results: (Result | Promise<Result>)[] = [];
  const later: Promise<Result>[] = [];
  try {
    for (const [index, item] of items.entries()) {
      const result = walk(item, index);
      if (result instanceof Promise) later.push(result);
      results.push(result);
    }
  } catch (error) {
    for (const pending of later) pending.catch(() => {});
    throw error;
  }
  return later.length === 0 ? (results as Result[]) : Promise.all(results);
}

function compile(rule: Rule): Walker | undefined {
  switch (rule.type) {
    case "bytes": {
      const { name, isValue } = rule;
      if (!isValue) return undefined;
      return (value, around, { table, change, later }, put, entry) => {
        const bytes = value as Uint8Array;
        if (bytes.byteLength === 0) return bytes;
        const lease = (around?.fields as { readonly lease?: Lease } | undefined)?.lease;
        const changed = change(bytes, { table, key: keyOf(table, around), name, entry, lease });
        if (changed instanceof Promise) later.push(changed.then(put));
        return changed;
      };
    }
    case "integer":
      if (rule.sort !== "storedLength") return undefined;
      return (value, _around, { length }) => length(value as number);
    case "optional": {
      const walk = walkerOf(rule.rule);
      return (
        walk &&
        ((value, around, visitor, put, entry) =>
          value === undefined ? undefined : walk(value, around, visitor, put, entry))
      );
    }
    case "list": {
      const walk = walkerOf(rule.item);
      return (
        walk && ((value, around, visitor) => eachItem(walk, value as readonly unknown[], around, visitor))
      );
    }
    case "tuple":
      return compileTuple(rule);
    case "map":
      return compileMap(rule);
    case "object":
      return compileObject(rule);
    case "variant":
      return (value, _around, visitor, put) => {
        const { kind } = value as { readonly kind: WriteKind };
        const walk = walkerOf(rule.of[kind] as Rule);
        return walk === undefined ? value : walk(value, undefined, { ...visitor, table: tableOf(kind) }, put);
      };
    case "text":
    case "choice":
    case "uint64":
    case "flag":
      return undefined;
  }
}

function eachItem(
  walk: Walker,
  items: readonly unknown[],
  around: Around | undefined,
  visitor: Visitor,
): unknown[] {
  const changed: unknown[] = [];
  for (let index = 0; index < items.length; index += 1) {
    changed.push(
      walk(items[index], around, visitor, (item) => {
        changed[index] = item;
      }),
    );
  }
  return changed;
}

function compileTuple({ parts }: RuleOfType<"tuple">): Walker | undefined {
  const walks = parts.map(walkerOf);
  if (walks.every((walk) => walk === undefined)) return undefined;
  return (value, around, visitor) => {
    const changed = [...(value as readonly unknown[])];
    for (const [index, walk] of walks.entries()) {
      if (walk === undefined) continue;
      changed[index] = walk(changed[index], around, visitor, (part) => {
        changed[index] = part;
      });
    }
    return changed;
  };
}

function compileMap(rule: RuleOfType<"map">): Walker | undefined {
  const walk = walkerOf(rule.value);
  if (walk === undefined) return undefined;
  return (value, around, visitor) => {
    const changed = new Map<string, unknown>();
    for (const [name, item] of value as ReadonlyMap<string, unknown>) {
      changed.set(
        name,
        walk(item, around, visitor, (entry) => changed.set(name, entry), name),
      );
    }
    return changed;
  };
}

function compileObject({ members }: RuleOfType<"object">): Walker | undefined {
  const walks = Object.entries(members).flatMap(([name, member]) => {
    const walk = walkerOf(member);
    return walk === undefined ? [] : [{ name, walk }];
  });
  if (walks.length === 0) return undefined;
  return (value, outer, visitor) => {
    const fields = value as Readonly<Record<string, unknown>>;
    const changed: Record<string, unknown> = { ...fields };
    const around = { fields, outer };
    for (const { name, walk } of walks) {
      changed[name] = walk(fields[name], around, visitor, (member) => {
        changed[name] = member;
      });
    }
    return changed;
  };
}

/** The fields that name the row of a table, wherever they are. */
function keyOf(table: TableName, around: Around | undefined): readonly unknown[] {
  const names = TABLE_KEYS[table];
  const key: unknown[] = [];
  for (const name of names) {
    let from = around;
    while (from !== undefined && !Object.hasOwn(from.fields, name)) from = from.outer;
    key.push(from?.fields[name]);
  }
  return key;
}
