import type { KnownHealth, Row } from "../api/source.ts";
import { HEALTH_ORDER } from "../words/health.ts";
import { fullestOf, shareOf } from "../words/limits.ts";

/** What can be sorted by. */
export const SORTS = ["health", "name", "owner", "commit", "dirty", "quarantined", "limit"] as const;

export type Sort = (typeof SORTS)[number];

/** Which accounts are shown, and how. */
export interface ListQuery {
  readonly text: string;
  /** Empty for all. */
  readonly health: readonly KnownHealth[];
  readonly sort: Sort;
  readonly isDescending: boolean;
  /** The first one is 1. */
  readonly page: number;
}

/** Accounts on one page. */
export const ROWS_PER_PAGE = 100;

const NAMES = new Intl.Collator("en", { numeric: true });

/** Reads the choices from the address; what is not valid is left out. */
export function readQuery(query: URLSearchParams): ListQuery {
  const wanted = (query.get("health") ?? "").split(",");
  const [sort, direction] = (query.get("sort") ?? "").split("-");
  const page = Number(query.get("page") ?? "1");
  return {
    text: query.get("q") ?? "",
    health: HEALTH_ORDER.filter((health) => wanted.includes(health)),
    sort: SORTS.find((known) => known === sort) ?? "health",
    isDescending: direction === "down",
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  };
}

/** Writes the choices for the address; the usual ones are left out. */
export function writeQuery({ text, health, sort, isDescending, page }: ListQuery): URLSearchParams {
  const query = new URLSearchParams();
  if (text !== "") query.set("q", text);
  if (health.length > 0) query.set("health", health.join(","));
  if (sort !== "health" || isDescending) query.set("sort", isDescending ? `${sort}-down` : sort);
  if (page > 1) query.set("page", String(page));
  return query;
}

/** Whether a row is among those that are looked for. The text is looked for in names, reasons and numbers. */
export function isWanted(row: Row, { text, health }: Pick<ListQuery, "text" | "health">): boolean {
  if (health.length > 0 && !health.includes(row.health)) return false;
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return true;
  const shown = `${row.name} ${row.phone ?? ""} ${row.reason ?? ""}`.toLowerCase();
  return words.every((word) => shown.includes(word));
}

/** Returns the names of the rows that are looked for, in their order. Rows without a value come last. */
export function orderOf(rows: Iterable<Row>, query: ListQuery): string[] {
  const wanted = [...rows].filter((row) => isWanted(row, query));
  const direction = query.isDescending ? -1 : 1;
  const key = KEYS[query.sort];
  const keyed = wanted.map((row) => ({ name: row.name, value: key(row) }));
  const isByName = query.sort === "name";
  keyed.sort((a, b) => {
    const byName = NAMES.compare(a.name, b.name);
    if (isByName) return byName * direction;
    if (a.value === b.value) return byName;
    if (a.value === undefined) return 1;
    if (b.value === undefined) return -1;
    return (a.value < b.value ? -1 : 1) * direction;
  });
  return keyed.map(({ name }) => name);
}

const PLACES = { here: 0, elsewhere: 1, none: 2 } as const;

/** The value by which rows are compared. Ascending shows the worst, the longest or the most first. */
const KEYS: Readonly<Record<Sort, (row: Row) => number | undefined>> = {
  name: () => undefined,
  health: ({ health }) => HEALTH_ORDER.indexOf(health),
  owner: ({ owner }) => (owner === undefined ? undefined : PLACES[owner.place]),
  commit: ({ lastCommitAtMs }) => lastCommitAtMs,
  dirty: ({ oldestDirtyAtMs }) => oldestDirtyAtMs,
  quarantined: ({ quarantined }) => (quarantined === undefined ? undefined : -quarantined),
  limit: ({ limits }) => limits && -(shareOf(fullestOf(limits)) ?? 0),
};
