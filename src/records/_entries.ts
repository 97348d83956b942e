import { ArgumentTypeError } from "../errors/mod.ts";
import type { Message } from "../protobuf/mod.ts";

/** `map<string, bytes>` as a list of entries, the form of maps in `HashState` and `DeviceExtra`. */
export interface BytesEntry extends Message {
  key?: string | undefined;
  value?: Uint8Array | undefined;
}

/** The entries of a map in ascending order of the keys, so that equal maps encode to equal bytes. */
export function entriesOf(map: ReadonlyMap<string, Uint8Array>): BytesEntry[] {
  if (!(map instanceof Map)) throw new ArgumentTypeError("encode entries: not a Map");
  const entries = [...map].map(([key, value]) => ({ key, value }));
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The map of a list of entries. The last of several entries with one key counts, as in protobuf. */
export function mapOf(entries: readonly BytesEntry[]): Map<string, Uint8Array> {
  return new Map(entries.map(({ key, value }) => [key ?? "", new Uint8Array(value ?? [])]));
}
