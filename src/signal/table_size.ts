import type { CacheSize } from "../cache/mod.ts";
import { heapOf } from "./entry_memory.ts";
import type { EntryTable } from "./entry_table.ts";

/** What a table of the Signal cache holds, and the heap that it takes. */
export function sizeOfTable(table: Pick<EntryTable<unknown>, "entries" | "size">): CacheSize {
  let bytes = 0;
  for (const entry of table.entries()) bytes += heapOf(entry);
  return { entries: table.size, bytes };
}
