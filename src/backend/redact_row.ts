import { object, type Rule } from "../rules/mod.ts";
import type { ListedTable, RowWrite } from "./row_listing.ts";
import { tableOf } from "./write_rows.ts";
import { WRITES } from "./writes.ts";

/** A row without its bytes: each value shows as its length. Ids, addresses and times are kept. */
export interface RedactedRow {
  /** The table of the row. */
  readonly table: ListedTable;
  /** The members of the write that stores the row. Bytes are `{ bytes }`, maps `{ entries, bytes }`. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** Returns the part of a row that may be shown. */
export function redactRow(write: RowWrite): RedactedRow {
  const row = redact(object(WRITES[write.kind].fields as never), write);
  return { table: tableOf(write.kind) as ListedTable, row: row as RedactedRow["row"] };
}

function redact(rule: Rule, value: unknown): unknown {
  switch (rule.type) {
    case "bytes":
      return { bytes: (value as Uint8Array).length };
    case "map": {
      // Its keys may be names of values, such as index MACs.
      const items = [...(value as ReadonlyMap<string, unknown>).values()];
      const lengths = items.map((item) => (item instanceof Uint8Array ? item.length : 0));
      return { entries: items.length, bytes: lengths.reduce((sum, length) => sum + length, 0) };
    }
    case "uint64":
      return String(value);
    case "optional":
      return value === undefined ? undefined : redact(rule.rule, value);
    case "list":
      return (value as readonly unknown[]).map((item) => redact(rule.item, item));
    case "tuple":
      return rule.parts.map((part, index) => redact(part, (value as readonly unknown[])[index]));
    case "object": {
      const members = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(
        Object.entries(rule.members).map(([name, member]) => [name, redact(member, members[name])]),
      );
    }
    case "variant":
      // No row has one.
      return undefined;
    case "text":
    case "choice":
    case "integer":
    case "flag":
      return value;
  }
}
