import type { Account } from "../account/mod.ts";
import type { Write } from "../backend/mod.ts";
import type { CollectionStates, StoredCollection } from "./collection_states.ts";
import type { WrapBytes } from "./convert/mod.ts";
import type { ToldMappings } from "./told_mappings.ts";

/** A value by its id. */
export type Entry = readonly [id: string, value: unknown];

/** Context of reads and writes of keys in the stores. */
export interface KeyContext {
  readonly account: Account;
  readonly told: ToldMappings;
  readonly collections: CollectionStates;
  readonly wrapBytes: WrapBytes;
}

/** Reads and writes of one of Baileys' types of keys in the stores. */
export interface KeyKind {
  /**
   * The present values of ids. Omits absent and invalid ids.
   *
   * @throws {CorruptError | WrongLengthError} When a stored value is invalid.
   */
  read(context: KeyContext, ids: readonly string[]): Promise<Entry[]>;
  /**
   * Returns the writes that store these values; `null` deletes.
   *
   * @throws {TypeError} When an id is malformed.
   * @throws {CorruptError | WrongLengthError} When a value is malformed.
   */
  writes(context: KeyContext, entries: readonly Entry[]): Write[] | Promise<Write[]>;
}

/** Reads and writes of Baileys' type of keys for collections of app state. */
export interface CollectionKind {
  /** The present values of ids. @throws {CorruptError} When a value is invalid. */
  read(context: KeyContext, ids: readonly string[]): Promise<Entry[]>;
  /**
   * Returns the collections of these values; `null` deletes a collection's state.
   *
   * @throws {CorruptError | WrongLengthError} When a value is malformed.
   */
  collections(entries: readonly Entry[]): StoredCollection[];
}

/** Pairs ids with their converted values, without ids that have none. */
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

/** Reads each value separately, for stores without a batched read. */
export async function readEach<T>(
  ids: readonly string[],
  read: (id: string) => Promise<T | undefined>,
  convert: (value: T) => unknown,
): Promise<Entry[]> {
  return entriesOf(ids, await Promise.all(ids.map(read)), convert);
}

/** Returns the ids that `parse` accepts, and their parsed keys. */
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

/** The name of an id, and the canonical name under which its value is stored. */
export interface Placed {
  readonly named: string;
  readonly place: string;
}

/**
 * Values by their canonical name. Of several values for one name, the last one whose id is canonical counts,
 * else the last one.
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

/** Parses an id for a write. @throws {TypeError} When it is invalid. */
export function requireId<T>(type: string, id: string, parse: (id: string) => T | undefined): T {
  const key = parse(id);
  if (key === undefined) throw new TypeError(`set keys: malformed id of a ${type}`);
  return key;
}
