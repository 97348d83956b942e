import type { ComponentChildren, JSX } from "preact";
import type { Row } from "../api/source.ts";
import { HealthBadge } from "../parts/health_badge.tsx";
import { Sign } from "../parts/icons.tsx";
import { LimitMeter } from "../parts/limit_meter.tsx";
import { Ago, Nothing } from "../parts/times.tsx";
import { nowMs } from "../state/clock.ts";
import type { ListQuery, Sort } from "../state/list_query.ts";
import { hrefOf } from "../state/route.ts";
import { fullestOf } from "../words/limits.ts";
import { count, span } from "../words/numbers.ts";
import { SORT_LABELS } from "./account_filters.tsx";

interface AccountColumn {
  readonly sort: Sort;
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

const PLACES = { here: "Here", elsewhere: "Elsewhere", none: "None" } as const;

const COLUMNS: readonly AccountColumn[] = [
  {
    sort: "name",
    cell: ({ name, phone, reason }) => (
      <>
        <a class="account-name" href={hrefOf(name)}>
          {name}
        </a>
        {phone !== undefined && <span class="account-phone">{phone}</span>}
        {reason !== undefined && <span class="account-reason">{reason}</span>}
      </>
    ),
  },
  { sort: "health", cell: ({ health }) => <HealthBadge health={health} /> },
  {
    sort: "owner",
    cell: ({ owner }) =>
      owner === undefined ? (
        <Nothing text="not known" />
      ) : (
        <>
          {PLACES[owner.place]}
          {owner.sinceMs !== undefined && (
            <span class="beside">
              {" "}
              for <Since sinceMs={owner.sinceMs} />
            </span>
          )}
        </>
      ),
  },
  { sort: "commit", cell: ({ lastCommitAtMs }) => <Ago atMs={lastCommitAtMs} /> },
  { sort: "dirty", cell: ({ oldestDirtyAtMs }) => <Ago atMs={oldestDirtyAtMs} /> },
  {
    sort: "quarantined",
    isNumber: true,
    cell: ({ quarantined }) =>
      quarantined === undefined ? <Nothing text="not counted" /> : <Counted number={quarantined} />,
  },
  {
    sort: "limit",
    cell: ({ limits }) => {
      const use = limits && fullestOf(limits);
      if (use !== undefined) return <LimitMeter use={use} />;
      return <Nothing text={limits === undefined ? "no limit" : "not measured"} />;
    },
  },
];

function Since({ sinceMs }: { readonly sinceMs: number }): JSX.Element {
  return <>{span(Math.max(0, nowMs.value - sinceMs))}</>;
}

function Counted({ number }: { readonly number: number }): JSX.Element {
  return number === 0 ? <span class="nothing">0</span> : <strong>{count(number)}</strong>;
}

interface AccountTableProps {
  readonly rows: readonly Row[];
  readonly query: ListQuery;
  readonly onSort: (sort: Sort) => void;
}

/** A page of accounts. On a narrow screen it has fewer columns. */
export function AccountTable({ rows, query, onSort }: AccountTableProps): JSX.Element {
  // Where no account is limited there is nothing to see.
  const columns = COLUMNS.filter(
    ({ sort }) => sort !== "limit" || sort === query.sort || rows.some(({ limits }) => limits !== undefined),
  );
  return (
    <table class="accounts">
      <caption class="unseen">Accounts, sorted by {SORT_LABELS[query.sort].toLowerCase()}</caption>
      <thead>
        <tr>
          {columns.map(({ sort, isNumber }) => (
            <th
              key={sort}
              scope="col"
              class={`is-${sort}${isNumber ? " number" : ""}`}
              aria-sort={query.sort === sort ? (query.isDescending ? "descending" : "ascending") : undefined}
            >
              <button type="button" class="sort" onClick={() => onSort(sort)}>
                {SORT_LABELS[sort]}
                {query.sort === sort && <Sign name={query.isDescending ? "down" : "up"} />}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name} data-account={row.name}>
            {columns.map(({ sort, isNumber, cell }) =>
              sort === "name" ? (
                <th key={sort} scope="row" class="is-name">
                  {cell(row)}
                </th>
              ) : (
                <td key={sort} class={`is-${sort}${isNumber ? " number" : ""}`}>
                  {cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
