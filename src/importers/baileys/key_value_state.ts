import type { KeyValueReader } from "../ports.ts";
import { type BaileysState, namedEntry } from "./state_entry.ts";

/** Options of {@link keyValueState}. */
export interface KeyValueOptions {
  /** Text before each name, such as `session:bot:`. Keys without it belong to others and are ignored. */
  readonly prefix?: string | undefined;
}

/** A state of the community: names as of Baileys' files, with or without `.json`, and JSON by BufferJSON. */
export function keyValueState(store: KeyValueReader, { prefix = "" }: KeyValueOptions = {}): BaileysState {
  return {
    source: "Baileys key-value state",
    unit: "key",
    async *entries() {
      for await (const key of store.keys()) {
        if (key.startsWith(prefix)) yield namedEntry(key.slice(prefix.length), () => store.get(key));
      }
    },
  };
}
