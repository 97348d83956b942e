import { integer, type MembersOf, optional, text } from "../rules/mod.ts";
import type { Page } from "../service/mod.ts";
import { readMembers } from "./read_members.ts";

/** Default and maximum number of entries of a page. */
const PAGE = 100;
const MAX_PAGE = 1_000;

/** What `after` is: a name or an id. */
const AFTER = text("word", { empty: true });

const LIMIT = optional(integer("limit", { min: 1, max: MAX_PAGE }));

/**
 * The page that a query asks for. Its other parameters are ignored.
 *
 * @param rule What `after` is.
 */
export function pageOf(
  { after, limit: digits }: Readonly<Record<string, string>>,
  rule: ReturnType<typeof text> = AFTER,
): Page {
  const limit = digits === undefined || !/^\d{1,4}$/.test(digits) ? digits : Number(digits);
  const rules: MembersOf<{ after?: string | undefined; limit?: number | undefined }> = {
    after: optional(rule),
    limit: LIMIT,
  };
  const page = readMembers(rules, { after, limit }, { action: "read list", place: "query" });
  return { after: page.after, limit: page.limit ?? PAGE };
}

/** The `next` of a page whose last entry is `last`. */
export function nextOf(page: Page, last: string | undefined, length: number): { next?: string } {
  return length < page.limit || last === undefined ? {} : { next: last };
}
