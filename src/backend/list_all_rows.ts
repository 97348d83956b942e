import { CorruptError } from "../errors/mod.ts";
import { LISTED_TABLES, type ListedTable, type RowReads, type RowWrite } from "./row_listing.ts";

/** Default number of rows of a page. */
const PAGE_ROWS = 1_000;

/** Options of `listAllRows`. */
export interface ListAllRowsOptions {
  /** Defaults to all tables, in an order in which they can be committed. */
  readonly tables?: readonly ListedTable[] | undefined;
  /** Most rows of one page, 1 … 10,000. Defaults to 1,000. */
  readonly limit?: number | undefined;
  /** Called with the number of damaged rows of a page, which are left out. By default they are an error. */
  readonly onUnreadable?: ((table: ListedTable, rows: number) => void) | undefined;
}

/**
 * Lists the rows of whole tables, page by page: see `RowReads.listRows`.
 *
 * @throws {CorruptError} At a damaged row, without `onUnreadable`.
 */
export async function* listAllRows(
  reads: RowReads,
  options: ListAllRowsOptions = {},
): AsyncGenerator<RowWrite, void, undefined> {
  const { tables = LISTED_TABLES, limit = PAGE_ROWS, onUnreadable = refuse } = options;
  for (const table of tables) {
    let after: string | undefined;
    do {
      const { rows, next, unreadable } = await reads.listRows(table, after, limit);
      if (unreadable > 0) onUnreadable(table, unreadable);
      yield* rows;
      after = next;
    } while (after !== undefined);
  }
}

function refuse(table: ListedTable, rows: number): never {
  throw new CorruptError(`list rows: ${rows} of ${table} cannot be read`);
}
