import { isWellFormed } from "../bytes/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";
/** `map<string, bytes>` as a list of entries, in ascending order of the key, so that equal maps have equal bytes. */
import { requireBytes } from "./_field.ts";

/** The entries of a map, for `create`. @throws {TypeError} When a key is not text or a value not bytes. */
export function entriesOf(
  action: string,
  map: ReadonlyMap<string, Uint8Array>,
): { key: string; value: Uint8Array }[] {
  const entries = [];
  for (const [key, value] of map) {
    if (typeof key !== "string" || !isWellFormed(key)) {
      throw new ArgumentTypeError(`${action}: a name is not well-formed text`);
    }
    entries.push({ key, value: requireBytes(action, "a value", value) });
  }
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The map of a list of entries. Of two entries with one key the later counts, as protobuf has it. */
export function mapOf(entries: readonly { key: string; value: Uint8Array }[]): Map<string, Uint8Array> {
  return new Map(entries.map(({ key, value }) => [key, new Uint8Array(value)]));
}
