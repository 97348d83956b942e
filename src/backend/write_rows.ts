import type { TableName, Write, WriteKind } from "./write.ts";

/** The rows that a write counts as, for limits: one, or one for each item of its lists. */
export function rowsOf(write: Write): number {
  let rows = 0;
  for (const name in write) {
    const value: unknown = (write as unknown as Readonly<Record<string, unknown>>)[name];
    if (Array.isArray(value)) rows += value.length;
  }
  return Math.max(rows, 1);
}

/** The table that a write changes. */
export function tableOf(kind: WriteKind): TableName {
  return kind.slice(0, kind.indexOf(".")) as TableName;
}
