import { parsedJson } from "../../baileys/convert/mod.ts";
import { decodeBase64 } from "../../bytes/mod.ts";
import { type StateKey, stateKeyOf } from "./state_key.ts";

/** A value that was read. */
export interface StateValue {
  /** As JSON has it; bytes may have any encoding of Baileys' files. `undefined` when there is none. */
  readonly value: unknown;
  /** Whether it comes from an older copy. */
  readonly isCopy: boolean;
}

/** One stored value of a Baileys state. */
export interface StateEntry {
  /** A file's name, or a key. */
  readonly name: string;
  readonly key: StateKey;
  /** @throws {CorruptError} When it is not JSON. */
  read(): Promise<StateValue>;
}

/** A stored Baileys state. */
export interface BaileysState {
  /** As in `ForeignState`. */
  readonly source: string;
  /** What its entries are called in messages: `file`, `key` or `line`. */
  readonly unit: string;
  /** All entries, in any order, each time it is called. */
  entries(): AsyncIterable<StateEntry>;
}

/** An entry of a store that keeps values as JSON by name. */
export function namedEntry(name: string, read: () => unknown): StateEntry {
  const key = stateKeyOf(name.endsWith(".json") ? name.slice(0, -".json".length) : name);
  return { name, key, read: async () => ({ value: jsonOf(key, await read()), isCopy: false }) };
}

/**
 * Parses JSON in text or bytes; other values are parsed already.
 *
 * @throws {CorruptError} When text or bytes are not JSON.
 */
export function jsonOf(key: StateKey, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  // Bytes as base64, parsed already.
  if (
    typeof value === "string" &&
    !/^(?:[0-9]*|null|true|false)$/.test(value) &&
    decodeBase64(value) !== undefined
  )
    return value;
  const parsed = parsedJson("read state", value);
  // The value of a mapping is a text of digits, which some stores keep without quotes.
  const isBareUser = key.kind === "key" && key.type === "lid-mapping" && typeof parsed === "number";
  return isBareUser && typeof value === "string" ? value : parsed;
}
