import type { Account } from "../account/mod.ts";
import type { Write } from "../backend/mod.ts";
import type { CollectionStates, StoredCollection } from "./collection_states.ts";
import type { WrapBytes } from "./convert/mod.ts";
import type { ToldMappings } from "./told_mappings.ts";

/** A value by its id. */
export type Entry = readonly [id: string, value: unknown];

/** What kinds of keys are read from, and how their bytes are handed out. */
export interface KeyContext {
  readonly account: Account;
  readonly told: ToldMappings;
  readonly collections: CollectionStates;
  readonly wrapBytes: WrapBytes;
}

/** How one of Baileys' types of keys is read from the stores, and written as data. */
export interface KeyKind {
  /**
   * The values of those ids that are there. Ids that no stored value can have are not there.
   *
   * @throws {CorruptError | WrongLengthError} When a stored value cannot be understood.
   */
  read(context: KeyContext, ids: readonly string[]): Promise<Entry[]>;
  /**
   * The writes that store these values; `null` deletes.
   *
   * @throws {TypeError} When an id is malformed.
   * @throws {CorruptError | WrongLengthError} When a value is.
   */
  writes(context: KeyContext, entries: readonly Entry[]): Write[] | Promise<Write[]>;
}

/** The type of Baileys' keys that holds collections of app state. */
export interface CollectionKind {
  /** The values of those ids that are there. @throws {CorruptError} When a value cannot be understood. */
  read(context: KeyContext, ids: readonly string[]): Promise<Entry[]>;
  /**
   * The collections that these values are; `null` forgets one.
   *
   * @throws {CorruptError | WrongLengthError} When a value cannot be understood.
   */
  collections(entries: readonly Entry[]): StoredCollection[];
}

/** The ids that have a key, beside what was found under each; what was not found is left out. */
export function entriesOf<T>(
  ids: readonly string[],
  values: readonly (T | undefined)[],
  convert: (value: T) => unknown,
): Entry[] {
  return ids.flatMap((id, index): Entry[] => {
    const value = values[index];
    return value === undefined ? [] : [[id, convert(value)]];
  });
}

/** Reads each value alone, for stores that have no batch. */
export async function readEach<T>(
  ids: readonly string[],
  read: (id: string) => Promise<T | undefined>,
  convert: (value: T) => unknown,
): Promise<Entry[]> {
  return entriesOf(ids, await Promise.all(ids.map(read)), convert);
}

/** Splits ids into those that `parse` understands and what it made of them. */
export function understood<T>(
  ids: readonly string[],
  parse: (id: string) => T | undefined,
): { readonly ids: string[]; readonly keys: T[] } {
  const known: string[] = [];
  const keys: T[] = [];
  for (const id of ids) {
    const key = parse(id);
    if (key === undefined) continue;
    known.push(id);
    keys.push(key);
  }
  return { ids: known, keys };
}

/** Where something is kept, and by what its id names it. */
export interface Placed {
  readonly named: string;
  readonly place: string;
}

/**
 * Values by the place where each is kept: of several for one place, the last whose id names the place itself,
 * else the last.
 */
export function byPlace(
  entries: readonly Entry[],
  placeOf: (id: string) => Placed,
): { readonly place: string; readonly value: unknown }[] {
  const values = new Map<string, unknown>();
  const named = new Set<string>();
  for (const [id, value] of entries) {
    const { named: name, place } = placeOf(id);
    if (name === place) named.add(place);
    else if (named.has(place)) continue;
    values.set(place, value);
  }
  return [...values].map(([place, value]) => ({ place, value }));
}

/** What `parse` makes of an id that is to be stored. @throws {TypeError} When it does not understand it. */
export function requireId<T>(type: string, id: string, parse: (id: string) => T | undefined): T {
  const key = parse(id);
  if (key === undefined) throw new TypeError(`set keys: malformed id of a ${type}`);
  return key;
}
