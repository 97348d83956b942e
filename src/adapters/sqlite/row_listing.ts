import {
  type CursorPart,
  decodeCursor,
  encodeCursor,
  MAX_PAGE_BYTES,
  malformedCursor,
  ROW_KINDS,
  type RowPage,
  type RowReads,
  type RowWrite,
} from "../../backend/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import type { Row } from "./cell.ts";
import { collectionPage } from "./collection_listing.ts";
import { LISTINGS, type Listing, type RowTable, rowReaderOf } from "./listed_tables.ts";
import { type ReadScope, SCOPE } from "./read_scope.ts";
import { SCOPED_TABLES } from "./schema.ts";

/** Lists the rows of an account. */
export function rowReads(scope: ReadScope): RowReads {
  return {
    async listRows(table, after, limit) {
      const cursor = after === undefined ? undefined : decodeCursor(after);
      return table === "syncVersion"
        ? await collectionPage(scope, cursor, limit)
        : await pageOf(scope, table, cursor, limit);
    },
  };
}

async function pageOf(
  scope: ReadScope,
  listed: RowTable,
  ...[after, limit]: [after: readonly CursorPart[] | undefined, limit: number]
): Promise<RowPage> {
  const listing: Listing = LISTINGS[listed];
  const { length } = listing.key.split(", ");
  if (after !== undefined && after.length !== length) throw malformedCursor();
  const page = await scope.query(statementOf(listing, after !== undefined), [limit, ...(after ?? [])]);
  const read = rowReaderOf(listed);
  const rows: RowWrite[] = [];
  let bytes = 0;
  for (const [size, ...row] of page) {
    bytes += Number(size);
    const stored = readableRow(read, row);
    if (stored !== undefined) rows.push({ kind: ROW_KINDS[listed], ...stored } as RowWrite);
  }
  const isLast = page.length < limit && bytes < MAX_PAGE_BYTES;
  const last = page.at(-1)?.slice(1, length + 1);
  const next = isLast || last === undefined ? undefined : encodeCursor(last);
  return { rows, next, unreadable: page.length - rows.length };
}

/**
 * The statement of a page: the size of each row's values, and its columns. A first pass over the sizes alone,
 * which reads no value, finds how many rows fit.
 */
function statementOf({ table, key, columns }: Listing, goesOn: boolean): string {
  const size = valueBytes(table);
  const columnsOfKey = key.split(", ");
  const place = columnsOfKey.map((_, index) => `?${index + 3}`).join(", ");
  const rows = `FROM ${table} WHERE device_id = ${SCOPE}${goesOn ? ` AND (${key}) > (${place})` : ""}`;
  const names = columnsOfKey.map((_, index) => `k${index}`).join(", ");
  const named = columnsOfKey.map((column, index) => `${column} AS k${index}`).join(", ");
  const fit =
    size === undefined
      ? "?2"
      : `(SELECT count(*) FROM (SELECT sum(size) OVER (ORDER BY ${names} ` +
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before " +
        `FROM (SELECT ${named}, ${size} AS size ${rows} ORDER BY ${key} LIMIT ?2)) ` +
        `WHERE before IS NULL OR before < ${MAX_PAGE_BYTES})`;
  return `SELECT ${size ?? 0}, ${key}, ${columns} ${rows} ORDER BY ${key} LIMIT ${fit}`;
}

/** The size of a row's values; `undefined` for a table without large ones. */
function valueBytes(table: string): string | undefined {
  const values = SCOPED_TABLES.find(({ name }) => name === table)?.values ?? [];
  return values.length === 0 ? undefined : values.map((column) => `length(${column})`).join(" + ");
}

/** `undefined` when the row is damaged. */
function readableRow(read: (row: Row) => object, row: Row): object | undefined {
  try {
    return read(row);
  } catch (error) {
    if (error instanceof CorruptError) return undefined;
    throw error;
  }
}
