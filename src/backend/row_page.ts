import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import { list, type MembersOf, object, optional, type Rule, text, variant } from "../rules/mod.ts";
import { number, type TextSort } from "./field_rules.ts";
import { ROW_KINDS, type RowPage, type RowWrite } from "./row_listing.ts";
import { WRITES } from "./writes.ts";

/** Protocol version that introduced the listing of rows. */
export const ROW_LISTING_SINCE = 2;

/** Maximum length of a cursor: three escaped texts, and what is around them. */
const MAX_CURSOR_LENGTH = 20_000;

type RowShapes = {
  readonly [K in RowWrite["kind"]]: MembersOf<Omit<Extract<RowWrite, { kind: K }>, "kind">>;
};

/** A cursor as an argument. */
export const CURSOR: Rule<string> = text("cursor" satisfies TextSort, { max: MAX_CURSOR_LENGTH });

/** A page of rows. Each row is encoded as the write that it is. */
export function rowPageRule(): Rule<RowPage> {
  const shapes = Object.values(ROW_KINDS).map((kind) => [kind, WRITES[kind].fields] as const);
  return object<RowPage>({
    rows: list(variant<RowWrite>(Object.fromEntries(shapes) as unknown as RowShapes)),
    next: optional(CURSOR),
    unreadable: number("count"),
  });
}

/** A page without the rows for which `read` finds that they are damaged, which it counts. */
export async function readablePage(
  page: RowPage,
  read: (row: RowWrite) => RowWrite | Promise<RowWrite>,
): Promise<RowPage> {
  const results = await Promise.allSettled(page.rows.map(async (row) => await read(row)));
  const rows: RowWrite[] = [];
  for (const result of results) {
    if (result.status === "fulfilled") rows.push(result.value);
    else if (!isDamage(result.reason)) throw result.reason;
  }
  return { ...page, rows, unreadable: page.unreadable + page.rows.length - rows.length };
}

function isDamage(error: unknown): boolean {
  return error instanceof CorruptError || error instanceof WrongLengthError;
}
