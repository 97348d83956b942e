import type { FolderReader } from "../ports.ts";
import type { BaileysState, StateEntry, StateValue } from "./state_entry.ts";
import { jsonOf } from "./state_entry.ts";
import { CREDS_FILE, stateKeyOf } from "./state_key.ts";

const FILE = ".json";

/** What names an older copy, behind a file's name or in place of `.json`. */
const COPY = ".bak";

/** A file that was being written. */
const UNFINISHED = /\.tmp(?:$|[.-])/;

/**
 * The folder of `useMultiFileAuthState`.
 *
 * - Unfinished files (`.tmp`) are ignored.
 * - An older copy (`.bak`) is read only where its file is missing or is not JSON.
 * - Other files are reported as unknown.
 */
export function baileysFolder(folder: FolderReader): BaileysState {
  return {
    source: "Baileys folder",
    unit: "file",
    async *entries() {
      const copies: string[] = [];
      const names = new Set<string>();
      for await (const name of folder.names()) {
        if (UNFINISHED.test(name)) continue;
        if (name.endsWith(COPY)) copies.push(name);
        else names.add(name);
      }
      // A copy whose file is missing.
      for (const copy of copies) names.add(fileOfCopy(copy));
      if (names.delete(CREDS_FILE)) yield entryOf(folder, CREDS_FILE);
      for (const name of names) yield entryOf(folder, name);
    },
  };
}

function entryOf(folder: FolderReader, name: string): StateEntry {
  const key = name.endsWith(FILE) ? stateKeyOf(name.slice(0, -FILE.length)) : ({ kind: "unknown" } as const);
  const parse = (content: Uint8Array) => jsonOf(key, content);
  return {
    name,
    key,
    async read(): Promise<StateValue> {
      const content = await folder.read(name);
      let damage: unknown;
      if (content !== undefined) {
        try {
          return { value: parse(content), isCopy: false };
        } catch (error) {
          damage = error;
        }
      }
      for (const copy of [`${name}${COPY}`, `${name.slice(0, -FILE.length)}${COPY}`]) {
        const older = await folder.read(copy);
        if (older !== undefined) return { value: parse(older), isCopy: true };
      }
      if (damage !== undefined) throw damage;
      return { value: undefined, isCopy: false };
    },
  };
}

function fileOfCopy(copy: string): string {
  const name = copy.slice(0, -COPY.length);
  return name.endsWith(FILE) ? name : `${name}${FILE}`;
}
