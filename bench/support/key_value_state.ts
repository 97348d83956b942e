import { BufferJSON, type SignalKeyStore } from "baileys";
import type { SqliteLibrary } from "./session_loop.ts";

/** Options of a key-value state of Baileys. */
export interface KeyValueOptions {
  readonly library: SqliteLibrary;
  readonly path: string;
  /**
   * FULL survives a loss of power. With NORMAL the last transactions may be lost, so that their message keys
   * are used again.
   */
  readonly synchronous: "FULL" | "NORMAL";
}

/**
 * Keys of Baileys in one table of JSON texts, as in typical bots: prepared statements, one transaction per
 * `set`.
 */
export function keyValueKeys({ library, path, synchronous }: KeyValueOptions): {
  readonly keys: SignalKeyStore;
  close(): void;
} {
  const file = new library(path);
  file.exec("PRAGMA journal_mode = WAL");
  file.exec(`PRAGMA synchronous = ${synchronous}`);
  file.exec("CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
  const select = file.prepare("SELECT value FROM state WHERE key = ?");
  const put = file.prepare(
    "INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  const remove = file.prepare("DELETE FROM state WHERE key = ?");
  const keys: SignalKeyStore = {
    get: async (type, ids) => {
      const found: Record<string, never> = {};
      for (const id of ids) {
        const [row] = select.all([`${type}-${id}`]) as { value: string }[];
        if (row !== undefined) found[id] = JSON.parse(row.value, BufferJSON.reviver) as never;
      }
      return found;
    },
    set: async (data) => {
      file.exec("BEGIN IMMEDIATE");
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values ?? {})) {
          if (value === null || value === undefined) remove.run([`${type}-${id}`]);
          else put.run([`${type}-${id}`, JSON.stringify(value, BufferJSON.replacer)]);
        }
      }
      file.exec("COMMIT");
    },
  };
  return { keys, close: () => void file.close() };
}
