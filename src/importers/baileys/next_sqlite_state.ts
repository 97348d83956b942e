import { IncompatibleError } from "../../errors/mod.ts";
import type { SqlReader } from "../ports.ts";
import { columnsOf, pagedRows, textOf } from "../sql_rows.ts";
import { type BaileysState, jsonOf, type StateEntry } from "./state_entry.ts";
import { KEY_TYPES, type StateKey, type StateType } from "./state_key.ts";

const CREDS_KEY = "__creds__";

/** Baileys' SQLite state: tables `creds` (key, value) and `signal_keys` (type, id, value), JSON by BufferJSON. */
export function nextSqliteState(sql: SqlReader): BaileysState {
  const readValue = async (query: string, params: readonly string[], key: StateKey) => {
    const [row] = await sql.all(query, params);
    return { value: jsonOf(key, row?.value), isCopy: false };
  };
  return {
    source: "Baileys SQLite state",
    unit: "row",
    async *entries(): AsyncIterable<StateEntry> {
      const tables = await Promise.all([columnsOf(sql, "creds"), columnsOf(sql, "signal_keys")]);
      if (tables.some((columns) => !columns.has("value"))) {
        throw new IncompatibleError(
          "import Baileys SQLite state: the database has no tables creds and signal_keys; is it another file?",
        );
      }
      const creds: StateKey = { kind: "creds" };
      yield {
        name: CREDS_KEY,
        key: creds,
        read: () => readValue("SELECT value FROM creds WHERE key = ?", [CREDS_KEY], creds),
      };
      const query = { table: "signal_keys", columns: ["type", "id"], key: ["type", "id"] };
      for await (const row of pagedRows(sql, query)) {
        const [type, id] = [textOf(row, "type"), textOf(row, "id")];
        const isKnown = (KEY_TYPES as readonly string[]).includes(type);
        const key: StateKey = isKnown ? { kind: "key", type: type as StateType, id } : { kind: "unknown" };
        yield {
          name: `${type}-${id}`,
          key,
          read: () => readValue("SELECT value FROM signal_keys WHERE type = ? AND id = ?", [type, id], key),
        };
      }
    },
  };
}
